import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { QmpError } from "./qmp-error.ts";
import { Qmp } from "./qmp.ts";

const greeting = (capabilities: string[]) => ({
  QMP: { version: { qemu: { major: 10, minor: 0, micro: 13 }, package: "Debian" }, capabilities },
});
const event = (name: string, data: object = {}) => ({
  event: name,
  data,
  timestamp: { seconds: 1_700_000_000, microseconds: 500_000 },
});

/** Stands in for QEMU: greets, and leaves it to the test what is answered. */
class Played {
  readonly heard: Record<string, unknown>[] = [];
  answers: (command: Record<string, unknown>) => object | undefined = ({ id }) => ({ id, return: {} });
  capabilities: string[] | undefined = ["oob"];
  socket: Socket | undefined;
  readonly #server: Server;

  constructor(path: string) {
    this.#server = createServer((socket) => this.#serve(socket)).listen(path);
  }

  say(...messages: object[]): void {
    this.socket?.write(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(""));
  }

  close(): void {
    this.socket?.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.socket = socket;
    socket.on("error", () => undefined);
    let held = "";
    socket.on("data", (chunk) => {
      const lines = (held + chunk.toString()).split("\n");
      held = lines.pop() ?? "";
      lines.forEach((line) => this.#hear(JSON.parse(line)));
    });
    if (this.capabilities !== undefined) this.say(greeting(this.capabilities));
  }

  #hear(command: Record<string, unknown>): void {
    this.heard.push(command);
    const answer = this.answers(command);
    if (answer !== undefined) this.say(answer);
  }
}

let folder: string;
let path: string;
let qemu: Played;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-qmp-"));
  path = join(folder, "qmp.sock");
  qemu = new Played(path);
});

afterEach(async () => {
  qemu.close();
  await rm(folder, { recursive: true, force: true });
});

const failure = async (work: Promise<unknown>): Promise<QmpError> => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof QmpError) return error;
  throw new Error("it did not fail as QMP does", { cause: error });
};

describe("negotiation", () => {
  test("asks for commands out of band where they are offered", async () => {
    using qmp = await Qmp.connect(path);
    expect(qmp.version).toEqual({ major: 10, minor: 0, micro: 13 });
    expect(qemu.heard).toEqual([{ execute: "qmp_capabilities", arguments: { enable: ["oob"] }, id: 1 }]);
  });

  test("does without them where they are not", async () => {
    qemu.capabilities = [];
    using qmp = await Qmp.connect(path);
    expect(qemu.heard).toEqual([{ execute: "qmp_capabilities", arguments: {}, id: 1 }]);
    expect((await failure(qmp.executeOutOfBand("yank"))).kind).toBe("refused");
  });

  test("gives up when no greeting comes, as while another client is connected", async () => {
    qemu.capabilities = undefined;
    expect(await failure(Qmp.connect(path, { deadlineMs: 50 }))).toMatchObject({ kind: "deadline" });
  });

  test("tells that nobody listens", async () => {
    expect(await failure(Qmp.connect(join(folder, "nobody.sock")))).toMatchObject({ kind: "closed" });
  });

  test("closes what does not speak QMP", async () => {
    qemu.capabilities = undefined;
    const connecting = failure(Qmp.connect(path));
    while (qemu.socket === undefined) await new Promise(setImmediate);
    qemu.socket.write("SSH-2.0-something\r\n");
    expect(await connecting).toMatchObject({ kind: "protocol", description: expect.stringContaining("SSH-2.0") });
  });
});

