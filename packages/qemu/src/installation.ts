import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface QemuPrograms {
  qemu: string;
  virtiofsd: string;
  /** Of QEMU: "10.0.13". */
  version: string;
  virtiofsdVersion: string;
  /** Of the state that virtiofsd writes; it reads all up to this. */
  virtiofsdFormat: number;
}

export type FoundPrograms = QemuPrograms & { missing?: undefined };

export interface Candidate {
  qemu: string;
  virtiofsd: string;
}

/** The state of a vhost-user device goes with a migration from these releases on. */
const oldestQemu = [8, 2];
const oldestVirtiofsd = [1, 11];

const ofThisMachine: Candidate = { qemu: "/usr/bin/qemu-system-x86_64", virtiofsd: "/usr/libexec/virtiofsd" };

/**
 * The QEMU and virtiofsd in the first of the folders that has them, else the machine's own, else why there are none. Those that are too old
 * are passed over.
 */
export function findPrograms(folders: string[] = [], own = ofThisMachine): FoundPrograms | { missing: string } {
  const unpacked = folders.map((folder) => ({
    qemu: join(folder, "bin/qemu-system-x86_64"),
    virtiofsd: join(folder, "bin/virtiofsd"),
  }));
  const reasons: string[] = [];
  for (const candidate of [...unpacked, own]) {
    const looked = look(candidate);
    if (typeof looked !== "string") return looked;
    reasons.push(looked);
  }
  return { missing: reasons.join("; ") };
}

function look({ qemu, virtiofsd }: Candidate): FoundPrograms | string {
  const absent = [qemu, virtiofsd].find((program) => !existsSync(program));
  if (absent !== undefined) return `there is no ${absent}`;
  const version = versionOf(qemu);
  if (!isAtLeast(version, oldestQemu)) return `${qemu} is QEMU ${version ?? "of no known version"}, older than 8.2`;
  const served = versionOf(virtiofsd);
  if (!isAtLeast(served, oldestVirtiofsd)) return `${virtiofsd} is of version ${served ?? "unknown"}, older than 1.11`;
  return {
    qemu,
    virtiofsd,
    version: version ?? "",
    virtiofsdVersion: served ?? "",
    virtiofsdFormat: formatOf(virtiofsd),
  };
}

function versionOf(program: string): string | undefined {
  return /\d+\.\d+(\.\d+)?/.exec(said(program, "--version"))?.[0];
}

/** The second one, which an older virtiofsd does not understand, came with the migration of file handles. */
function formatOf(virtiofsd: string): number {
  return /--migration-mode[^]*file-handles/.test(said(virtiofsd, "--help")) ? 2 : 1;
}

function said(program: string, option: string): string {
  try {
    return execFileSync(program, [option], { encoding: "utf8", timeout: 30_000, stdio: "pipe" });
  } catch {
    return "";
  }
}

function isAtLeast(version: string | undefined, [major = 0, minor = 0]: number[]): boolean {
  const [isMajor = 0, isMinor = 0] = (version ?? "0.0").split(".").map(Number);
  return isMajor > major || (isMajor === major && isMinor >= minor);
}
