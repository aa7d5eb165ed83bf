import type { Command } from "commander";
import { UsageError } from "../context.ts";
import { bytes, duration, table } from "../format.ts";
import { readFleet } from "../simulate/fleet-file.ts";
import { fleetPolicies } from "../simulate/policies.ts";
import { simulate, type Simulated } from "../simulate/simulated.ts";
import { print, wantsJson } from "./global.ts";

/** `godwit simulate`: what the planner, and others, would make of a fleet. No server is needed. */
export function simulateCommand(program: Command): void {
  program
    .command("simulate <file>")
    .description("move the guests of a fleet that a file describes, in simulated time (docs/simulate.md)")
    .option("--policy <names...>", `who plans it, side by side: ${Object.keys(fleetPolicies).join(", ")}`, ["godwit"])
    .action(async (file: string, { policy }: { policy: string[] }, command: Command) => {
      const unknown = policy.find((name) => !(name in fleetPolicies));
      if (unknown !== undefined) {
        const names = Object.keys(fleetPolicies).join(", ");
        throw new UsageError(`--policy ${unknown}: there is no such policy; there are ${names}`);
      }
      const fleet = await readFleet(file);
      const all = policy.flatMap((name) => {
        const make = fleetPolicies[name];
        return make === undefined ? [] : [simulate(fleet, name, make)];
      });
      if (wantsJson(command)) for (const each of all) print(JSON.stringify(each));
      else print(simulatedLines(all).join("\n"));
    });
}

export function simulatedLines(all: readonly Simulated[]): string[] {
  const [first] = all;
  if (first === undefined) return [];
  const { guests, ramBytes, boundMs } = first;
  const headings = [
    "POLICY",
    "MAKESPAN",
    "OF LEAST",
    "SENT",
    "OF MEMORY",
    "DOWNTIME P50",
    "P99",
    "MOST",
    "OVER LIMIT",
    "MOVED",
    "REFUSED",
    "GIVEN UP",
    "NOT ENDED",
  ];
  const rows = all.map((each) => {
    const { downtimeMs } = each;
    const times = downtimeMs === null ? [] : [downtimeMs.p50, downtimeMs.p99, downtimeMs.most].map(duration);
    const refused = Object.values(each.refused).reduce((sum, count) => sum + count, 0);
    return [
      each.policy,
      duration(each.makespanMs),
      boundMs === 0 ? "-" : (each.makespanMs / boundMs).toFixed(2),
      bytes(each.sentBytes),
      (each.sentBytes / ramBytes).toFixed(2),
      ...(times.length > 0 ? times : ["-", "-", "-"]),
      ...[each.overLimit, each.moved, refused, each.givenUp, each.unfinished].map(String),
    ];
  });
  const least = boundMs === 0 ? "nothing bounds" : `the busiest link takes ${duration(boundMs)} at the least for`;
  return [
    `${guests} guests with ${bytes(ramBytes)}; ${least} those that can be moved live`,
    "",
    table(headings, rows),
    ...reasons(all),
  ];
}

function reasons(all: readonly Simulated[]): string[] {
  const lines = all.flatMap(({ policy, refused }) =>
    Object.entries(refused).map(([code, count]) => `${policy} refused ${count}: ${code}`),
  );
  return lines.length === 0 ? [] : ["", ...lines];
}
