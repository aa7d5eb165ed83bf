import { readFile } from "node:fs/promises";
import { z } from "zod";

/** The environment variable by which an agent is told where to write its weights. */
export const weighVariable = "GODWIT_WEIGH";

/** What has been handed to one connection since it was made; `atMs` is wall time, the same for all processes of this machine. */
const Weight = z.object({
  how: z.enum(["accepted", "dialled"]),
  localPort: z.int(),
  remotePort: z.int(),
  atMs: z.number(),
  bytes: z.int(),
});
export type Weight = z.infer<typeof Weight>;

/** How many bytes have gone over one connection by a moment: the moments rise. */
export interface Flow {
  source: string;
  destination: string;
  points: { atMs: number; bytes: number }[];
}

/** Of the streams between agents, each in the direction of its guest. Sources listen, destinations dial. */
export async function flowsOf(files: ReadonlyMap<string, string>): Promise<Flow[]> {
  const weights = new Map<string, Weight[]>();
  for (const [host, file] of files) weights.set(host, await weightsIn(file));
  const dialledBy = new Map<number, string>();
  for (const [host, all] of weights)
    for (const { how, localPort } of all) if (how === "dialled") dialledBy.set(localPort, host);
  const flows = new Map<string, Flow>();
  for (const [source, all] of weights) {
    for (const { how, localPort, remotePort, atMs, bytes } of all) {
      const destination = dialledBy.get(remotePort);
      if (how !== "accepted" || destination === undefined) continue;
      const key = `${localPort} ${remotePort}`;
      const flow = flows.get(key) ?? { source, destination, points: [] };
      flow.points.push({ atMs, bytes });
      flows.set(key, flow);
    }
  }
  return [...flows.values()];
}

/** The most bytes that the flows together have sent in any span of so many ms, and when that began. */
export function busiestSpan(flows: readonly Flow[], spanMs: number): { bytes: number; fromMs: number } {
  const moments = flows.flatMap(({ points }) => points.map(({ atMs }) => atMs)).toSorted((a, b) => a - b);
  let busiest = { bytes: 0, fromMs: 0 };
  for (const fromMs of moments) {
    const bytes = flows.reduce((sum, flow) => sum + bytesBy(flow, fromMs + spanMs) - bytesBy(flow, fromMs), 0);
    if (bytes > busiest.bytes) busiest = { bytes, fromMs };
  }
  return busiest;
}

/** Between two moments it is taken to have gone at one speed. */
function bytesBy({ points }: Flow, atMs: number): number {
  const next = firstAfter(points, atMs);
  const [before, after] = [points[next - 1], points[next]];
  if (before === undefined) return 0;
  if (after === undefined) return before.bytes;
  return before.bytes + ((after.bytes - before.bytes) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}

function firstAfter(points: Flow["points"], atMs: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.atMs ?? Infinity) > atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function weightsIn(file: string): Promise<Weight[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => Weight.parse(JSON.parse(line)));
}
