import type { Migration, MigrationPolicy, PolicySettings, Rung } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { messageOf } from "../api/api.ts";
import { duration, limit, many, none, rate } from "../figures.ts";
import { isEnded } from "../live/cache.ts";
import { useMigrations } from "../live/hooks.ts";
import { usePolicies } from "../new/use-plans.ts";
import { Handles } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { Figures } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import { percentOf } from "../policies/draft.ts";
import { patienceText, PolicyForm, readPolicy } from "../policies/policy-form.tsx";
import { RemovePolicy } from "../policies/remove-policy.tsx";

/** What a new policy begins with: as `balanced`. */
const usual: PolicySettings = {
  downtimeLimitMs: 300,
  deadlineMs: 3_600_000,
  patience: "normal",
  ladder: [],
  hold: false,
};

/** What migrations may cost and what may be done about a verdict, with what became of those that followed it lately. */
export function PoliciesScreen(): ReactNode {
  const policies = usePolicies();
  const migrations = useMigrations();
  const [making, setMaking] = useState<{ name: string; settings: PolicySettings }>();
  const [said, setSaid] = useState("");
  const done = (text = "") => {
    setMaking(undefined);
    setSaid(text);
  };
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Policies{" "}
          <span className="text-[13px] font-normal text-ink-soft">{`with the last ${many(migrations.length, "migration")}`}</span>
        </h1>
        <p role="status" className="text-ink-soft">
          {said}
        </p>
        <button
          type="button"
          className="button ml-auto"
          onClick={() => setMaking({ name: "", settings: usual })}
          disabled={making !== undefined}
        >
          <Icon name="plus" />
          New policy
        </button>
      </div>
      {making !== undefined && (
        <section className="panel" aria-label="New policy">
          <h2 className="px-4 py-3 text-[15px] font-[650]">New policy</h2>
          <PolicyForm key={making.name} start={making} migrations={[]} done={done} again={() => {}} />
        </section>
      )}
      {policies.map((policy) => (
        <PolicyCard
          key={policy.id}
          of={policy}
          migrations={migrations.filter((each) => each.policy === policy.name)}
          copy={() => {
            setMaking({ name: `${policy.name}-2`, settings: policy.settings });
            scrollTo({ top: 0 });
          }}
          say={setSaid}
        />
      ))}
      <section aria-label="From a shell" className="grid gap-2">
        <p className="text-ink-soft">From a shell, one is made by:</p>
        <code className="command">npx godwit policy create nightly --downtime-limit 200 --patience patient</code>
      </section>
    </div>
  );
}

interface CardParts {
  of: MigrationPolicy;
  migrations: Migration[];
  copy: () => void;
  say: (text: string) => void;
}

function PolicyCard({ of: policy, migrations, copy, say }: CardParts): ReactNode {
  const { name, builtIn, updatedAt, id } = policy;
  const [edited, setEdited] = useState<{ policy: MigrationPolicy; etag: string }>();
  const edit = async () => {
    try {
      setEdited(await readPolicy(id));
      say("");
    } catch (error) {
      say(messageOf(error));
    }
  };
  const done = (text = "") => {
    setEdited(undefined);
    say(text);
  };
  return (
    <article className="panel" aria-label={name}>
      <header className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 pt-3">
        <h2 className="text-[15px] font-[650] [overflow-wrap:anywhere]">{name}</h2>
        <span className="text-ink-soft">
          {builtIn ? (
            "built in"
          ) : (
            <>
              version {policy.version}, changed <Ago at={updatedAt} />
            </>
          )}
        </span>
        <span className="ml-auto flex flex-wrap items-center gap-x-4 gap-y-1 max-sm:ml-0">
          <Handles id={id} path={`/v1/policies/${name}`} command={`npx godwit policy get ${name}`} />
          <span className="flex gap-2">
            {!builtIn && (
              <>
                <button
                  type="button"
                  className="button"
                  aria-label={`Edit ${name}`}
                  disabled={edited !== undefined}
                  onClick={() => void edit()}
                >
                  Edit
                </button>
                <RemovePolicy of={policy} say={say} />
              </>
            )}
            <button type="button" className="button" aria-label={`Duplicate ${name}`} onClick={copy}>
              Duplicate
            </button>
          </span>
        </span>
      </header>
      {edited === undefined ? (
        <Settings of={policy} />
      ) : (
        <div className="pt-3">
          <PolicyForm
            key={edited.etag}
            changed={edited}
            start={edited.policy}
            migrations={migrations}
            done={done}
            again={() => void edit()}
          />
        </div>
      )}
      <Effect of={migrations} name={name} />
    </article>
  );
}

function Settings({ of: { settings } }: { of: MigrationPolicy }): ReactNode {
  const { window: span } = settings;
  return (
    <>
      <Figures
        className="grid-cols-6 px-4 py-2.5 max-md:grid-cols-3"
        of={[
          ["Downtime limit", limit(settings.downtimeLimitMs)],
          ["Deadline", limit(settings.deadlineMs)],
          ["Bandwidth", settings.bandwidthBytesPerSec === undefined ? "no limit" : rate(settings.bandwidthBytesPerSec)],
          ["Patience", patienceText[settings.patience]],
          ["Held at the brink", settings.hold ? "yes" : "no"],
          ["Window, UTC", span === undefined ? "always" : `${span.from} to ${span.to}`],
        ]}
      />
      <p className="border-t border-line px-4 py-2">
        <span className="label">Before it gives up </span>
        {settings.ladder.length === 0 ? "nothing: it is aborted" : settings.ladder.map(rungText).join(", then ")}
      </p>
    </>
  );
}

/** What became of those that followed it. */
function Effect({ of: migrations, name }: { of: Migration[]; name: string }): ReactNode {
  const ended = migrations.filter(isEnded);
  const count = (phase: Migration["phase"]) => ended.filter((each) => each.phase === phase).length;
  const downtimes = ended.flatMap(({ downtimeMs }) => (downtimeMs === undefined ? [] : [downtimeMs]));
  const withReport = ended.flatMap(({ report }) => (report?.withinLimit === undefined ? [] : [report.withinLimit]));
  return (
    <div className="border-t border-line px-4 py-2.5">
      <Figures
        className="grid-cols-6 max-md:grid-cols-3"
        of={[
          ["Completed", `${count("completed")} of ${ended.length}`],
          ["Aborted", String(count("aborted"))],
          ["Failed or lost", String(count("failed") + count("lost"))],
          [
            "Kept the limit",
            withReport.length === 0 ? none : `${withReport.filter(Boolean).length} of ${withReport.length}`,
          ],
          ["Median downtime", duration(medianOf(downtimes))],
          [
            "Look",
            <Link key="look" className="link font-normal" to="/migrations" search={{ policy: name }}>
              its migrations
            </Link>,
          ],
        ]}
      />
    </div>
  );
}

function medianOf(values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function rungText(rung: Rung): string {
  switch (rung.remedy) {
    case "bandwidth":
      return rung.maxBytesPerSec === undefined
        ? "its bandwidth is set free"
        : `its bandwidth is raised up to ${rate(rung.maxBytesPerSec)}`;
    case "downtimeLimit":
      return `its downtime limit is raised up to ${limit(rung.maxMs)}`;
    case "throttle":
      return `the guest is slowed down by up to ${percentOf(rung.maxShare)}\u00a0%`;
    case "postcopy":
      return "postcopy, which no device can do yet";
    case "force":
      return rung.maxMs === undefined
        ? "it is switched over whatever the downtime"
        : `it is switched over whatever its limit, if it stops for no longer than ${limit(rung.maxMs)}`;
  }
}
