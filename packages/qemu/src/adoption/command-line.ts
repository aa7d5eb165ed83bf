import { z } from "zod";

/** What a running QEMU was started with, and how its like is started on another host. */

export interface FoundShare {
  tag: string;
  /** The character device by which QEMU reaches the share's virtiofsd. */
  chardev: string;
  socket: string;
}

export interface GuestCommand {
  /** All that makes the guest, without what is of its host alone. */
  words: string[];
  shares: FoundShare[];
  /** Of the devices that have one. */
  deviceIds: string[];
  cpu: string | undefined;
  /** Why its like cannot be started elsewhere, in clauses. */
  reasons: string[];
}

interface Entry {
  /** With one hyphen; "" for a word that stands alone. */
  option: string;
  value: string | undefined;
}

/** Of a device that is described as JSON. */
const Properties = z.record(z.string(), z.unknown());
/** Of the process and its host, and no part of the guest: where its firmware lies, how it was begun, by what it is found. */
const ofHost = new Set(["-S", "-daemonize", "-pidfile", "-incoming", "-L"]);
/** Whatever follows these is for the guest, also where it begins with a hyphen. */
const ofText = new Set(["-append", "-name"]);

/** @param commandLine of the process, with its program. @param qmp the path of the QMP socket, whose like is made anew elsewhere */
export function readCommand(commandLine: string[], qmp: string): GuestCommand {
  const entries = entriesOf(withoutProgram(commandLine));
  const shares = sharesOf(entries);
  const own = new Set([...chardevsAt(entries, qmp), ...shares.map(({ chardev }) => chardev)]);
  const kept = entries.filter((entry) => !ofHost.has(entry.option) && !isOwn(entry, own, qmp));
  return {
    words: kept.flatMap(wordsIn),
    shares,
    deviceIds: devicesOf(entries).flatMap(({ id }) => id ?? []),
    cpu: kept.findLast(({ option }) => option === "-cpu")?.value,
    reasons: kept.flatMap(reasonsIn),
  };
}

/** With the machine type that the guest has, in place of an alias or of none. */
export function withMachine(words: string[], machine: string): string[] {
  const isOption = (word: string) => /^--?(machine|M)$/.test(word);
  const named = words.flatMap((word, index) => {
    if (index === 0 || !isOption(words[index - 1] ?? "")) return [];
    return /^type=|^[^=,]+(,|$)/.test(word) ? [index] : [];
  });
  if (named.length === 0) return ["-machine", machine, ...words];
  return words.map((word, index) => (named.includes(index) ? word.replace(/^(?:type=)?[^,]*/, machine) : word));
}

/** A program may have been started by its loader, which is told of it in words of its own. */
function withoutProgram(commandLine: string[]): string[] {
  const [program = "", ...rest] = commandLine;
  if (!/(^|\/)ld(-linux[^/]*)?\.so(\.\d+)?$/.test(program)) return rest;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? "";
    if (!word.startsWith("--")) return rest.slice(index + 1);
    if (["--argv0", "--library-path", "--preload", "--audit", "--inhibit-rpath"].includes(word)) index += 1;
  }
  return [];
}

function entriesOf(words: string[]): Entry[] {
  const entries: Entry[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) {
      entries.push({ option: "", value: word });
      continue;
    }
    const option = word.replace(/^--/, "-");
    const next = words[index + 1];
    const hasValue = next !== undefined && (ofText.has(option) || !next.startsWith("-"));
    entries.push({ option, value: hasValue ? next : undefined });
    if (hasValue) index += 1;
  }
  return entries;
}

function wordsIn({ option, value }: Entry): string[] {
  return [...(option === "" ? [] : [option]), ...(value === undefined ? [] : [value])];
}

function isOwn({ option, value = "" }: Entry, own: ReadonlySet<string>, qmp: string): boolean {
  if (option === "-qmp" || option === "-qmp-pretty") return partsOf(value).get("") === `unix:${qmp}`;
  if (option === "-chardev") return own.has(partsOf(value).get("id") ?? "");
  const parts = partsOf(value);
  return option === "-mon" && own.has(parts.get("chardev") ?? parts.get("") ?? "");
}

function chardevsAt(entries: Entry[], path: string): string[] {
  return entries.flatMap(({ option, value = "" }) => {
    const parts = partsOf(value);
    return option === "-chardev" && parts.get("path") === path ? (parts.get("id") ?? []) : [];
  });
}

function sharesOf(entries: Entry[]): FoundShare[] {
  return devicesOf(entries).flatMap(({ driver, tag, chardev }) => {
    if (!driver.startsWith("vhost-user-fs") || chardev === undefined || tag === undefined) return [];
    const sockets = entries.flatMap(({ option, value = "" }) => {
      const parts = partsOf(value);
      return option === "-chardev" && parts.get("id") === chardev ? (parts.get("path") ?? []) : [];
    });
    return sockets.map((socket) => ({ tag, chardev, socket }));
  });
}

function devicesOf(entries: Entry[]) {
  return entries.flatMap(({ option, value = "" }) => (option === "-device" ? deviceIn(value) : []));
}

function deviceIn(value: string) {
  const parts = value.startsWith("{") ? new Map(Object.entries(Properties.parse(JSON.parse(value)))) : partsOf(value);
  const text = (key: string) => (parts.has(key) ? String(parts.get(key)) : undefined);
  return { driver: text("driver") ?? text("") ?? "", id: text("id"), tag: text("tag"), chardev: text("chardev") };
}

function reasonsIn({ option, value = "" }: Entry): string[] {
  if (option === "-snapshot" || option === "-loadvm")
    return [`it was started with ${option}, and what that means is on this host alone`];
  if (option === "-add-fd" || /(^|,)(fds?|vhostfds?)=\d/.test(value))
    return [`its option ${option} ${value} names an open file, which no other process has`];
  const { driver } = option === "-device" ? deviceIn(value) : { driver: "" };
  const isServed = driver.startsWith("vhost-user-") && !driver.startsWith("vhost-user-fs");
  if (isServed || (option === "-netdev" && partsOf(value).get("") === "vhost-user"))
    return [`its ${driver || "network"} is served by a vhost-user process that Godwit does not know`];
  return [];
}

/** `first,key=value,flag`: the first without its key is under "". Two commas are one in a value. */
function partsOf(value: string): Map<string, string> {
  const parts = value.replaceAll(",,", "\0").split(",");
  return new Map(
    parts.map((part, index) => {
      const [, key, rest] = /^([\w.-]+)=(.*)$/s.exec(part) ?? [];
      const [name, text] = key === undefined ? (index === 0 ? ["", part] : [part, "on"]) : [key, rest ?? ""];
      return [name, text.replaceAll("\0", ",")];
    }),
  );
}
