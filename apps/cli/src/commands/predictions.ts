import type { Accuracy } from "@godwit/contract";
import { type Command, InvalidArgumentError } from "commander";
import { clientOf } from "../context.ts";
import { duration, percent } from "../format.ts";
import { print, wantsJson } from "./global.ts";

interface Options {
  source?: string;
  destination?: string;
  kind?: string;
  since?: string;
}

export function predictionsCommand(program: Command): void {
  program
    .command("predictions")
    .description("how good the predictions of the downtime were, over completed migrations")
    .option("--source <host>", "only migrations from one host")
    .option("--destination <host>", "only migrations to one host")
    .option("--kind <kind>", "only guests with a device of one kind")
    .option(
      "--since <time>",
      "only those that ended since, such as 2026-01-31, 2026-01-31T08:00Z, or 12h or 7d ago",
      sinceArgument,
    )
    .action(async ({ source, destination, kind, since }: Options, command: Command) => {
      const accuracy = await (await clientOf(command)).predictions.accuracy({ source, destination, kind, since });
      print(wantsJson(command) ? JSON.stringify(accuracy) : accuracyLines(accuracy).join("\n"));
    });
}

export function accuracyLines({ count, errorP50, errorP90, biasMs, withinBand, withinLimit }: Accuracy): string[] {
  const share = (value: number | undefined) => (value === undefined ? "-" : percent(value));
  const bias =
    biasMs === undefined
      ? "-"
      : `${duration(Math.abs(biasMs))}${biasMs === 0 ? "" : biasMs > 0 ? " longer than predicted" : " shorter than predicted"}`;
  return [
    `migrations     ${count}`,
    `error          ${share(errorP50)} in half of them (p50), ${share(errorP90)} in nine of ten (p90)`,
    `bias           ${bias}`,
    `within band    ${share(withinBand)}`,
    `within limit   ${share(withinLimit)}`,
  ];
}

const hourMs = 3_600_000;

/** A day or a time, in UTC where no zone is said; or so long ago. */
export function sinceArgument(text: string): string {
  const [, figure, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  const at = figure === undefined ? timeIn(text) : Date.now() - Number(figure) * (unit === "d" ? 24 : 1) * hourMs;
  if (at === undefined || Number.isNaN(at))
    throw new InvalidArgumentError("a time such as 2026-01-31 or 2026-01-31T08:00Z, or 12h or 7d ago");
  return new Date(at).toISOString();
}

function timeIn(text: string): number | undefined {
  const [, day, time, zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  return day === undefined ? undefined : Date.parse(`${day}T${time ?? "00:00"}${zone}`);
}
