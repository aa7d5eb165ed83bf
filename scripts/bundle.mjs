// Builds the dashboard into apps/dashboard/dist, unless what lies there was made from these very sources. Runs after each install
// (scripts/generate.mjs), before the tests of the page, and as the workspace's `build`.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const home = join(root, "apps", "dashboard");
const stampFile = join(home, "dist", ".stamp");

export async function bundle() {
  const stamp = stampOf();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  // Whatever this process is run for, people get the small React and not the one for its developers.
  process.env["NODE_ENV"] = "production";
  const { build } = await import("vite");
  await build({ configFile: join(home, "vite.config.ts"), logLevel: "warn" });
  // Written last: a bundle written only in part has none.
  writeFileSync(stampFile, stamp);
}

function stampOf() {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  const names = readdirSync(join(home, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = [...names, ...["index.html", "vite.config.ts", "public/mark.svg"].map((name) => join(home, name))];
  for (const name of files.toSorted()) hash.update(name.slice(root.length)).update(readFileSync(name));
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundle();
