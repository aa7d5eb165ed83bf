import { expect, test } from "vitest";
import { shutWell, switchoverAck } from "./return-path.ts";

test("messages are as QEMU reads them: type and length, big-endian, then so many bytes", () => {
  expect(switchoverAck.toString("hex")).toBe("00070000");
  expect(shutWell.toString("hex")).toBe("0001000400000000");
});
