/** How this project starts its own programs and workers: from source with tsx, or from what was built. */
import { fileURLToPath } from "node:url";

const fromSource = import.meta.url.endsWith(".ts");

/**
 * The entry that lies beside the caller, as a path: `entry(import.meta.url, "./main")` is `main.ts` when the project
 * runs from source and `main.js` when it runs from its build.
 */
export function entry(callerUrl: string, name: string): string {
  return fileURLToPath(new URL(`${name}${fromSource ? ".ts" : ".js"}`, callerUrl));
}

/** What node needs before the path of an entry that is to run in a process of its own. */
export function nodeArguments(): string[] {
  return fromSource ? ["--conditions=source", "--import", import.meta.resolve("tsx")] : [];
}

/** The `execArgv` of a worker thread. On Node 20 tsx does not register itself in workers by being imported: it is told to. */
export function workerArguments(): string[] {
  if (!fromSource) return [];
  const register = `import { register } from ${JSON.stringify(import.meta.resolve("tsx/esm/api"))}; register();`;
  return ["--conditions=source", "--import", `data:text/javascript,${encodeURIComponent(register)}`];
}
