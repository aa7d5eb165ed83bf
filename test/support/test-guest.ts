import { fileURLToPath } from "node:url";
import { findSampleGuest } from "@godwit/qemu";

/** Where `scripts/install-qemu` puts things unless it is told otherwise. */
export const guestFolder =
  process.env["GODWIT_QEMU"] ?? fileURLToPath(new URL("../../.godwit-tools/qemu", import.meta.url));

export const findTestGuest = () => findSampleGuest(guestFolder);
