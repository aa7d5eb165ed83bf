import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type AgentAnswer,
  ManifestFormat,
  manifestMaxBytes,
  saveFormat,
  SaveManifest,
  SealedManifest,
} from "@godwit/contract";
import { detailOf } from "./failure.ts";

/** One save: where it is to be, and which one it is. */
export interface SavePlace {
  folder: string;
  id: string;
}

export class SaveError extends Error {
  override name = "SaveError";
  readonly code: string;
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

const manifestFile = "manifest.json";

/** Beside the folder, and so on the same file system: what is written there has the folder's name only once it is whole. */
export function temporaryOf({ folder, id }: SavePlace): string {
  return join(dirname(folder), `.godwit-save-${id}`);
}

/** Makes the temporary folder. @throws {SaveError} where the folder could not be given its name in the end */
export async function prepareFolder(place: SavePlace): Promise<string> {
  const temporary = temporaryOf(place);
  await speaking(place.folder, async () => {
    await expectFree(place.folder);
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { mode: 0o700 });
  });
  return temporary;
}

/** Seals a folder whose files are all written: from here on it says what it holds, also after a power cut. */
export async function seal(folder: string, manifest: SaveManifest): Promise<void> {
  const text = JSON.stringify({ sha256: digestOfText(JSON.stringify(manifest)), manifest });
  await writeFile(join(folder, manifestFile), `${text}\n`, { flag: "wx", mode: 0o600 });
  for (const { definition, files } of manifest.devices) {
    for (const { name } of files) await sync(join(folder, definition.name, name));
    await sync(join(folder, definition.name));
  }
  await sync(join(folder, manifestFile));
  await sync(folder);
}

/** F3: gives a sealed save its name; safe to repeat. @throws {SaveError} when it has not got it */
export async function placeSave(place: SavePlace): Promise<SaveManifest> {
  const { folder } = place;
  const temporary = temporaryOf(place);
  return await speaking(folder, async () => {
    if ((await lstat(temporary).catch(() => undefined)) === undefined) return await expectPlaced(place);
    const manifest = await readManifest(temporary);
    await rename(temporary, folder);
    try {
      await sync(dirname(folder));
    } catch (error) {
      // Whether it would still have its name after a power cut nobody can tell.
      await rename(folder, temporary);
      throw error;
    }
    return manifest;
  });
}

/** What was to be a save is none: of what there is under either name nothing stays. */
export async function dropSave(place: SavePlace): Promise<void> {
  await rm(temporaryOf(place), { recursive: true, force: true });
  const placed = await readManifest(place.folder).catch(() => undefined);
  if (placed?.id === place.id) await rm(place.folder, { recursive: true, force: true });
}

/** @throws {SaveError} where there is no manifest of this format, whole and as it was written */
export async function readManifest(folder: string): Promise<SaveManifest> {
  const path = join(folder, manifestFile);
  const text = await speaking(folder, async () => {
    await readdir(folder);
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size === 0 || size > manifestMaxBytes) throw damaged(`${folder} holds no save: it has no ${manifestFile}`);
    return await readFile(path, "utf8");
  });
  const sealed = SealedManifest.safeParse(parsed(text));
  if (!sealed.success || digestOfText(JSON.stringify(sealed.data.manifest)) !== sealed.data.sha256)
    throw damaged(`${path} is not as it was written`);
  const { manifest } = sealed.data;
  const { data: { format } = { format: 0 } } = ManifestFormat.safeParse(manifest);
  if (format !== saveFormat)
    throw new SaveError("save-format", `${folder} is of format ${format}; this version reads ${saveFormat}`);
  const known = SaveManifest.safeParse(manifest);
  if (!known.success) throw damaged(`${path} makes no sense: ${known.error.issues[0]?.message ?? "unknown"}`);
  return known.data;
}

/** What a device's folder holds. */
export async function listFiles(folder: string): Promise<SaveManifest["devices"][number]["files"]> {
  const names = (await readdir(folder)).toSorted();
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name, bytes: (await stat(path)).size, sha256: await digestOfFile(path) };
    }),
  );
}

/** F4: every file is as it was written, and none is missing. @throws {SaveError} */
export async function verifyFiles(folder: string, manifest: SaveManifest, signal: AbortSignal): Promise<void> {
  for (const { definition, files } of manifest.devices) {
    for (const { name, bytes, sha256 } of files) {
      const path = join(folder, definition.name, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) throw damaged(`${path} is missing`);
      if (found.size !== bytes) throw damaged(`${path} has ${found.size} bytes; ${bytes} were written`);
      if ((await speaking(folder, async () => await digestOfFile(path, signal))) !== sha256)
        throw damaged(`${path} is not as it was written: its SHA-256 differs`);
    }
  }
}

export function bytesOf({ devices }: SaveManifest): number {
  return devices.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What the orchestrator is told of a save. */
export function summaryOf(manifest: SaveManifest): AgentAnswer<"inspectSave"> {
  const { id, guest, epoch, devices } = manifest;
  const definitions = devices.map(({ definition }) => definition);
  return { saveId: id, guestId: guest.id, epoch, bytes: bytesOf(manifest), devices: definitions };
}

/** What went wrong with a folder, by the codes of the problems. */
export function asSaveError(folder: string, error: unknown): unknown {
  if (error instanceof SaveError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? codes[error.code] : undefined;
  // QEMU says it in words alone.
  const known = code ?? (/no space left on device/i.test(error.message) ? "no-room" : undefined);
  if (known === undefined) return error;
  const what = known === "no-room" ? `there is no room left on the disk of ${folder}: ` : `${folder}: `;
  return new SaveError(known, `${what}${detailOf(error)}`, { cause: error });
}

const codes: Record<string, string> = {
  ENOSPC: "no-room",
  EDQUOT: "no-room",
  EFBIG: "no-room",
  ENOENT: "folder-missing",
  ENOTDIR: "folder-missing",
  EACCES: "folder-forbidden",
  EPERM: "folder-forbidden",
  EROFS: "folder-forbidden",
  ENOTEMPTY: "folder-taken",
  EEXIST: "folder-taken",
};

async function speaking<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asSaveError(folder, error);
  }
}

/** An empty folder may be there: it makes room for the save. */
async function expectFree(folder: string): Promise<void> {
  const parent = await stat(dirname(folder));
  if (!parent.isDirectory()) throw new SaveError("folder-missing", `${dirname(folder)} is no folder`);
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new SaveError("folder-taken", `${folder} is there already, and is no folder`);
  if ((await readdir(folder)).length > 0)
    throw new SaveError("folder-taken", `${folder} is there already, and not empty`);
}

async function expectPlaced({ folder, id }: SavePlace): Promise<SaveManifest> {
  const manifest = await readManifest(folder);
  if (manifest.id === id) return manifest;
  throw new SaveError("folder-taken", `${folder} holds another save`);
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

async function digestOfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal && { signal }) }))
    hash.update(chunk);
  return hash.digest("hex");
}

function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(detail: string): SaveError {
  return new SaveError("save-damaged", detail);
}
