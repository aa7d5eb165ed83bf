import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Source {
  /** From the repository's root. */
  path: string;
  /** "packages/core", "apps/agent", or "test", "bench", "scripts". */
  house: string;
  isTest: boolean;
  text: string;
  /** What it imports, as written. */
  imports: string[];
}

const places = ["packages", "apps", "test", "bench", "scripts"];
const passedOver = new Set(["node_modules", "dist", "generated", ".turbo"]);

/** Every TypeScript file that people write. */
export const sources: Source[] = places.flatMap((place) => filesBelow(join(root, place))).map(read);

function filesBelow(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
    if (passedOver.has(each.name)) return [];
    const path = join(folder, each.name);
    if (each.isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(each.name) ? [path] : [];
  });
}

function read(path: string): Source {
  const text = readFileSync(path, "utf8");
  const shown = relative(root, path);
  const [first = "", second = ""] = shown.split("/");
  return {
    path: shown,
    house: first === "packages" || first === "apps" ? `${first}/${second}` : first,
    isTest: shown.endsWith(".test.ts") || /(^|\/)(test|support)\//.test(shown),
    text,
    imports: importsOf(text),
  };
}

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`. */
function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
