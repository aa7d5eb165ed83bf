import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPrograms, type QemuPrograms } from "@godwit/qemu";

/** Where `scripts/install-qemu` puts things unless it is told otherwise. */
export const guestFolder =
  process.env["GODWIT_QEMU"] ?? fileURLToPath(new URL("../../.godwit-tools/qemu", import.meta.url));

export interface TestGuest {
  programs: QemuPrograms;
  kernel: string;
  initramfs: string;
}

/** The programs and the guest that they run, or why there are none. */
export function findTestGuest(): (TestGuest & { missing?: undefined }) | { missing: string } {
  const [kernel, initramfs] = [join(guestFolder, "guest/vmlinuz"), join(guestFolder, "guest/initramfs.cpio")];
  const absent = [kernel, initramfs].find((file) => !existsSync(file));
  if (absent !== undefined) return { missing: `there is no ${absent}` };
  const programs = findPrograms([guestFolder]);
  return programs.missing === undefined ? { programs, kernel, initramfs } : programs;
}
