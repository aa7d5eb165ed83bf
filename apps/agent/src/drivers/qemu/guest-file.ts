import { access } from "node:fs/promises";
import { join } from "node:path";
import type { FileDestination, FileSource, StateDigest } from "@godwit/backend";
import {
  bestForm,
  endMigration,
  type FileForm,
  forgetFile,
  goOn,
  isRunning,
  type Qemu,
  restore,
  save,
  standStill,
} from "@godwit/qemu";
import { deviceError } from "../device-error.ts";
import { Loss } from "../loss.ts";
import type { SourceParts } from "./source.ts";

/** Whoever saves a guest ends what takes too long for it; this is only so that nothing waits for ever. */
const saveLimitMs = 86_400_000;
const loadLimitMs = 3_600_000;
const forms: FileForm[] = ["mapped-ram", "stream"];

/** QEMU's state has no digest of its own; the files have theirs. */
const digestOfFiles: StateDigest = { digest: "00" };

/** A guest on its way into a file, which QEMU writes itself. The state of the processes that serve its shares goes with it. */
export class QemuFileSource implements FileSource {
  readonly #parts: SourceParts;
  readonly #loss: Loss;
  #stopped = false;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    this.#loss = new Loss(parts.qemu.lost);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#parts.hold(true);
    await this.#loss.orElse(standStill(this.#parts.qemu.qmp));
  }

  /** The file is named after how it is to be read. */
  async save(folder: string, signal: AbortSignal): Promise<StateDigest> {
    const { qmp } = this.#parts.qemu;
    const form = await this.#loss.orElse(bestForm(qmp));
    await this.#loss.orElse(save(qmp, join(folder, form), { limitMs: saveLimitMs, form, signal }));
    return digestOfFiles;
  }

  async commit(): Promise<void> {
    this.#stopped = false;
    this.#parts.hold(false);
    await this.#parts.end();
  }

  /** It goes on where it stood, unless nobody serves its shares any more. Of a QEMU that has ended there is nothing to undo. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    const { qemu, isServed, hold } = this.#parts;
    try {
      if (this.#loss.said !== undefined) return;
      await endMigration(qemu);
      await forgetFile(qemu.qmp);
      if (!(await isServed())) await standStill(qemu.qmp);
    } finally {
      hold(false);
    }
  }
}

/** A QEMU that waits for a guest from a file. What has been read stands still until it is told to go on. */
export class QemuFileDestination implements FileDestination {
  readonly #qemu: Qemu;
  readonly #end: () => Promise<void>;
  readonly #loss: Loss;
  #loaded = false;
  #started = false;

  constructor(qemu: Qemu, end: () => Promise<void>) {
    this.#qemu = qemu;
    this.#end = end;
    this.#loss = new Loss(qemu.lost);
  }

  async load(folder: string): Promise<void> {
    const form = await formIn(folder);
    if (form === "mapped-ram" && (await bestForm(this.#qemu.qmp)) !== form)
      throw deviceError("missing-feature", "the guest was saved with mapped RAM, which this QEMU does not know");
    await this.#loss.orElse(restore(this.#qemu.qmp, join(folder, form), loadLimitMs, form));
    this.#loaded = true;
  }

  async verify(): Promise<StateDigest> {
    this.#loss.expectNone();
    if (!this.#loaded) throw deviceError("incomplete", "QEMU has not read the whole guest");
    if (!this.#started && (await isRunning(this.#qemu.qmp)))
      throw deviceError("running", "QEMU runs the guest, which nobody has allowed it to");
    return digestOfFiles;
  }

  async start(): Promise<void> {
    await goOn(this.#qemu.qmp);
    this.#started = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#started) await this.#end();
  }
}

async function formIn(folder: string): Promise<FileForm> {
  for (const form of forms) {
    const isThere = await access(join(folder, form)).then(
      () => true,
      () => false,
    );
    if (isThere) return form;
  }
  throw deviceError("save-damaged", `${folder} holds no guest of QEMU's`);
}
