import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Client } from "@godwit/client";
import type { Command } from "commander";
import { z } from "zod";

/** Where the commands of a checkout find the demo that runs in it. */
export const contextFile = ".godwit/context.json";

const Context = z.object({ server: z.url(), tokenFile: z.string() });
export type Context = z.infer<typeof Context>;

export class UsageError extends Error {
  override name = "UsageError";
}

/** `--server` and `--token-file`, else GODWIT_SERVER and GODWIT_TOKEN_FILE, else what a running demo has left in this folder. */
export async function clientOf(command: Command, signal?: AbortSignal): Promise<Client> {
  const { server, tokenFile } = z
    .object({ server: z.string().optional(), tokenFile: z.string().optional() })
    .parse(command.optsWithGlobals());
  const found = await contextHere();
  const url = server ?? process.env["GODWIT_SERVER"] ?? found?.server;
  const file = tokenFile ?? process.env["GODWIT_TOKEN_FILE"] ?? found?.tokenFile;
  if (url === undefined || file === undefined) {
    throw new UsageError(
      "Name the server with --server and --token-file (or GODWIT_SERVER and GODWIT_TOKEN_FILE), or start the demo here: npm start",
    );
  }
  const token = await readFile(file, "utf8").catch(() => {
    throw new UsageError(`The token file ${file} cannot be read`);
  });
  return new Client({ server: url, token: token.trim(), signal });
}

async function contextHere(): Promise<Context | undefined> {
  const text = await readFile(resolve(contextFile), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Context.parse(JSON.parse(text));
}
