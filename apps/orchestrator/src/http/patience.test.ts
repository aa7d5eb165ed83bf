import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { patience } from "./patience.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function request(): { raw: IncomingMessage } {
  return { raw: new IncomingMessage(new Socket()) };
}

test("a long poll ends in time, whatever garbage is collected meanwhile, and leaves nothing on its connection", async () => {
  const { raw } = request();
  const signal = patience({ raw }, 0.2);
  const ended = once(signal, "abort");
  for (let time = 0; time < 5; time += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  expect(signal.aborted).toBe(false);
  expect(raw.socket.listenerCount("close")).toBe(1);
  await ended;
  expect(raw.socket.listenerCount("close")).toBe(0);
});

test("a long poll ends when nobody listens any more", () => {
  const { raw } = request();
  const signal = patience({ raw }, 3_600);
  raw.socket.emit("close");
  expect(signal.aborted).toBe(true);
});
