import { isTriedAnyway } from "../migration/limits.ts";
import type { Outlook } from "../outlook/outlook.ts";
import { msText } from "../reason.ts";
import type { Foreseen, Obstacle } from "./state.ts";

/** What a look at one way of one guest has come to. */
export type Finding = Foreseen | Omit<Obstacle, "host">;

/** What the migration may cost, and whether anything may be done about its verdict. */
interface Allowed {
  downtimeLimitMs: number;
  patience: string;
  ladder: readonly unknown[];
}

/**
 * What was looked at before the start, as a drain takes it: what speaks against the way, or what a move would come to. One that is
 * hopeless is tried all the same where its policy allows remedies or patience, but for what is proven (C11).
 */
export function findingOf(
  failed: { code?: string | undefined; detail: string; fix?: string | undefined } | undefined,
  outlook: Outlook | undefined,
  sizeBytes: number,
  allowed: Allowed,
): Finding {
  if (failed !== undefined) {
    return { code: failed.code ?? "UNKNOWN", sentence: failed.detail, remedy: failed.fix };
  }
  if (outlook === undefined) return { sizeBytes };
  const { verdict, durationMs, downtimeMs, probability } = outlook;
  if (verdict.kind === "hopeless" && !isTriedAnyway(allowed, verdict.inputs["proof"] === true))
    return { code: verdict.code, sentence: verdict.sentence, remedy: remedyOf(outlook, allowed) };
  return { sizeBytes, durationMs, downtimeMs, probability };
}

/** What would do, by the same figures. */
function remedyOf({ verdict, downtimeMs }: Outlook, { downtimeLimitMs }: Allowed): string {
  const least = verdict.inputs["leastDowntimeMs"];
  const needed = Math.max(typeof least === "number" ? least : 0, downtimeMs?.highMs ?? 0);
  if (needed <= downtimeLimitMs) return "Move it when it is written less, or go on without it.";
  return `It needs a downtime limit of about ${msText(Math.ceil(needed))}: allow that by the policy, or go on without it.`;
}
