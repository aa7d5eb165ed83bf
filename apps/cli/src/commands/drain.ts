import type { Client } from "@godwit/client";
import { type Drain, DrainOrder, PlacementRule } from "@godwit/contract";
import { type Command, InvalidArgumentError } from "commander";
import { clientOf } from "../context.ts";
import { drainLines, drainPlanLines, drainStatus, drainTable } from "../drain-text.ts";
import { exitCodeOfDrain, exitCodes } from "../exit-codes.ts";
import { interruption, print, say, wantsJson } from "./global.ts";
import { agreed } from "./question.ts";
import { Screen } from "./screen.ts";

interface DrainOptions {
  dryRun?: boolean;
  deadline?: string;
  policy?: string;
  order?: DrainOrder;
  placement?: PlacementRule;
  to?: string[];
  watch?: boolean;
  wait?: boolean;
  yes?: boolean;
}

export function drainCommand(program: Command): void {
  const drain = program
    .command("drain")
    .description("empty a host of its guests: godwit drain <host>")
    .argument("<host>")
    .option("--dry-run", "only say what would be done")
    .option(
      "--deadline <time>",
      "when the host is to be empty, such as 2026-01-31T08:00Z, or 45m or 2h from now",
      timeArgument,
    )
    .option("--policy <name>", "whose limits the migrations follow (default: balanced)")
    .option("--order <order>", `in which they go: ${DrainOrder.options.join(", ")}`, wordOf(DrainOrder.options))
    .option("--placement <rule>", `where they go: ${PlacementRule.options.join(", ")}`, wordOf(PlacementRule.options))
    .option("--to <host...>", "the only hosts that guests may go to")
    .option("--watch", "follow it to its end")
    .option("--wait", "say nothing until it has ended, or is blocked and needs somebody")
    .option("--yes", "do not ask")
    .action(async (host: string, options: DrainOptions, command: Command) => await begin(host, options, command));

  drain
    .command("list")
    .description("list the drains, newest first")
    .option("--host <host>", "only of one host")
    .action(async (query: { host?: string }, command: Command) => {
      const page = await (await clientOf(command)).drains.list({ limit: 50, ...query });
      print(wantsJson(command) ? JSON.stringify(page) : drainTable(page.items));
    });

  const onOne = (name: string, says: string, ask: (client: Client, id: string) => Promise<Drain>) =>
    drain
      .command(`${name} <id>`)
      .description(says)
      .action(async (id: string, _: object, command: Command) => {
        show(command, await ask(await clientOf(command), id));
      });
  onOne("get", "show one drain", (client, id) => client.drains.get(id));
  onOne("pause", "begin nothing more; what moves goes on", (client, id) => client.drains.tell(id, "pause"));
  onOne("resume", "go on", (client, id) => client.drains.tell(id, "resume"));
  onOne("abort", "call off what moves", (client, id) => client.drains.tell(id, "abort"));
  onOne("bring-back", "bring back the guests that an ended drain has moved", (client, id) =>
    client.drains.tell(id, "bring-back"),
  );

  drain
    .command("skip <id> <guest>")
    .description("go on without a guest")
    .action(async (id: string, guest: string, _: object, command: Command) => {
      show(command, await (await clientOf(command)).drains.skip(id, guest));
    });

  drain
    .command("watch <id>")
    .description("follow one drain to its end")
    .action(async (id: string, _: object, command: Command) => await watchDrain(command, id));
}

async function begin(host: string, options: DrainOptions, command: Command): Promise<void> {
  const { dryRun = false, deadline, policy, order, placement, to: destinations } = options;
  const wanted = { deadline, policy, order, placement, destinations };
  const client = await clientOf(command);
  if (dryRun || options.yes !== true) {
    const plan = await client.drains.plan(host, wanted);
    if (dryRun) {
      process.exitCode = plan.possible ? exitCodes.done : exitCodes.conflict;
      return print(wantsJson(command) ? JSON.stringify(plan) : drainPlanLines(plan).join("\n"));
    }
    for (const line of drainPlanLines(plan)) say(line);
    if (!(await agreed(`Drain ${host}?`))) {
      process.exitCode = exitCodes.interrupted;
      return;
    }
  }
  const started = await client.drains.create(host, wanted);
  if (options.watch === true) return await watchDrain(command, started.id);
  const drain = options.wait === true ? await client.drains.waitAtRest(started.id) : started;
  print(wantsJson(command) ? JSON.stringify(drain) : `${drain.id}  ${drainStatus(drain)}`);
  if (options.wait === true) process.exitCode = exitCodeOfDrain(drain);
  if (drain.endedAt === undefined) say(`Follow it: godwit drain watch ${started.id}`);
}

function show(command: Command, drain: Drain): void {
  print(wantsJson(command) ? JSON.stringify(drain) : [drain.id, ...drainLines(drain)].join("\n"));
}

/** A long poll that ends so soon where nothing has: what is left of the time is told anew with each. */
const lookEverySeconds = 1;

/** Redrawn on a terminal, JSON lines otherwise. Ctrl-C only detaches. The exit code says how it ended. */
async function watchDrain(command: Command, id: string): Promise<void> {
  const interrupted = interruption();
  const client = await clientOf(command, interrupted);
  const screen = process.stdout.isTTY && !wantsJson(command) ? new Screen(process.stdout) : undefined;
  try {
    let drain = await client.drains.get(id);
    for (let shown = ""; ; drain = await client.drains.get(id, { wait: lookEverySeconds })) {
      const told = JSON.stringify(drain);
      if (screen !== undefined) screen.draw(drainLines(drain));
      else if (told !== shown) print(told);
      shown = told;
      if (drain.endedAt !== undefined) break;
    }
    if (screen !== undefined) screen.end(drainLines(drain));
    else if (!wantsJson(command)) for (const line of drainLines(drain)) say(line);
    process.exitCode = exitCodeOfDrain(drain);
  } catch (error) {
    if (!interrupted.aborted) throw error;
    say(`\nDetached; the drain goes on. Look again: godwit drain watch ${id}`);
    process.exitCode = exitCodes.interrupted;
  }
}

function wordOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const known = words.find((word) => word === text);
    if (known === undefined) throw new InvalidArgumentError(`one of ${words.join(", ")}`);
    return known;
  };
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time of the API's, in UTC where no zone is said, or so long from now. */
export function timeArgument(text: string): string {
  const [, figure, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const at = figure === undefined ? timeIn(text) : Date.now() + Number(figure) * (unitMs[unit] ?? 0);
  if (Number.isNaN(at)) throw new InvalidArgumentError("a time such as 2026-01-31T08:00Z, or 45m or 2h from now");
  return new Date(at).toISOString();
}

function timeIn(text: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/.test(text)) return Number.NaN;
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}
