import { existsSync } from "node:fs";
import { join } from "node:path";
import { findPrograms, type QemuPrograms } from "../installation.ts";

/** By which it mounts its share. */
export const sampleShareTag = "share";

export interface SampleGuest {
  programs: QemuPrograms;
  kernel: string;
  initramfs: string;
}

/** What the guest does from its start on; it can be told otherwise on its console. */
export interface SampleWork {
  /** Memory that it rewrites over and over, and the most that it may be told to. */
  mib: number;
  roomMib: number;
  /** 0: as fast as it can. */
  mibPerSec: number;
}

/** The programs, and the guest of tests and of the demo, in the folder that `scripts/install-qemu` has made; or why there are none. */
export function findSampleGuest(folder: string): (SampleGuest & { missing?: undefined }) | { missing: string } {
  const [kernel, initramfs] = [join(folder, "guest/vmlinuz"), join(folder, "guest/initramfs.cpio")];
  const absent = [kernel, initramfs].find((file) => !existsSync(file));
  if (absent !== undefined) return { missing: `there is no ${absent}` };
  const programs = findPrograms([folder]);
  return programs.missing === undefined ? { programs, kernel, initramfs } : programs;
}

/** The kernel leaves out what takes its time under emulation; the rest is for the guest's program. */
export function sampleCommandLine({ mib, roomMib, mibPerSec }: SampleWork): string {
  const kernel =
    "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check 8250.nr_uarts=1 i8042.nokbd i8042.noaux " +
    "cryptomgr.notests random.trust_cpu=on noreplace-smp rcupdate.rcu_expedited=1";
  return `${kernel} share=${sampleShareTag} room=${roomMib} mib=${mib} rate=${mibPerSec}`;
}
