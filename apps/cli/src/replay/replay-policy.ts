import { readFile } from "node:fs/promises";
import { builtInPolicies, PolicySettings } from "@godwit/contract";
import { type Policy, policyOfTrace, type Rung, type TraceHeader } from "@godwit/core";
import { UsageError } from "../context.ts";

/** What a replay is done with: the trace's own limits, or those of a policy. */
export type PolicyOf = (header: TraceHeader) => Policy;

/** A built-in policy by its name, or a file with the settings of one, in JSON as `godwit policy get --json` prints them. */
export async function replayPolicy(nameOrFile: string | undefined): Promise<PolicyOf> {
  if (nameOrFile === undefined) return policyOfTrace;
  const settings = await settingsOf(nameOrFile);
  return (header) => ({
    ...policyOfTrace(header),
    downtimeLimitMs: settings.downtimeLimitMs,
    deadlineMs: settings.deadlineMs,
    patience: settings.patience,
    ladder: settings.ladder.filter(isHonoured),
  });
}

/** A recording cannot answer to another bandwidth or to a slower guest. */
function isHonoured({ remedy }: Rung): boolean {
  return remedy === "downtimeLimit" || remedy === "force";
}

async function settingsOf(nameOrFile: string): Promise<PolicySettings> {
  const builtIn = Object.entries(builtInPolicies).find(([name]) => name === nameOrFile)?.[1];
  if (builtIn !== undefined) return PolicySettings.parse(builtIn);
  const text = await readFile(nameOrFile, "utf8").catch(() => {
    const names = Object.keys(builtInPolicies).join(", ");
    throw new UsageError(`--policy ${nameOrFile}: neither a built-in policy (${names}) nor a file that can be read`);
  });
  const parsed = PolicySettings.safeParse(settingsIn(text, nameOrFile));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `--policy ${nameOrFile}: /${issue?.path.join("/") ?? ""}: ${issue?.message ?? "not as expected"}`,
  );
}

/** The settings themselves, or a whole policy as the API shows it. */
function settingsIn(text: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "settings" in value ? value.settings : value;
  } catch {
    throw new UsageError(`--policy ${file}: not JSON`);
  }
}
