import { isIP } from "node:net";
import { isLoopbackAddress, refusalOfAddress } from "./addresses.ts";

/** Why this may not stand on the list of receivers; undefined where it may. An entry is an origin, such as "https://hooks.example.com". */
export function faultOfReceiver(text: string): string | undefined {
  if (!URL.canParse(text)) return "an origin, such as https://hooks.example.com or http://127.0.0.1:9000";
  const { protocol, origin, hostname } = new URL(text);
  if (origin !== text)
    return `only scheme, host and port, in their usual form: ${origin === "null" ? "https://…" : origin}`;
  if (hostname.includes("*")) return "each receiver by its own name";
  if (protocol !== "https:" && protocol !== "http:") return "an origin of https, or of http on a loopback address";
  const here = isThisMachine(hostname);
  if (protocol === "http:" && !here) return "plain http is for loopback addresses only: use https";
  const address = bare(hostname);
  return isIP(address) === 0 ? undefined : refusalOfAddress(address, { loopback: here });
}

/** Why nothing is sent to this address; undefined where its origin is on the list. */
export function refusalOfReceiver(receivers: readonly string[], url: string): string | undefined {
  const { origin } = new URL(url);
  return receivers.includes(origin) ? undefined : `${origin} is not among the receivers in the orchestrator's settings`;
}

/** Only what names this machine itself may lead to it: a name that stands for another one may not be made to. */
export function isThisMachine(hostname: string): boolean {
  const address = bare(hostname);
  return hostname === "localhost" || (isIP(address) !== 0 && isLoopbackAddress(address));
}

/** The brackets around an IPv6 address are the URL's. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
