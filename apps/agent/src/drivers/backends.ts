import type { Backend } from "@godwit/backend";
import { directoryBackend } from "./directory/index.ts";
import { memoryBackend } from "./memory/index.ts";

/** The back ends that come with the agent, by kind. */
export function backends(options: {
  directories: string;
  capacityBytes: number | undefined;
}): ReadonlyMap<string, Backend> {
  // Each back end parses its own configuration, so that outside of it a configuration is unknown.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const all = [
    memoryBackend({ capacityBytes: options.capacityBytes }),
    directoryBackend({ root: options.directories }),
  ] as unknown as Backend[];
  return new Map(all.map((backend) => [backend.kind, backend]));
}
