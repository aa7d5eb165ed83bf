import { isAbsolute } from "node:path";
import { ConfigError, type DeviceContext } from "@godwit/backend";
import { noteAdopted, ownerOf, readServing, wordsOf } from "@godwit/qemu";
import type { Adoption } from "./config.ts";

/**
 * Takes over a virtiofsd that serves: notes whose process it is, and changes nothing about it.
 *
 * @returns what makes its like
 */
export async function adopt({ config, dataFolder }: DeviceContext<Adoption>): Promise<object> {
  const { socket } = config.adopt;
  const process = await ownerOf(socket);
  if (process === undefined)
    throw new ConfigError("/adopt/socket", `there is no process behind ${socket} that the agent may look at`);
  const { directory, sandbox, options } = readServing(await wordsOf(process));
  if (directory === undefined || !isAbsolute(directory))
    throw new ConfigError(
      "/adopt/socket",
      `the process behind ${socket} was not told by --shared-dir, with its whole path, what it serves`,
    );
  await noteAdopted(dataFolder, { process, socket });
  return { path: directory, sandbox, options };
}
