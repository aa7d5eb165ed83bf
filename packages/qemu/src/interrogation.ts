import { spawn } from "node:child_process";
import { once } from "node:events";
import { LineReader, type Said, understand } from "./qmp/qmp-lines.ts";

/** What QEMU says of itself is about 100 kB. */
const saidLimitBytes = 16 * 1024 * 1024;
const shownOfError = 500;

export interface Question {
  name: string;
  arguments?: object;
}

/**
 * Starts a QEMU without a guest, asks it, and has it end. The answers are in the order of the questions.
 *
 * @throws what it said where it did not start, refused a question, or took longer than `deadlineMs`
 */
export async function interrogate(
  program: string,
  args: string[],
  questions: Question[],
  deadlineMs: number,
): Promise<unknown[]> {
  const noGuest = ["-machine", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S", "-qmp", "stdio"];
  const commands = [{ name: "qmp_capabilities" }, ...questions, { name: "quit" }];
  // A QEMU that ends drops what nobody has read yet: a pipe holds less than it has to say.
  const answered = new RegExp(`"id": ?${questions.length}\\b`);
  const lines = commands.map((command, id) =>
    JSON.stringify({ execute: command.name, arguments: "arguments" in command ? command.arguments : {}, id }),
  );
  const [quit = "", ...asked] = lines.toReversed().map((line) => `${line}\n`);
  const then = { once: answered, say: quit };
  const told = await run(program, [...noGuest, ...args], asked.toReversed().join(""), deadlineMs, then);
  const said = new LineReader().take(Buffer.from(told.text)).map(understand);
  return questions.map((question, index) => answerIn(said, index + 1, question, told.errors));
}

/**
 * What a program writes to its standard output before it ends. Its input stays open: a QEMU that sees its end drops what it has not
 * carried out yet.
 *
 * @param then what it is told once it has said something
 *
 * @throws where it has not ended well in time
 */
export async function run(
  program: string,
  args: string[],
  input: string,
  deadlineMs: number,
  then?: { once: RegExp; say: string },
): Promise<{ text: string; errors: string }> {
  // In a group of its own: whatever a script in QEMU's place has started ends with it.
  const child = spawn(program, args, { detached: true, stdio: "pipe" });
  const said = { text: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.text += text;
    if (then?.once.test(said.text) === true) {
      child.stdin.write(then.say);
      then = undefined;
    }
    if (said.text.length > saidLimitBytes) end();
  });
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (said.errors = (said.errors + text).slice(-shownOfError)));
  child.stdin.on("error", () => undefined);
  const end = () => child.pid !== undefined && kill(child.pid);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, deadlineMs);
  try {
    if (input !== "") child.stdin.write(input);
    const [status] = await once(child, "close");
    if (status === 0) return said;
    const why = isLate ? `it did not answer within ${deadlineMs} ms` : `it ended with status ${status ?? "none"}`;
    throw new Error([why, said.errors.trim()].filter(Boolean).join(": "));
  } finally {
    clearTimeout(timer);
  }
}

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

function answerIn(said: Said[], id: number, { name }: Question, errors: string): unknown {
  for (const each of said) {
    if (each.kind === "answer" && each.id === id) return each.result;
    if (each.kind === "refusal" && each.id === id) throw new Error(`${name}: ${each.description}`);
  }
  throw new Error(`it did not answer ${name}${errors === "" ? "" : `: ${errors.trim()}`}`);
}
