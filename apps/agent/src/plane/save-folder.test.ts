import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SaveManifest } from "@godwit/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  asSaveError,
  dropSave,
  listFiles,
  placeSave,
  prepareFolder,
  readManifest,
  seal,
  temporaryOf,
  verifyFiles,
} from "./save-folder.ts";

const id = "01900000-0000-7000-8000-000000000001";
const another = "01900000-0000-7000-8000-000000000002";
const never = new AbortController().signal;
let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), "godwit-save-"))));
afterEach(async () => await rm(root, { recursive: true }));

/** A save under its temporary name, whole but for that. */
async function written(folder: string, saveId = id): Promise<SaveManifest> {
  const temporary = await prepareFolder({ folder, id: saveId });
  await mkdir(join(temporary, "ram"));
  await writeFile(join(temporary, "ram", "stream"), "state");
  const backend = { kind: "memory", version: "1", format: { writes: 1, reads: [1] }, features: [], can: {} };
  const definition = { name: "ram", kind: "memory", config: {} };
  const files = await listFiles(join(temporary, "ram"));
  const manifest: SaveManifest = {
    format: 1,
    id: saveId,
    savedAt: new Date(0).toISOString(),
    host: "alpha",
    guest: { id: another, name: "web" },
    epoch: 2,
    devices: [{ definition, backend, sizeBytes: 5, digest: "00", files }],
  };
  await seal(temporary, manifest);
  return manifest;
}

test("F3: a save gets its name once it is sealed, also where an empty folder was there, and also when it is asked for again", async () => {
  for (const name of ["new", "empty"]) {
    const place = { folder: join(root, name), id };
    if (name === "empty") await mkdir(place.folder);
    const manifest = await written(place.folder);
    expect(await placeSave(place)).toEqual(manifest);
    expect(await placeSave(place)).toEqual(manifest);
    expect(await readManifest(place.folder)).toEqual(manifest);
    await verifyFiles(place.folder, manifest, never);
  }
  expect(await readdir(root)).toEqual(["empty", "new"]);
});

test("F3: a name that was taken meanwhile is left to whoever has it, and nothing of the save stays", async () => {
  const place = { folder: join(root, "taken"), id };
  await written(place.folder);
  await mkdir(place.folder);
  await writeFile(join(place.folder, "precious"), "data");
  await expect(placeSave(place)).rejects.toMatchObject({ code: "folder-taken" });
  await dropSave(place);
  expect(await readdir(root)).toEqual(["taken"]);
  expect(await readFile(join(place.folder, "precious"), "utf8")).toBe("data");
});

test("F3: another save under the name is not taken for this one, and is not dropped for it", async () => {
  const folder = join(root, "web");
  const manifest = await written(folder, another);
  await placeSave({ folder, id: another });
  await expect(placeSave({ folder, id })).rejects.toMatchObject({ code: "folder-taken" });
  await dropSave({ folder, id });
  expect(await readManifest(folder)).toEqual(manifest);
  await dropSave({ folder, id: another });
  expect(await readdir(root)).toEqual([]);
});

test("F3: what an earlier attempt of the same save has left makes room", async () => {
  const place = { folder: join(root, "web"), id };
  await written(place.folder);
  await prepareFolder(place);
  expect(await readdir(temporaryOf(place))).toEqual([]);
});

test("F4: a manifest of another format is told apart from a damaged one, and so is a folder that holds none from one that is not there", async () => {
  const folder = join(root, "web");
  const manifest = await written(folder);
  await placeSave({ folder, id });
  const path = join(folder, "manifest.json");
  await rm(path);
  await seal(folder, JSON.parse(JSON.stringify({ ...manifest, format: 2 })));
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "save-format" });
  await rm(path);
  await seal(folder, { ...manifest, host: "NOT A NAME" });
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "save-damaged" });
  await writeFile(path, "{}");
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "save-damaged" });
  await rm(path);
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "save-damaged" });
  await expect(readManifest(join(root, "nothing"))).rejects.toMatchObject({ code: "folder-missing" });
});

test.each([
  [Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }), "no-room"],
  [new Error("Unable to write to file: No space left on device"), "no-room"],
  [Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }), "folder-forbidden"],
  [Object.assign(new Error("its process has ended"), { code: "gone" }), "gone"],
])("F3: %s is told as %s", (error, code) => {
  expect(asSaveError("/saves/web", error)).toMatchObject({ code });
});
