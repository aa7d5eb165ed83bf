import type { Migration, MigrationPolicy, Patience, PolicySettings } from "@godwit/contract";
import { type FormEvent, type ReactNode, useState } from "react";
import { ApiError, getTagged, messageOf, patch, post, wrongAt } from "../api/api.ts";
import { cache, keys } from "../live/cache.ts";
import { type Draft, draftOf, patchOf, settingsOf } from "./draft.ts";
import { SelectField, TextField } from "../parts/fields.tsx";
import { Ladder } from "./ladder.tsx";

export const patienceText: Record<Patience, string> = {
  impatient: "impatient",
  normal: "normal",
  patient: "patient",
  untilDeadline: "until the deadline",
};

interface FormParts {
  /** The one that is changed, with the `ETag` of what is in the fields; none where another one is made. */
  changed?: { policy: MigrationPolicy; etag: string };
  start: { name: string; settings: PolicySettings };
  /** Those that followed it lately, to see what another limit would have meant for them. */
  migrations: Migration[];
  done: (said?: string) => void;
  /** What is stored by now is put into the fields in place of what is in them. */
  again: () => void;
}

/** All that a policy has. What the API refuses is said at its field. */
export function PolicyForm({ changed, start, migrations, done, again }: FormParts): ReactNode {
  const [draft, setDraft] = useState(() => draftOf(start.name, start.settings));
  const [error, setError] = useState<unknown>();
  const [sending, setSending] = useState(false);
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    try {
      await store(draft, changed);
      await cache.invalidateQueries({ queryKey: keys.policies });
      done(`${draft.name} is stored. Migrations under way keep their limits.`);
    } catch (refusal) {
      setError(refusal);
      setSending(false);
    }
  };
  const wrong = (pointer: string) => wrongAt(error, pointer);
  return (
    <form className="grid gap-3 border-t border-line px-4 py-3.5" onSubmit={(event) => void submit(event)}>
      <div className="grid grid-cols-4 items-start gap-3 max-md:grid-cols-2 max-sm:grid-cols-1">
        <TextField label="Name" value={draft.name} set={(name) => set({ name })} wrong={wrong("/name")} />
        <LimitFields draft={draft} set={set} wrong={wrong} />
      </div>
      <Ladder rungs={draft.ladder} set={(ladder) => set({ ladder })} wrongAt={wrong} />
      <WouldHave limit={Number(draft.downtimeLimit)} migrations={migrations} />
      <div className="flex flex-wrap items-center gap-2">
        <button type="submit" className="button" data-kind="main" disabled={sending}>
          {changed === undefined ? "Make the policy" : "Store"}
        </button>
        <button type="button" className="button" onClick={() => done()}>
          Leave it
        </button>
        <Refusal of={error} again={again} />
      </div>
    </form>
  );
}

function LimitFields({
  draft,
  set,
  wrong,
}: {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  wrong: (pointer: string) => string | undefined;
}): ReactNode {
  const number = (name: "downtimeLimit" | "deadline" | "bandwidth", label: string, unit: string, pointer: string) => (
    <TextField
      label={label}
      type="number"
      unit={unit}
      placeholder={name === "bandwidth" ? "no limit" : ""}
      value={draft[name]}
      set={(value) => set({ [name]: value })}
      wrong={wrong(`/settings/${pointer}`)}
    />
  );
  const time = (name: "from" | "to", label: string) => (
    <TextField
      label={label}
      type="time"
      value={draft[name]}
      set={(value) => set({ [name]: value })}
      wrong={wrong(`/settings/window/${name}`) ?? (name === "from" ? wrong("/settings/window") : undefined)}
    />
  );
  return (
    <>
      {number("downtimeLimit", "Downtime limit", "ms", "downtimeLimitMs")}
      {number("deadline", "Deadline", "min", "deadlineMs")}
      {number("bandwidth", "Bandwidth", "MB/s", "bandwidthBytesPerSec")}
      <SelectField
        label="Patience"
        value={draft.patience}
        set={(patience) => set(patienceOf(patience))}
        options={patienceText}
        wrong={wrong("/settings/patience")}
      />
      {time("from", "Window from, UTC")}
      {time("to", "Window to, UTC")}
      <label className="flex h-8 items-center gap-1.5 self-start sm:mt-5">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={draft.hold}
          onChange={({ target }) => set({ hold: target.checked })}
        />
        Held at the brink
      </label>
    </>
  );
}

/** What the limit in the field would have meant for those that followed it lately. */
function WouldHave({ limit, migrations }: { limit: number; migrations: Migration[] }): ReactNode {
  const downtimes = migrations.flatMap(({ phase, downtimeMs = Infinity }) =>
    phase === "completed" ? [downtimeMs] : [],
  );
  const within = downtimes.filter((ms) => ms <= limit).length;
  return (
    <p className="text-ink-soft">
      {downtimes.length === 0
        ? "None that followed it has completed lately."
        : `Of the last ${downtimes.length} that completed by it, ${within} had a downtime within this limit.`}
    </p>
  );
}

/** What is told at no field; where somebody else was faster, the way on. */
function Refusal({ of: error, again }: { of: unknown; again: () => void }): ReactNode {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <span role="status" className="flex min-h-7 flex-wrap items-center gap-2 text-bad">
      {error !== undefined && messageOf(error)}
      {problem?.code === "precondition-failed" && (
        <button type="button" className="button" onClick={again}>
          Read it anew
        </button>
      )}
    </span>
  );
}

async function store(draft: Draft, changed: FormParts["changed"]): Promise<void> {
  if (changed === undefined) await post("/v1/policies", { name: draft.name, settings: settingsOf(draft) });
  else
    await patch(
      pathOf(changed.policy.id),
      { name: draft.name, settings: patchOf(draft) },
      { "if-match": changed.etag },
    );
}

/** The policy as it is stored now, with the `ETag` by which it is changed. */
export async function readPolicy(id: string): Promise<{ policy: MigrationPolicy; etag: string }> {
  const { answer: policy, etag } = await getTagged<MigrationPolicy>(pathOf(id));
  return { policy, etag };
}

export function pathOf(nameOrId: string): string {
  return `/v1/policies/${encodeURIComponent(nameOrId)}`;
}

function patienceOf(text: string): Partial<Draft> {
  const patience = Object.keys(patienceText).find((each): each is Patience => each === text);
  return patience === undefined ? {} : { patience };
}
