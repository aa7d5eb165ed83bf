import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runFencingCommand } from "./command.ts";

const host = { id: "id-of-alpha", name: "alpha" };
const never = new AbortController().signal;

function node(program: string, timeoutMs = 20_000) {
  return { command: [process.execPath, "-e", program], timeoutMs, acceptOlderCopy: false };
}

test("exit status 0 proves it, and the command knows which host is meant", async () => {
  const program = "console.log(process.env.GODWIT_HOST, process.env.GODWIT_HOST_ID)";
  expect(await runFencingCommand(node(program), host, never)).toEqual({
    dead: true,
    how: "ended with 0",
    said: ["alpha id-of-alpha"],
  });
});

test("any other end proves nothing; the last lines are kept, however much was written", async () => {
  const program = `
    for (let n = 0; n < 20_000; n += 1) console.log("line " + n);
    process.stdout.write("", () => { console.error("no such\\tplug"); process.exitCode = 3; });`;
  const outcome = await runFencingCommand(node(program), host, never);
  expect(outcome).toMatchObject({ dead: false, how: "ended with 3" });
  expect(outcome.said).toHaveLength(5);
  expect(outcome.said).toContain("no such plug");
  const killed = await runFencingCommand(node("process.kill(process.pid, 'SIGKILL')"), host, never);
  expect(killed).toMatchObject({ dead: false, how: "ended with SIGKILL" });
  const missing = { command: ["/nowhere/fence"], timeoutMs: 1_000, acceptOlderCopy: false };
  const outcomeOfMissing = await runFencingCommand(missing, host, never);
  expect(outcomeOfMissing).toMatchObject({ dead: false, how: expect.stringMatching(/could not be started: .*ENOENT/) });
});

test("at the timeout it is killed with what it has started, and proves nothing", async () => {
  const program = `
    const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" });
    console.log(child.pid);
    setInterval(() => undefined, 1_000);`;
  const outcome = await runFencingCommand(node(program, 1_500), host, never);
  expect(outcome).toMatchObject({ dead: false, how: "was still running after 1500 ms and was killed" });
  // Where nobody has reaped it yet it is a zombie.
  const child = await readFile(`/proc/${outcome.said[0]}/stat`, "utf8").catch(() => ") Z");
  expect(child).toMatch(/\) Z/);
});

test("an orchestrator that stops ends the command; an argument is no shell's to read", async () => {
  const stop = new AbortController();
  const running = runFencingCommand(node("setInterval(() => undefined, 1_000)"), host, stop.signal);
  stop.abort();
  expect(await running).toMatchObject({ dead: false, how: "ended with SIGKILL" });
  const printing = { command: ["echo", "$GODWIT_HOST; exit 1"], timeoutMs: 20_000, acceptOlderCopy: false };
  expect(await runFencingCommand(printing, host, never)).toMatchObject({ dead: true, said: ["$GODWIT_HOST; exit 1"] });
});
