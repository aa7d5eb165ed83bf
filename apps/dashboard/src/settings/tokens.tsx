import type { CreatedToken, Scope, Token } from "@godwit/contract";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { messageOf, postOnce, remove } from "../api/api.ts";
import { exactly, many } from "../figures.ts";
import { Copy } from "../parts/copy.tsx";
import { SelectField } from "../parts/fields.tsx";
import { Section } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import type { Headers, Key } from "./key.ts";

const scopes: Scope[] = ["read", "operate", "policies:manage", "hosts:fence", "tokens:manage", "admin"];
/** What a new token may do, by the role that it is given or by its scopes. */
const roles: Record<Exclude<Token["role"], "agent">, string> = {
  viewer: "viewer: looks",
  operator: "operator: acts on migrations, hosts and guests besides",
  admin: "admin: may do all",
  custom: "what its scopes say",
};

/** Who may do what, until when, to whoever shows a token that may manage them. */
export function Tokens({ of: { tokens, headers, wrong, asking, show, again } }: { of: Key }): ReactNode {
  return (
    <Section title="Tokens" aside={tokens === undefined ? undefined : many(tokens.length, "token")}>
      {tokens === undefined ? (
        <Ask wrong={wrong} asking={asking} show={show} />
      ) : (
        <>
          <TokenTable of={tokens} headers={headers} changed={again} />
          <Make headers={headers} made={again} />
        </>
      )}
    </Section>
  );
}

function Ask({
  wrong,
  asking,
  show,
}: {
  wrong: string | undefined;
  asking: boolean;
  show: (token: string) => void;
}): ReactNode {
  const [text, setText] = useState("");
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    show(text.trim());
  };
  return (
    <form className="grid gap-2 px-4 py-3.5" onSubmit={submit}>
      <p className="text-pretty text-ink-soft">
        This session may look and operate. To see, make or revoke tokens, show one with the scope tokens:manage, such as
        the one that the server makes at its first start. It is kept nowhere.
      </p>
      <div className="flex max-w-[560px] items-end gap-2">
        <div className="flex-1">
          <label className="label mb-1 block" htmlFor={id}>
            Token
          </label>
          <input
            id={id}
            className="control"
            type="password"
            autoComplete="off"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </div>
        <button type="submit" className="button !min-h-8" disabled={text.trim() === "" || asking}>
          Show it
        </button>
      </div>
      <p role="status" className="min-h-5 text-bad">
        {wrong}
      </p>
    </form>
  );
}

interface Manages {
  headers: Headers;
}

function TokenTable({ of: tokens, headers, changed }: Manages & { of: Token[]; changed: () => void }): ReactNode {
  const [said, setSaid] = useState("");
  const revoke = async ({ id, name }: Token) => {
    try {
      await remove(`/v1/tokens/${encodeURIComponent(id)}`, headers);
      setSaid(`${name} is revoked.`);
      changed();
    } catch (error) {
      setSaid(messageOf(error));
    }
  };
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Tokens">
      <table className="rows w-full min-w-[760px] table-fixed">
        <thead>
          <tr>
            {["Name", "Id", "Role", "Expires", "Last used", "State"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <th scope="row" className="font-medium [overflow-wrap:anywhere]">
                {token.name}
              </th>
              <td className="font-mono text-xs">{token.id}</td>
              <td>{roleOf(token)}</td>
              <td>{token.expiresAt === undefined ? "never" : exactly(Date.parse(token.expiresAt))}</td>
              <td>{token.lastUsedAt === undefined ? "never" : <Ago at={token.lastUsedAt} />}</td>
              <td>
                {token.revokedAt === undefined ? (
                  <button
                    type="button"
                    className="button"
                    data-kind="grave"
                    aria-label={`Revoke ${token.name}`}
                    onClick={() => void revoke(token)}
                  >
                    Revoke
                  </button>
                ) : (
                  <span className="text-ink-soft">
                    revoked <Ago at={token.revokedAt} />
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p role="status" className="min-h-7 px-4 py-1 text-ink-soft">
        {said}
      </p>
    </div>
  );
}

function Make({ headers, made }: Manages & { made: () => void }): ReactNode {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [chosen, setChosen] = useState<Scope[]>(["read"]);
  const [token, setToken] = useState<string>();
  const [wrong, setWrong] = useState("");
  const nameId = useId();
  const isCustom = role === "custom";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setWrong("");
    try {
      const answer = await postOnce<CreatedToken>(
        "/v1/tokens",
        { name, ...(isCustom ? { scopes: chosen } : { role }) },
        headers,
      );
      setToken(answer.token);
      setName("");
    } catch (error) {
      setWrong(messageOf(error));
    }
    made();
  };
  return (
    <form className="grid gap-2 border-t border-line px-4 py-3.5" onSubmit={(event) => void submit(event)}>
      <div className="flex flex-wrap items-end gap-4">
        <div>
          <label className="label mb-1 block" htmlFor={nameId}>
            Name of a new token
          </label>
          <input id={nameId} className="control" value={name} onChange={({ target }) => setName(target.value)} />
        </div>
        <SelectField label="Role" value={role} set={setRole} options={roles} />
        {isCustom && <Scopes chosen={chosen} set={setChosen} />}
        <button
          type="submit"
          className="button !min-h-8"
          data-kind="main"
          disabled={name === "" || (isCustom && chosen.length === 0)}
        >
          Make a token
        </button>
      </div>
      {token !== undefined && (
        <div className="grid gap-1">
          <p>This is told once. It expires in 90 days.</p>
          <code className="command">{token}</code>
          <Copy text={token}>Copy the token</Copy>
        </div>
      )}
      <p role="status" className="min-h-5 text-bad">
        {wrong}
      </p>
    </form>
  );
}

function Scopes({ chosen, set }: { chosen: Scope[]; set: (chosen: Scope[]) => void }): ReactNode {
  const toggle = (scope: Scope) =>
    set(chosen.includes(scope) ? chosen.filter((each) => each !== scope) : [...chosen, scope]);
  return (
    <fieldset className="flex flex-wrap gap-3">
      <legend className="label mb-1">Scopes</legend>
      {scopes.map((scope) => (
        <label key={scope} className="flex h-8 items-center gap-1.5">
          <input
            type="checkbox"
            className="size-4 accent-(--accent)"
            checked={chosen.includes(scope)}
            onChange={() => toggle(scope)}
          />
          {scope}
        </label>
      ))}
    </fieldset>
  );
}

function roleOf({ role, scopes: given }: Token): string {
  if (role === "agent") return "for an agent";
  return role === "custom" ? given.join(", ") : `${role}: ${given.join(", ")}`;
}
