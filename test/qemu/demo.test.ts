import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { processesOf } from "../e2e/support/processes.ts";
import { Talk } from "../e2e/support/talk.ts";
import { need } from "../support/requirements.ts";
import { guestFolder } from "../support/test-guest.ts";

const qemu = need("qemu");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-demo-"));
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("the demo with virtual machines", () => {
  test("Q5: moves two guests there and back, which lose nothing, and leaves no process when it is interrupted", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const data = join(folder, "demo");
    await using demo = new Talk(["demo", "--qemu", guestFolder, "--port", "7340", "--data", data], folder);
    const seen = await demo.hear(/^What the guests said on their consoles: (.*)$/m, 240_000);
    expect(demo.said.match(/^ {2}completed: /gm)).toHaveLength(4);
    const whole = String.raw`\d+ heartbeats, 0 missing, 0 of \d+ writes to the share failed, 0 bad pages`;
    expect(seen).toMatch(new RegExp(`^calm ${whole}; busy ${whole}\\.$`));
    await demo.hear(/^The demo goes on until Ctrl-C\.$/m, 1_000);
    expect(await demo.interrupt()).toBe(0);
    expect(await processesOf(folder)).toEqual([]);
  }, 300_000);

  test("says how to get what it lacks", async () => {
    await using demo = new Talk(["demo", "--qemu", join(folder, "nothing"), "--data", join(folder, "none")], folder);
    expect(await demo.ended()).toBe(2);
    expect(demo.said).toMatch(/nothing\/guest\/vmlinuz.*scripts\/install-qemu/s);
  });
});
