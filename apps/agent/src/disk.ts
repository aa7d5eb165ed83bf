import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** What the journal asks of a file system. */
export interface Disk {
  /** The whole text; empty where there is no file. */
  read(path: string): Promise<string>;
  /** For appending; made where there is none. */
  open(path: string): Promise<AppendedFile>;
  /** Puts a new file in the place of an old one: after a crash it is either. */
  replace(path: string, text: string): Promise<void>;
  /** A new name in a folder is durable only once the folder itself is synced. */
  syncFolderOf(path: string): Promise<void>;
}

export interface AppendedFile {
  append(text: string): Promise<void>;
  /** Resolves when everything appended so far survives a loss of power. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export const systemDisk: Disk = { read, open: openForAppending, replace, syncFolderOf };

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

async function openForAppending(path: string): Promise<AppendedFile> {
  const file = await open(path, "a", 0o600);
  return {
    append: async (text) => await file.appendFile(text),
    sync: async () => await file.datasync(),
    truncate: async (bytes) => await file.truncate(bytes),
    close: async () => await file.close(),
  };
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
