import { BlockList, isIP } from "node:net";

const blocked: [address: string, prefix: number][] = [
  // "This network", and the unspecified address, which connects to this machine.
  ["0.0.0.0", 8],
  // Link-local, where clouds tell machines who they are.
  ["169.254.0.0", 16],
  // The same service of clouds that keep it elsewhere.
  ["100.100.100.200", 32],
  ["192.0.0.192", 32],
  ["168.63.129.16", 32],
  // Multicast, reserved, broadcast.
  ["224.0.0.0", 3],
  ["::", 128],
  ["fe80::", 10],
  ["fec0::", 10],
  ["fd00:ec2::", 32],
  ["fd20:ce::254", 128],
  ["ff00::", 8],
  // IPv4 inside IPv6, by which any of the above could be named otherwise.
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
];

const never = listOf(blocked);
const loopback = listOf([
  ["127.0.0.0", 8],
  ["::1", 128],
]);

export function isLoopbackAddress(address: string): boolean {
  return loopback.check(plain(address), familyOf(plain(address)));
}

/** Why nothing is ever sent there, whatever name it was found by; undefined where it may be. */
export function refusalOfAddress(address: string, may: { loopback: boolean }): string | undefined {
  if (isIP(address) === 0) return `"${address}" is no address`;
  if (isLoopbackAddress(address))
    return may.loopback ? undefined : `${address} is this machine itself, which the list of receivers does not name`;
  if (never.check(plain(address), familyOf(plain(address))))
    return `${address} is link-local, a cloud's metadata service, or not the address of one machine`;
  return undefined;
}

function listOf(subnets: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, familyOf(address));
  return list;
}

/** An IPv4 address that is written as an IPv6 one is that IPv4 address: `::ffff:127.0.0.1`, `::ffff:7f00:1`. */
function plain(address: string): string {
  if (isIP(address) !== 6) return address;
  const bare = address.replace(/%.*$/, "");
  const written = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written) ?? [];
  if (high === undefined || low === undefined) return bare;
  const number = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
