/**
 * `play-apart <prefix>`, run in the hub of the namespaces that bear that prefix: plays the cells with cut links one after the other, and
 * prints what came of each as a line of JSON. A process cannot change its namespace, so that this is one of its own.
 */
import { cut, titleOf } from "./cells.ts";
import { Namespaces } from "./namespaces.ts";
import { Stage } from "./stage.ts";
import { Stages } from "./stages.ts";

const { hosts, launch, links } = new Namespaces(process.argv[2] ?? "");
await using stages = new Stages(1, () => Stage.start(hosts, { launch, links, port: 7001 }));
for (const cell of cut) {
  const ending = await stages.play(cell).catch((error: unknown) => ({ error: textOf(error) }));
  process.stdout.write(`${JSON.stringify({ title: titleOf(cell), ...ending })}\n`);
}

function textOf(error: unknown): string {
  return error instanceof Error
    ? `${error.stack}${error.cause === undefined ? "" : `\n${textOf(error.cause)}`}`
    : String(error);
}
