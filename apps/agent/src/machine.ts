import { readFile } from "node:fs/promises";
import { type Disk, systemDisk } from "./disk.ts";

/** Linux gives each start of the machine an id of its own (random(4)). */
const bootIdFile = "/proc/sys/kernel/random/boot_id";

/** What the agent has to know of the machine that it runs on. */
export interface Machine {
  /** It was started anew since the agent's last run: whatever ran on it does not run any more. */
  startedAnew: boolean;
  /** From here on a restart of the agent is one of the agent alone. */
  noteStart: () => Promise<void>;
}

/** By the id of the machine's start, kept in a file; where there is no such id, no start of the machine is ever noticed. */
export async function machineBy(path: string, disk: Disk = systemDisk): Promise<Machine> {
  const bootId = (await readFile(bootIdFile, "utf8").catch(() => "")).trim();
  const known = (await disk.read(path)).trim();
  return {
    startedAnew: bootId !== "" && known !== "" && known !== bootId,
    noteStart: async () => {
      if (bootId !== "" && known !== bootId) await disk.replace(path, `${bootId}\n`);
    },
  };
}
