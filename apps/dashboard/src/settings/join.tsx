import type { CreatedToken } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId, useState } from "react";
import { messageOf, postOnce } from "../api/api.ts";
import { useHosts } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Copy } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { Section } from "../parts/panel.tsx";
import { hostStates } from "../words.ts";
import type { Key } from "./key.ts";

/** As the contract has it, which is not loaded for this alone. */
const namePattern = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;
const tokenFile = "agent-token";

/** From a name to a host that is connected: its token, the command to run on it, and the wait for its agent. */
export function Join({ of: key }: { of: Key }): ReactNode {
  const hosts = useHosts();
  const [{ name, taken }, setName] = useState({ name: "", taken: false });
  const [made, setMade] = useState<{ name: string; token: string }>();
  const nameId = useId();
  const wrong = name === "" ? undefined : wrongOf(name, taken);
  const isName = name !== "" && wrong === undefined;
  const command = `npx godwit agent --name ${isName ? name : "<host>"} --server ${location.origin} --token-file ${tokenFile}`;
  return (
    <Section title="Add a host">
      <ol className="px-4 py-1">
        <Step place={1} title="Name it">
          <label className="label mb-1 block" htmlFor={nameId}>
            Name of the host
          </label>
          <input
            id={nameId}
            className="control max-w-72"
            autoComplete="off"
            spellCheck={false}
            value={name}
            aria-invalid={wrong !== undefined}
            aria-describedby={`${nameId}-wrong`}
            onChange={({ target: { value } }) =>
              setName({ name: value, taken: hosts.some((host) => host.name === value && host.state === "connected") })
            }
          />
          <span id={`${nameId}-wrong`} className="block min-h-5 text-xs text-bad">
            {wrong}
          </span>
        </Step>
        <Step place={2} title="Give its agent a token">
          <MakeToken
            key={name}
            of={key}
            name={isName ? name : undefined}
            token={made?.name === name ? made.token : undefined}
            made={(token) => setMade({ name, token })}
          />
        </Step>
        <Step place={3} title="Run on the host">
          <code className="command mb-1.5">{`(umask 077; cat > ${tokenFile})   # paste the token, Enter, Ctrl-D`}</code>
          <code className="command mb-1">{command}</code>
          <Copy text={command}>Copy the command</Copy>
          <OwnAddress />
        </Step>
        <Step place={4} title="Wait for it">
          <Arrival name={isName ? name : undefined} />
        </Step>
      </ol>
    </Section>
  );
}

function wrongOf(name: string, taken: boolean): string | undefined {
  if (!namePattern.test(name))
    return "Lower-case letters, digits, '.', '_' or '-', beginning and ending with a letter or digit.";
  return taken ? "A host of this name is connected already." : undefined;
}

function Step({ place, title, children }: { place: number; title: string; children: ReactNode }): ReactNode {
  return (
    <li className="grid grid-cols-[24px_minmax(0,1fr)] gap-x-2 border-t border-line py-3 first:border-t-0">
      <span
        aria-hidden="true"
        className="flex size-5 items-center justify-center rounded-full bg-plain-wash text-xs font-semibold text-ink-soft"
      >
        {place}
      </span>
      <div className="min-w-0">
        <h3 className="mb-1 font-semibold">{title}</h3>
        {children}
      </div>
    </li>
  );
}

function MakeToken({
  of: { tokens, headers, again },
  name,
  token,
  made,
}: {
  of: Key;
  name: string | undefined;
  token: string | undefined;
  made: (token: string) => void;
}): ReactNode {
  const [wrong, setWrong] = useState("");
  const make = async () => {
    setWrong("");
    try {
      const answer = await postOnce<CreatedToken>("/v1/tokens", { name: `agent of ${name}`, role: "agent" }, headers);
      made(answer.token);
    } catch (error) {
      setWrong(messageOf(error));
    }
    again();
  };
  return (
    <>
      <p className="mb-1.5 text-pretty text-ink-soft">
        {tokens === undefined
          ? "To make one here, show a token above that has the scope tokens:manage. Any token for agents will do: the first one lies in the server's data folder, as agent-token."
          : "It opens the agents' socket and nothing else, until it is revoked. It is told once."}
      </p>
      <button
        type="button"
        className="button"
        disabled={tokens === undefined || name === undefined}
        onClick={() => void make()}
      >
        Make its token
      </button>
      {token !== undefined && (
        <div className="mt-1.5 grid justify-items-start gap-1">
          <code className="command w-full">{token}</code>
          <Copy text={token}>Copy its token</Copy>
        </div>
      )}
      <p role="status" className="text-bad">
        {wrong}
      </p>
    </>
  );
}

/** An address of this machine alone leads nowhere from another one. */
function OwnAddress(): ReactNode {
  if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) return null;
  return (
    <p className="mt-1 text-pretty text-ink-soft">
      {location.origin} is an address of this machine alone: from another one, write an address there that leads here.
    </p>
  );
}

function Arrival({ name }: { name: string | undefined }): ReactNode {
  const host = useHosts().find((each) => each.name === name);
  return (
    <p role="status" className="flex min-h-5 flex-wrap items-baseline gap-x-2">
      {name === undefined ? (
        <span className="text-ink-soft">It is shown here as soon as its agent says hello.</span>
      ) : host?.state === "connected" ? (
        <>
          <Badge of={hostStates.connected} />
          <span>{`${name} is there.`}</span>
          <Link className="link" to="/hosts/$name" params={{ name }}>
            {`See ${name}`}
          </Link>
        </>
      ) : (
        <>
          <Icon name="wait" className="self-center text-ink-soft" />
          <span className="text-ink-soft">
            {host === undefined
              ? `Waiting for the agent of ${name} …`
              : `${name} is known and ${host.state}. Waiting for its agent …`}
          </span>
        </>
      )}
    </p>
  );
}
