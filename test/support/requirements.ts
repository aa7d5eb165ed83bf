import { accessSync, constants, readdirSync } from "node:fs";

/** What some tests need beyond Node: installed by the script named here, and by it alone. */
const requirements = {
  postgres: { find: findPostgres, install: "scripts/install-postgres" },
  chromium: { find: () => firstExecutable(["/usr/bin/chromium"]), install: "scripts/install-chromium" },
} as const;

export type Requirement = keyof typeof requirements;

/**
 * Where the required program lies, or why the test is to be skipped. With GODWIT_REQUIRE=all nothing may be missing:
 * then a missing program throws.
 */
export function need(name: Requirement): { path: string; missing?: undefined } | { path?: undefined; missing: string } {
  const path = requirements[name].find();
  if (path !== undefined) return { path };
  const missing = `${name} is not on this machine; ${requirements[name].install} installs it`;
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
