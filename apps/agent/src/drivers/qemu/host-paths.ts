import { z } from "zod";
import type { QemuConfig } from "./config.ts";

/** A file of the host that a guest's QEMU is told of. */
export interface HostPath {
  path: string;
  /** Where in the configuration (RFC 6901). */
  pointer: string;
  /** QEMU makes it, so that only its folder has to be there. */
  isMade: boolean;
}

/** What the guest is told, and no file of the host. */
const forGuest = new Set(["-append", "-name", "-uuid", "-global", "-set", "-boot"]);
/** What else in an option is for the guest: a file that it asks a server for, or text that it reads. */
const keysForGuest = new Set(["bootfile", "string", "serial", "product", "manufacturer", "version"]);
const made = { options: new Set(["-D", "-pidfile"]), keys: new Set(["logfile", "mem-path"]) };

/** Every file of the host that the configuration names, so that QEMU would not start, or not well, without it. */
export function hostPathsOf({ kernel, arguments: words }: QemuConfig): HostPath[] {
  const ofKernel = [
    { path: kernel?.image, pointer: "/kernel/image" },
    { path: kernel?.initramfs, pointer: "/kernel/initramfs" },
  ].flatMap(({ path, pointer }) => (path === undefined ? [] : [{ path, pointer, isMade: false }]));
  const ofArguments = words.flatMap((word, index) => {
    const option = index === 0 ? "" : (words[index - 1] ?? "").replace(/^--/, "-");
    return pathsIn(option, word).map((found) => ({ ...found, pointer: `/arguments/${index}` }));
  });
  return [...ofKernel, ...ofArguments];
}

type Found = Omit<HostPath, "pointer">;

function pathsIn(option: string, word: string): Found[] {
  if (forGuest.has(option)) return [];
  const json = word.startsWith("{") ? parsed(word) : undefined;
  return json === undefined ? inOption(option, word) : inJson(json, false);
}

/** `key=value` or a bare word, between commas; two commas are one in a value. */
function inOption(option: string, word: string): Found[] {
  const parts = word
    .replaceAll(",,", "\0")
    .split(",")
    .map((part) => part.replaceAll("\0", ","));
  const listens = parts.some((part) => part === "server" || part === "server=on" || part === "server=yes");
  const isOutput = made.options.has(option) || (option === "-chardev" && parts[0] === "file") || option === "-vnc";
  return parts.flatMap((part) => {
    const [, key = "", value = ""] = /^(?:([\w.-]+)=)?(.*)$/s.exec(part) ?? [];
    const [, way = "", path] = /^(?:(file|unix|pipe):)?(\/.*)$/s.exec(value) ?? [];
    const name = key.split(".").at(-1) ?? "";
    if (path === undefined || keysForGuest.has(name)) return [];
    // "file:" is a place to write to where it stands alone, as in -serial, and to read from as a value.
    const isWritten = way === "file" && key === "";
    return [{ path, isMade: listens || isOutput || isWritten || made.keys.has(name) }];
  });
}

const Json = z.json();

function parsed(word: string): z.infer<typeof Json> | undefined {
  try {
    return Json.parse(JSON.parse(word));
  } catch {
    return undefined;
  }
}

function inJson(value: z.infer<typeof Json>, isMade: boolean, key = ""): Found[] {
  if (typeof value === "string")
    return value.startsWith("/") && !keysForGuest.has(key)
      ? [{ path: value, isMade: isMade || made.keys.has(key) }]
      : [];
  if (Array.isArray(value)) return value.flatMap((each) => inJson(each, isMade, key));
  if (typeof value !== "object" || value === null) return [];
  const listens = isMade || value["server"] === true;
  return Object.entries(value).flatMap(([name, each]) => inJson(each, listens, name));
}
