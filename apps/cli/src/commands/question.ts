import { createInterface } from "node:readline";
import { UsageError } from "../context.ts";
import { say } from "./global.ts";

/** Whether somebody at the terminal agrees to what is grave. Where nobody can be asked, `--yes` must have said it. */
export async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError("This is asked about first, and there is no terminal to ask at: say --yes.");
  const answer = await answerTo(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return true;
  say("Nothing was done.");
  return false;
}

/** Ctrl-C and the end of the input answer nothing. */
async function answerTo(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.setPrompt(question);
  lines.prompt();
  const answer = await new Promise<string | undefined>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(undefined));
  });
  lines.close();
  if (answer === undefined) say("");
  return answer ?? "";
}
