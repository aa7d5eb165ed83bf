import { type Replayed, replay } from "@godwit/core";
import type { Command } from "commander";
import { UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { duration, table } from "../format.ts";
import { grade } from "../replay/grade.ts";
import { readTrace, type RecordedTrace, TraceError } from "../replay/read-trace.ts";
import { type PolicyOf, replayPolicy } from "../replay/replay-policy.ts";
import { print, say, wantsJson } from "./global.ts";

interface ReplayOptions {
  policy?: string;
  compare?: string[];
}

/** `godwit replay`: what the decision core makes of recorded runs. No server is needed. */
export function replayCommand(program: Command): void {
  program
    .command("replay [file...]")
    .usage("FILE... [--policy P] [--compare A B]")
    .description("run the decision core over recorded migrations")
    .option("--policy <policy>", "gentle, balanced, fast, or a file of settings; without it each trace's own limits")
    .option("--compare <policies...>", "two policies side by side, as --policy names them")
    .action(async (files: string[], options: ReplayOptions, command: Command) => {
      const compared = policiesOf(options);
      // `--compare A B FILE` takes the files with it where it stands before them: what is left over are files.
      const [names, all] = [compared.names, [...compared.files, ...files]];
      if (all.length === 0) throw new UsageError("Name the traces to replay: godwit replay FILE...");
      const policies = await Promise.all(names.map(replayPolicy));
      const traces = await tracesOf(all);
      if (wantsJson(command)) printJson(traces, policies, names);
      else if (names.length === 2) print(comparison(traces, policies, names));
      else print(report(traces, policies[0]));
    });
}

function policiesOf({ policy, compare }: ReplayOptions): { names: (string | undefined)[]; files: string[] } {
  if (compare === undefined) return { names: [policy], files: [] };
  if (policy !== undefined) throw new UsageError("--policy and --compare exclude each other");
  if (compare.length < 2) throw new UsageError("--compare takes two policies");
  return { names: compare.slice(0, 2), files: compare.slice(2) };
}

/** A file that is no trace is told, and the others are replayed all the same. */
async function tracesOf(files: string[]): Promise<RecordedTrace[]> {
  const traces: RecordedTrace[] = [];
  for (const file of files) {
    try {
      traces.push(await readTrace(file));
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      say(error.message);
      process.exitCode = exitCodes.usage;
    }
  }
  return traces;
}

/** One line a file; with two policies one line a file and policy, which names it. */
function printJson(traces: RecordedTrace[], policies: PolicyOf[], names: (string | undefined)[]): void {
  for (const { file, trace } of traces) {
    for (const [index, policyOf] of policies.entries()) {
      const { verdict, why, atMs, predictedDowntimeMs, exactQueries } = replay(trace, policyOf(trace.header));
      const named = policies.length > 1 ? { policy: names[index] } : {};
      const reason = verdict === "abort" ? (why?.code ?? null) : null;
      const predicted = predictedDowntimeMs === undefined ? null : Math.round(predictedDowntimeMs * 10) / 10;
      print(JSON.stringify({ file, ...named, verdict, reason, atMs, predictedDowntimeMs: predicted, exactQueries }));
    }
  }
}

function report(traces: RecordedTrace[], policyOf: PolicyOf | undefined): string {
  if (policyOf === undefined || traces.length === 0) return "";
  const outcomes = traces.map((recorded) => ({
    ...recorded,
    outcome: replay(recorded.trace, policyOf(recorded.trace.header)),
  }));
  const rows = outcomes.map(({ file, trace, expect, outcome }) => {
    const faults = grade(trace, expect, outcome);
    const held = expect === undefined ? "-" : faults.length === 0 ? "as expected" : faults.join("; ");
    return [file, ...cells(outcome), msOrDash(outcome.trueDowntimeMs), String(outcome.exactQueries), held];
  });
  const headings = ["TRACE", "VERDICT", "REASON", "AT", "PREDICTED", "TRUE", "EXACT", "EXPECTED"];
  const sentences = outcomes.map(
    ({ file, outcome }) => `${file}\n  ${outcome.why?.sentence ?? "Nothing was decided by its end."}`,
  );
  return [table(headings, rows), "", ...sentences].join("\n");
}

function comparison(traces: RecordedTrace[], [first, second]: PolicyOf[], names: (string | undefined)[]): string {
  if (first === undefined || second === undefined) return "";
  const rows = traces.map(({ file, trace }) => [
    file,
    ...[first, second].flatMap((policyOf) => cells(replay(trace, policyOf(trace.header)))),
  ]);
  const columns = names.flatMap((name = "") => [name.toUpperCase(), "REASON", "AT", "PREDICTED"]);
  return table(["TRACE", ...columns], rows);
}

function cells({ verdict, why, atMs, predictedDowntimeMs }: Replayed): string[] {
  return [verdict, why?.code ?? "-", duration(atMs), msOrDash(predictedDowntimeMs)];
}

function msOrDash(ms: number | undefined): string {
  return ms === undefined ? "-" : duration(Math.round(ms * 10) / 10);
}
