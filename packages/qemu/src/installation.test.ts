import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Candidate, findPrograms } from "./installation.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-installation-"));
});

afterEach(async () => await rm(root, { recursive: true, force: true }));

/** A folder with both, which say no more than how old they are. */
async function withPrograms(name: string, qemu: string, virtiofsd = "virtiofsd 1.13.2"): Promise<string> {
  const folder = join(root, name);
  await mkdir(join(folder, "bin"), { recursive: true });
  for (const [program, version] of [
    ["qemu-system-x86_64", `QEMU emulator version ${qemu} (Debian)`],
    ["virtiofsd", virtiofsd],
  ] as const) {
    const file = join(folder, "bin", program);
    await writeFile(
      file,
      `#!/bin/sh\n[ "$1" = --help ] && echo "--migration-mode <mode>: find-paths or file-handles"\necho "${version}"\n`,
    );
    await chmod(file, 0o755);
  }
  return folder;
}

const ownIn = (folder: string): Candidate => ({
  qemu: join(folder, "bin/qemu-system-x86_64"),
  virtiofsd: join(folder, "bin/virtiofsd"),
});

test("the machine's own QEMU is used from 8.2 on, where none was named or what was named has none", async () => {
  const own = ownIn(await withPrograms("own", "8.2.0"));
  const found = { ...own, version: "8.2.0", virtiofsdVersion: "1.13.2", virtiofsdFormat: 2 };
  expect(findPrograms([], own)).toEqual(found);
  expect(findPrograms([join(root, "nothing")], own)).toEqual(found);
});

test("what was named goes before the machine's own, and what is too old is passed over", async () => {
  const own = ownIn(await withPrograms("own", "10.0.13"));
  const named = await withPrograms("named", "9.2.1", "virtiofsd 1.11.0");
  expect(findPrograms([named], own)).toMatchObject({ qemu: ownIn(named).qemu, version: "9.2.1" });
  expect(findPrograms([await withPrograms("named", "8.1.5")], own)).toMatchObject({ qemu: own.qemu });
  expect(findPrograms([await withPrograms("named", "9.2.1", "virtiofsd 1.10.1")], own)).toMatchObject({
    qemu: own.qemu,
  });
});

test("where none is new enough it is told why, of each", async () => {
  const own = ownIn(await withPrograms("own", "7.2.11"));
  const { missing } = findPrograms([join(root, "nothing")], own);
  expect(missing).toBe(
    `there is no ${join(root, "nothing/bin/qemu-system-x86_64")}; ${own.qemu} is QEMU 7.2.11, older than 8.2`,
  );
});
