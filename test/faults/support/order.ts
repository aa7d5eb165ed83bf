import { rename, writeFile } from "node:fs/promises";
import { z } from "zod";

/** The environment variable by which a program is told where it will find its order. */
export const strikeVariable = "GODWIT_STRIKE";

/** What is to happen at an edge of a process: commands first, then signals, to others and to itself. */
export const StrikeOrder = z.object({
  edge: z.string(),
  commands: z.array(z.array(z.string())),
  signals: z.array(z.object({ pid: z.int(), signal: z.enum(["SIGKILL", "SIGSTOP"]) })),
});
export type StrikeOrder = z.infer<typeof StrikeOrder>;

/** Nobody reads half an order. */
export async function give(file: string, order: StrikeOrder): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(order));
  await rename(`${file}.new`, file);
}
