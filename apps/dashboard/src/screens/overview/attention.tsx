import type { Drain, Guest, Host, Migration } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { many } from "../../figures.ts";
import { useDrains, useGuests, useHosts, useUnderWay } from "../../live/hooks.ts";
import { sentenceOf } from "../../migration/verdict-card.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Section } from "../../parts/panel.tsx";
import { drainPhases, guestStates, hostStates, phases, verdicts, type Word } from "../../words.ts";

interface Matter {
  key: string;
  word: Word;
  what: string;
  sentence: string;
  action: string;
  to: string;
}

const shownAtMost = 20;

/** What somebody should look at, each with one thing to do. */
export function Attention(): ReactNode {
  const matters = [
    ...useUnderWay().flatMap(matterOfMigration),
    ...(useDrains().data ?? []).flatMap(matterOfDrain),
    ...useHosts().flatMap(matterOfHost),
    ...useGuests().flatMap(matterOfGuest),
  ];
  if (matters.length === 0) return null;
  return (
    <Section title="Needs attention" aside={matters.length}>
      <ul>
        {matters.slice(0, shownAtMost).map(({ key, word, what, sentence, action, to }) => (
          <li
            key={key}
            className="grid grid-cols-[120px_100px_minmax(0,1fr)_auto] items-start gap-x-3 border-t border-line px-4 py-2 first:border-t-0 max-sm:grid-cols-[1fr_auto]"
          >
            <Badge of={word} />
            <span className="font-semibold [overflow-wrap:anywhere] max-sm:order-3 max-sm:col-span-full">{what}</span>
            <span className="text-pretty text-ink-soft max-sm:order-4 max-sm:col-span-full">{sentence}</span>
            <Link to={to} className="button !min-h-[26px] !py-0.5">
              {action}
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function matterOfMigration(migration: Migration): Matter[] {
  const { id, guest, phase, verdict, intent } = migration;
  const matter = { key: id, what: guest, sentence: sentenceOf(migration), action: "Look", to: `/migrations/${id}` };
  if (phase === "unknown") return [{ ...matter, word: phases.unknown }];
  if (phase !== "precopy" || verdict === undefined) return [];
  if (intent?.kind === "hold") return [{ ...matter, word: verdicts.ready, sentence: intent.sentence }];
  const isBad = verdict.kind === "hopeless" || verdict.kind === "needsMore" || verdict.kind === "degraded";
  return isBad ? [{ ...matter, word: verdicts[verdict.kind] }] : [];
}

function matterOfDrain({ id, host, phase, reason, counts }: Drain): Matter[] {
  if (phase !== "blocked" && phase !== "paused") return [];
  const left = `${many(counts.blocked + counts.queued, "guest")} left.`;
  const sentence = reason?.sentence ?? left;
  return [
    { key: id, word: drainPhases[phase], what: `drain of ${host}`, sentence, action: "Look", to: `/drains/${id}` },
  ];
}

function matterOfHost({ id, name, state, guests, fenced }: Host): Matter[] {
  if (state === "connected") return [];
  const held = guests === 0 ? "It holds no guest." : `It holds ${many(guests, "guest")}, of which nothing is heard.`;
  const sentence = state === "fenced" ? `Fenced: ${fenced?.reason ?? "no reason is known"}.` : held;
  return [{ key: id, word: hostStates[state], what: name, sentence, action: "See host", to: `/hosts/${name}` }];
}

function matterOfGuest({ id, name, state, host }: Guest): Matter[] {
  if (state !== "lost") return [];
  const sentence = `It was on ${host} when that was fenced, and no other host has a whole copy.`;
  return [{ key: id, word: guestStates.lost, what: name, sentence, action: "See host", to: `/hosts/${host}` }];
}
