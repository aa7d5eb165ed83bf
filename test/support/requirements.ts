import { execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { findTestGuest, guestFolder } from "./test-guest.ts";

/** What some tests need beyond Node, and how it is come by: programs by the script named here, and by it alone. */
const requirements = {
  postgres: { find: findPostgres, missing: "postgres is not on this machine; scripts/install-postgres installs it" },
  chromium: {
    find: () => firstExecutable(["/usr/bin/chromium"]),
    missing: "chromium is not on this machine; scripts/install-chromium installs it",
  },
  qemu: {
    find: () => (findTestGuest().missing === undefined ? guestFolder : undefined),
    missing: "QEMU with virtiofsd and the test guest are not on this machine; scripts/install-qemu fetches them",
  },
  namespaces: {
    find: findNamespaces,
    missing: "links are cut between network namespaces, which need root and the program ip",
  },
} as const;

export type Requirement = keyof typeof requirements;

/**
 * Where the required program lies, or why the test is to be skipped. With GODWIT_REQUIRE=all nothing may be missing:
 * then a missing program throws.
 */
export function need(name: Requirement): { path: string; missing?: undefined } | { path?: undefined; missing: string } {
  const { find, missing } = requirements[name];
  const path = find();
  if (path !== undefined) return { path };
  if (process.env["GODWIT_REQUIRE"] === "all") throw new Error(missing);
  return { missing };
}

/** The folder of a PostgreSQL (>= 15) server's programs, as Debian lays them out; the newest first. */
function findPostgres(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = listFolder(root)
    .map(Number)
    .filter((version) => version >= 15)
    .toSorted((a, b) => b - a);
  return versions.map((version) => `${root}/${version}/bin`).find((bin) => isExecutable(`${bin}/initdb`));
}

/** The program that makes them, where this user may: found out by making one that is gone at once. */
function findNamespaces(): string | undefined {
  try {
    execFileSync("unshare", ["--net", "true"], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return firstExecutable(["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"]);
}

function firstExecutable(paths: string[]): string | undefined {
  return paths.find(isExecutable);
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