describe("commands", () => {
  test("each gets its own answer, in whatever order they come", async () => {
    using qmp = await Qmp.connect(path);
    qemu.answers = () => undefined;
    const first = qmp.execute("query-status");
    const second = qmp.executeOutOfBand("query-yank");
    await expect.poll(() => qemu.heard.length).toBe(3);
    qemu.say({ id: 3, return: ["second"] }, { id: 2, return: { status: "running" } });
    expect(await Promise.all([first, second])).toEqual([{ status: "running" }, ["second"]]);
    expect(qemu.heard.slice(1)).toEqual([
      { execute: "query-status", arguments: {}, id: 2 },
      { "exec-oob": "query-yank", arguments: {}, id: 3 },
    ]);
  });

  test("a refusal has QEMU's class and words", async () => {
    using qmp = await Qmp.connect(path);
    qemu.answers = ({ id }) => ({
      id,
      error: { class: "CommandNotFound", desc: "The command nothing has not been found" },
    });
    expect(await failure(qmp.execute("nothing"))).toMatchObject({
      kind: "refused",
      command: "nothing",
      errorClass: "CommandNotFound",
      message: "nothing: CommandNotFound: The command nothing has not been found",
    });
  });

  test("one without an answer fails in time, and its late answer is dropped", async () => {
    using qmp = await Qmp.connect(path);
    qemu.answers = () => undefined;
    expect(await failure(qmp.execute("migrate_cancel", {}, { deadlineMs: 30 }))).toMatchObject({ kind: "deadline" });
    qemu.say({ id: 2, return: {} });
    qemu.answers = ({ id }) => ({ id, return: "still there" });
    expect(await qmp.execute("query-status")).toBe("still there");
  });

  test("what waits in band never keeps one out of band from being read", async () => {
    using qmp = await Qmp.connect(path);
    qemu.answers = ({ id, ...command }) => ("exec-oob" in command ? { id, return: "cut" } : undefined);
    const stuck = Array.from({ length: 20 }, () => failure(qmp.execute("query-migrate", {}, { deadlineMs: 200 })));
    expect(await qmp.executeOutOfBand("yank")).toBe("cut");
    expect(qemu.heard.filter((command) => command["execute"] === "query-migrate").length).toBeLessThan(8);
    expect(new Set((await Promise.all(stuck)).map((error) => error.kind))).toEqual(new Set(["deadline"]));
  });

  test("all fail when the connection ends, and so do later ones", async () => {
    using qmp = await Qmp.connect(path);
    qemu.answers = () => undefined;
    const asked = [failure(qmp.execute("quit")), failure(qmp.execute("query-status"))];
    await expect.poll(() => qemu.heard.length).toBe(3);
    qemu.socket?.destroy();
    expect((await Promise.all(asked)).map(({ kind, command }) => [kind, command])).toEqual([
      ["closed", "quit"],
      ["closed", "query-status"],
    ]);
    expect((await failure(qmp.execute("cont"))).kind).toBe("closed");
    expect((await qmp.closed).kind).toBe("closed");
  });
});

describe("events", () => {
  test("come in order, from the moment on in which they are asked for, to each reader", async () => {
    using qmp = await Qmp.connect(path);
    using first = qmp.events();
    using second = qmp.events();
    qemu.say(event("STOP"), event("MIGRATION", { status: "completed" }));
    for (const events of [first, second]) {
      expect((await events.next()).value).toEqual({ name: "STOP", data: {}, atMs: 1_700_000_000_500 });
      expect((await events.next()).value).toMatchObject({ data: { status: "completed" } });
    }
  });

  test("end with the connection", async () => {
    using qmp = await Qmp.connect(path);
    const events = qmp.events();
    qemu.say(event("SHUTDOWN"));
    qemu.socket?.end();
    const seen: string[] = [];
    for await (const { name } of events) seen.push(name);
    expect(seen).toEqual(["SHUTDOWN"]);
    expect((await failure(qmp.event("STOP", () => true))).kind).toBe("closed");
  });

  test("a reader that falls behind is told so", async () => {
    using qmp = await Qmp.connect(path);
    const events = qmp.events();
    qemu.say(...Array.from({ length: 1200 }, () => event("RTC_CHANGE")));
    expect(await qmp.execute("query-status")).toEqual({});
    expect((await failure(events.next())).message).toContain("1000 events");
  });

  test("one that does not come is given up in time", async () => {
    using qmp = await Qmp.connect(path);
    const waited = failure(qmp.event("the guest's stop", ({ name }) => name === "STOP", { deadlineMs: 40 }));
    expect(await waited).toMatchObject({ kind: "deadline", description: expect.stringContaining("the guest's stop") });
  });
});
