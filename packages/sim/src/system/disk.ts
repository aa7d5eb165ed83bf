import type { Random } from "../random.ts";
import type { Life } from "./life.ts";

interface File {
  text: string;
  /** So much of it survives a loss of power; of the rest some first part. */
  synced: number;
}

/** A file is plain ASCII here, so that a character is a byte. */
export interface MountedDisk {
  read(path: string): Promise<string>;
  open(path: string): Promise<MountedFile>;
  replace(path: string, text: string): Promise<void>;
  syncFolderOf(path: string): Promise<void>;
}

export interface MountedFile {
  append(text: string): Promise<void>;
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A host's disk: it may fill up in the middle of a line, be slow, and forget what was not synced when the power goes. */
export class Disk {
  readonly #random: Random;
  readonly #files = new Map<string, File>();
  isFull = false;
  /** How long a full disk looks for space before it says that there is none. */
  fullAfterMs = 0;
  /** How long a sync takes. */
  syncMs = 2;

  constructor(random: Random) {
    this.#random = random;
  }

  textOf(path: string): string {
    return this.#files.get(path)?.text ?? "";
  }

  put(path: string, text: string): void {
    this.#files.set(path, { text, synced: text.length });
  }

  /** What was written last and not synced is there up to some byte only. */
  losePower(): void {
    for (const file of this.#files.values()) {
      file.text = file.text.slice(0, this.#random.integer(file.synced, file.text.length));
      file.synced = file.text.length;
    }
  }

  /** As one run of a program sees it. */
  mountedBy(life: Life): MountedDisk {
    return {
      read: async (path) => await life.takes("disk.read", this.#quickMs(), () => this.textOf(path)),
      open: async (path) => await life.takes("disk.open", this.#quickMs(), () => this.#opened(path, life)),
      replace: async (path, text) =>
        await life.takes("disk.replace", this.#syncMs(), () => {
          if (this.isFull) throw noSpace();
          this.#files.set(path, { text, synced: text.length });
        }),
      syncFolderOf: async () => await life.takes("disk.syncFolder", this.#syncMs(), () => undefined),
    };
  }

  #opened(path: string, life: Life): MountedFile {
    const file = this.#files.get(path) ?? { text: "", synced: 0 };
    this.#files.set(path, file);
    return {
      append: async (text) => await this.#append(file, text, life),
      sync: async () => await life.takes("disk.sync", this.#syncMs(), () => void (file.synced = file.text.length)),
      truncate: async (bytes) =>
        await life.takes("disk.truncate", this.#quickMs(), () => {
          file.text = file.text.slice(0, bytes);
          file.synced = Math.min(file.synced, bytes);
        }),
      close: async () => await life.takes("disk.close", this.#quickMs(), () => undefined),
    };
  }

  /** A first part is written at once: whoever ends before the rest leaves a torn line. */
  async #append(file: File, text: string, life: Life): Promise<void> {
    if (!life.passes("disk.append")) return await new Promise(() => undefined);
    const part = this.#random.integer(0, text.length - 1);
    file.text += text.slice(0, part);
    const ms = this.#quickMs() + (this.isFull ? this.fullAfterMs : 0);
    await life.takes("disk.append, part", ms, () => {
      if (this.isFull) throw noSpace();
      file.text += text.slice(part);
    });
  }

  #quickMs(): number {
    return this.#random.between(0.01, 0.3);
  }

  #syncMs(): number {
    return this.syncMs * this.#random.between(0.3, 2);
  }
}

function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}
