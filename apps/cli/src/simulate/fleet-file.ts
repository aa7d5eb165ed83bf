import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Fleet, SimulatedGuest, SimulatedHost } from "@godwit/sim";
import { z } from "zod";
import { UsageError } from "../context.ts";
import { parseBytes } from "../format.ts";

const Bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const bytes = typeof value === "number" ? value : (parseBytes(value) ?? Number.NaN);
  if (Number.isFinite(bytes) && bytes > 0) return bytes;
  context.addIssue({ code: "custom", message: "a size such as 65536, 40MB or 1.5GiB" });
  return z.NEVER;
});
const Name = z.string().min(1).max(100);
const Count = z.int().positive().max(100_000);

const HostGroup = z.strictObject({
  name: Name,
  /** So many alike, named `name-1` and so on. */
  count: Count.optional(),
  /** What migrations may take of its link in a second, out and in alike; or apart. */
  link: Bytes.optional(),
  linkOut: Bytes.optional(),
  linkIn: Bytes.optional(),
  /** That is free for guests, before anything moves. */
  memory: Bytes.optional(),
  /** All guests leave it; of a group, the first so many of its hosts. */
  drain: z.union([z.boolean(), z.int().nonnegative()]).default(false),
});

const GuestGroup = z.strictObject({
  name: Name,
  count: Count.optional(),
  /** A host, or a group of hosts: then they take turns. */
  host: Name,
  /** Where it is to go, a host or a group; without it, it moves only if its host is drained, to where the policy finds room. */
  to: Name.optional(),
  memory: Bytes,
  /** Parts of its memory, each page of which is written so many times a second; the rest is not written. */
  regions: z.array(z.strictObject({ bytes: Bytes, writesPerSec: z.number().nonnegative().max(1e6) })).default([]),
  stopcopy: Bytes.optional(),
  downtimeLimitMs: z.number().positive().default(300),
  fixedMs: z.number().nonnegative().default(50),
  /** What is known beforehand of how it is written, as a factor on the truth; null: nothing. */
  known: z.number().positive().nullable().default(1),
});

const FleetFile = z.strictObject({
  seed: z.int().nonnegative().max(2_000_000).default(1),
  /** What one migration can send at the most in a second, and all together. */
  stream: Bytes.optional(),
  cluster: Bytes.optional(),
  hosts: z.array(HostGroup).min(1).max(10_000),
  guests: z.array(GuestGroup).min(1).max(200_000),
});
type GuestGroup = z.output<typeof GuestGroup>;

const [hostsAtMost, guestsAtMost] = [10_000, 200_000];

/** Reads a fleet from a file in JSON, or from standard input for "-". What is wrong is told with the field where it stands. */
export async function readFleet(file: string): Promise<Fleet> {
  const content = await (file === "-" ? text(process.stdin) : readFile(file, "utf8")).catch(() => {
    throw new UsageError(`${file}: cannot be read`);
  });
  return fleetOfFile(jsonIn(content, file), file);
}

function jsonIn(content: string, file: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function fleetOfFile(value: unknown, file: string): Fleet {
  const parsed = FleetFile.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const at = [...(issue?.path ?? []), ...unknown].join("/");
    throw wrong(file, at, unknown.length > 0 ? "is not known" : (issue?.message ?? "not as expected"));
  }
  const { seed, stream = Infinity, cluster = Infinity } = parsed.data;
  const { hosts, groups } = hostsOf(parsed.data.hosts, file);
  const guests = guestsOf(parsed.data.guests, hosts, groups, file);
  return { hosts, guests, streamBytesPerSec: stream, clusterBytesPerSec: cluster, seed };
}

function wrong(file: string, at: string, why: string): UsageError {
  return new UsageError(`${file}: /${at}: ${why}`);
}

/** The hosts, and which of them a name stands for. */
function hostsOf(given: z.output<typeof HostGroup>[], file: string) {
  const hosts: SimulatedHost[] = [];
  const groups = new Map<string, number[]>();
  for (const [
    index,
    { name, count, link = Infinity, linkOut = link, linkIn = link, memory, drain },
  ] of given.entries()) {
    const drained = drain === true ? (count ?? 1) : Number(drain);
    if (drained > (count ?? 1)) throw wrong(file, `hosts/${index}/drain`, `there are only ${count ?? 1} of it`);
    const members = Array.from({ length: count ?? 1 }, (_, member) => {
      const id = count === undefined ? name : `${name}-${member + 1}`;
      if (groups.has(id)) throw wrong(file, `hosts/${index}/name`, `there is another host "${id}"`);
      groups.set(id, [hosts.length]);
      const freeBytes = memory ?? Infinity;
      hosts.push({ id, outBytesPerSec: linkOut, inBytesPerSec: linkIn, freeBytes, drained: member < drained });
      return hosts.length - 1;
    });
    if (count !== undefined && groups.has(name))
      throw wrong(file, `hosts/${index}/name`, `there is another host "${name}"`);
    groups.set(name, members);
    if (hosts.length > hostsAtMost) throw wrong(file, `hosts/${index}/count`, `more than ${hostsAtMost} hosts in all`);
  }
  return { hosts, groups };
}

function guestsOf(
  given: GuestGroup[],
  hosts: readonly SimulatedHost[],
  groups: ReadonlyMap<string, number[]>,
  file: string,
): SimulatedGuest[] {
  const guests: SimulatedGuest[] = [];
  for (const [index, group] of given.entries()) {
    const at = `guests/${index}`;
    const placesOf = (field: "host" | "to", name: string) => {
      const places = groups.get(name);
      if (places === undefined) throw wrong(file, `${at}/${field}`, `there is no host "${name}"`);
      return places;
    };
    const sources = placesOf("host", group.host);
    const destinations = group.to === undefined ? undefined : placesOf("to", group.to);
    const written = group.regions.reduce((sum, { bytes }) => sum + bytes, 0);
    if (written > group.memory) throw wrong(file, `${at}/regions`, "together they are larger than its memory");
    for (let member = 0; member < (group.count ?? 1); member += 1) {
      const source = sources[member % sources.length] ?? 0;
      const destination = destinations?.[member % destinations.length];
      if (destination === source) throw wrong(file, `${at}/to`, `it is on ${hosts[source]?.id ?? "it"} already`);
      if (destination === undefined && hosts[source]?.drained !== true) continue;
      guests.push(guestOf(group, member, source, destination));
    }
    if (guests.length > guestsAtMost) throw wrong(file, `${at}/count`, `more than ${guestsAtMost} guests in all`);
  }
  if (guests.length === 0) {
    throw wrong(file, "guests", 'none of them is to move: give one a "to", or drain the host that it is on');
  }
  return guests;
}

function guestOf(
  { name, count, memory, regions, stopcopy = 0, downtimeLimitMs, fixedMs, known }: GuestGroup,
  member: number,
  source: number,
  destination: number | undefined,
): SimulatedGuest {
  return {
    id: count === undefined ? name : `${name}-${member + 1}`,
    source,
    destination,
    ramBytes: memory,
    regions,
    stopcopyBytes: stopcopy,
    limitMs: downtimeLimitMs,
    fixedMs,
    knownWrites: known ?? undefined,
  };
}
