import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AbilityProbe } from "./abilities.ts";
import { run } from "./interrogation.ts";

/** Answers as QEMU does, and counts how often it was started. */
const played = (machine: string) => String.raw`#!/bin/sh
echo x >> "$0.starts"
if [ "$2" = help ]; then printf 'Available CPUs:\n  max\n\nRecognized CPUID flags:\n  avx avx2\n  sse4.1\n'; exit; fi
echo '{"QMP": {"version": {"qemu": {"micro": 13, "minor": 0, "major": 10}}, "capabilities": ["oob"]}}'
while read -r line; do
  id=$(echo "$line" | grep -o '[0-9]*}$' | tr -d '}')
  case "$line" in
    *query-machines*) r='[{"name": "${machine}", "alias": "q35"}, {"name": "none"}]' ;;
    *qom-list-types*) r='[{"name": "virtio-blk-pci", "parent": "virtio-pci"}]' ;;
    *query-cpu-model*) r='{"model": {"name": "max", "props": {"avx": true, "avx2": false, "sse4.1": true, "sse4-1": true, "pmu": true}}}' ;;
    *query-cpu-definitions*) r='[{"name": "max", "typename": "max-x86_64-cpu", "static": false}, {"name": "qemu64-v1"}]' ;;
    *query-migrate*) r='[{"state": false, "capability": "switchover-ack"}]' ;;
    *) r='{}' ;;
  esac
  echo "{\"return\": $r, \"id\": $id}"
  case "$line" in *quit*) exit ;; esac
done
`;

let folder: string;
let program: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-abilities-"));
  program = join(folder, "qemu");
});

afterEach(async () => await rm(folder, { recursive: true, force: true }));

/** Once for its CPU flags, and once for all else. */
const startsEach = 2;

async function starts(): Promise<number> {
  return (await readFile(`${program}.starts`, "utf8")).trim().split("\n").length;
}

async function install(text: string, atSec: number): Promise<void> {
  await writeFile(program, text);
  await chmod(program, 0o755);
  await utimes(program, atSec, atSec);
}

test("what a QEMU can do is what it says itself; a CPU flag has one name, and what is no flag is none", async () => {
  await install(played("pc-q35-10.0"), 1_000);
  expect(await new AbilityProbe(program).of("tcg")).toEqual({
    machines: ["pc-q35-10.0", "none"],
    aliases: { q35: "pc-q35-10.0" },
    deviceModels: ["virtio-blk-pci"],
    cpuModels: ["max", "qemu64-v1"],
    cpuFlags: ["avx", "sse4.1"],
    knownCpuFlags: ["avx", "avx2", "sse4.1"],
    migration: ["switchover-ack"],
  });
});

test("it is asked once, and again when its file has changed", async () => {
  await install(played("pc-q35-10.0"), 1_000);
  const probe = new AbilityProbe(program);
  const [first, second] = await Promise.all([probe.of("tcg"), probe.of("tcg")]);
  expect(second).toBe(first);
  expect(await starts()).toBe(startsEach);
  await install(played("pc-q35-10.1"), 2_000);
  expect((await probe.of("tcg")).machines).toContain("pc-q35-10.1");
  expect(await starts()).toBe(2 * startsEach);
});

test("why it does not tell is told in its own words, and it is asked again", async () => {
  await install("#!/bin/sh\necho 'Could not access KVM kernel module: Permission denied' >&2\nexit 1\n", 1_000);
  const probe = new AbilityProbe(program);
  await expect(probe.of("kvm")).rejects.toThrow(
    "it ended with status 1: Could not access KVM kernel module: Permission",
  );
  await expect(new AbilityProbe(join(folder, "none")).of("tcg")).rejects.toThrow("ENOENT");
});

test("one that says nothing is ended, with whatever it has started", async () => {
  await install(`#!/bin/sh\nsleep 1000 &\necho $! > ${folder}/pid\nwait\n`, 1_000);
  await expect(run(program, [], "", 300)).rejects.toThrow("it did not answer within 300 ms");
  const pid = (await readFile(join(folder, "pid"), "utf8")).trim();
  const stateOf = async () => (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")).split(" ")[2] ?? "gone";
  await expect.poll(stateOf).toMatch(/gone|Z/);
});
