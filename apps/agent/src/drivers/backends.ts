import type { Backend } from "@godwit/backend";
import type { FoundPrograms } from "@godwit/qemu";
import { directoryBackend } from "./directory/index.ts";
import { memoryBackend } from "./memory/index.ts";
import { qemuBackend } from "./qemu/index.ts";
import { virtiofsBackend } from "./virtiofs/index.ts";

/** Those that a host has only with QEMU. */
export const kindsOfQemu = ["qemu", "virtiofs"];

/** The back ends that come with the agent, by kind. */
export function backends(options: {
  directories: string;
  capacityBytes: number | undefined;
  /** Absent where this host has no QEMU that could be driven. */
  programs: FoundPrograms | undefined;
}): ReadonlyMap<string, Backend> {
  const { directories, capacityBytes, programs } = options;
  // Each back end parses its own configuration, so that outside of it a configuration is unknown.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const all = [
    memoryBackend({ capacityBytes }),
    directoryBackend({ root: directories }),
    ...(programs === undefined ? [] : ofQemu(programs, directories)),
  ] as unknown as Backend[];
  return new Map(all.map((backend) => [backend.kind, backend]));
}

function ofQemu(programs: FoundPrograms, root: string) {
  const { qemu, virtiofsd, version, virtiofsdVersion, virtiofsdFormat: format } = programs;
  return [
    qemuBackend({ program: qemu, version }),
    virtiofsBackend({ program: virtiofsd, version: virtiofsdVersion, format, root }),
  ];
}
