import type { Migration, MigrationPolicy, Rung } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { limit, many, none, rate } from "../figures.ts";
import { isEnded } from "../live/cache.ts";
import { useMigrations } from "../live/hooks.ts";
import { usePolicies } from "../new/use-plans.ts";
import { Handles } from "../parts/copy.tsx";
import { Figures } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";

/** What migrations may cost and what may be done about a verdict, with what became of those that followed it lately. */
export function PoliciesScreen(): ReactNode {
  const policies = usePolicies();
  const migrations = useMigrations();
  return (
    <div className="grid gap-4">
      <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
        Policies{" "}
        <span className="text-[13px] font-normal text-ink-soft">{`with the last ${many(migrations.length, "migration")}`}</span>
      </h1>
      {policies.map((policy) => (
        <PolicyCard key={policy.id} of={policy} migrations={migrations.filter((each) => each.policy === policy.name)} />
      ))}
      <section aria-label="Make one" className="grid gap-2">
        <p className="text-ink-soft">Another one is made, and changed, by:</p>
        <code className="command">npx godwit policy create nightly --downtime-limit 200 --patience patient</code>
      </section>
    </div>
  );
}

function PolicyCard({ of: policy, migrations }: { of: MigrationPolicy; migrations: Migration[] }): ReactNode {
  const { name, builtIn, settings, updatedAt, id } = policy;
  const { window: span } = settings;
  return (
    <article className="panel" aria-label={name}>
      <header className="flex flex-wrap items-baseline gap-x-3 px-4 pt-3">
        <h2 className="text-[15px] font-[650]">{name}</h2>
        <span className="text-ink-soft">
          {builtIn ? (
            "built in"
          ) : (
            <>
              version {policy.version}, changed <Ago at={updatedAt} />
            </>
          )}
        </span>
        <span className="ml-auto">
          <Handles id={id} path={`/v1/policies/${name}`} command={`npx godwit policy get ${name}`} />
        </span>
      </header>
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
      <Effect of={migrations} name={name} />
    </article>
  );
}

/** What became of those that followed it. */
function Effect({ of: migrations, name }: { of: Migration[]; name: string }): ReactNode {
  const ended = migrations.filter(isEnded);
  const count = (phase: Migration["phase"]) => ended.filter((each) => each.phase === phase).length;
  const withReport = ended.flatMap(({ report }) => (report?.withinLimit === undefined ? [] : [report.withinLimit]));
  return (
    <div className="border-t border-line px-4 py-2.5">
      <Figures
        className="grid-cols-6 max-md:grid-cols-3"
        of={[
          ["Ended", String(ended.length)],
          ["Completed", String(count("completed"))],
          ["Aborted", String(count("aborted"))],
          ["Failed or lost", String(count("failed") + count("lost"))],
          [
            "Kept the limit",
            withReport.length === 0 ? none : `${withReport.filter(Boolean).length} of ${withReport.length}`,
          ],
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

const patienceText: Record<MigrationPolicy["settings"]["patience"], string> = {
  impatient: "impatient",
  normal: "normal",
  patient: "patient",
  untilDeadline: "until the deadline",
};

function rungText(rung: Rung): string {
  switch (rung.remedy) {
    case "bandwidth":
      return rung.maxBytesPerSec === undefined
        ? "its bandwidth is set free"
        : `its bandwidth is raised up to ${rate(rung.maxBytesPerSec)}`;
    case "downtimeLimit":
      return `its downtime limit is raised up to ${limit(rung.maxMs)}`;
    case "throttle":
      return `the guest is slowed down by up to ${Math.round(rung.maxShare * 100)}\u00a0%`;
    case "postcopy":
      return "postcopy, which no device can do yet";
    case "force":
      return rung.maxMs === undefined
        ? "it is switched over whatever the downtime"
        : `it is switched over whatever its limit, if it stops for no longer than ${limit(rung.maxMs)}`;
  }
}
