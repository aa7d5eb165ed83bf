import type { Device } from "@godwit/backend";

/** Which of the devices that run here have been lost, and how; by their folders, in the order in which they were. */
export class Losses {
  readonly #watched = new Map<string, Device["lost"]>();
  readonly #told = new Map<string, string>();

  /** The same device may be found again and again; it is told of once. */
  watch(folder: string, { lost }: Device, tell: (why: string) => void): void {
    if (lost === undefined || this.#watched.get(folder) === lost) return;
    this.#watched.set(folder, lost);
    this.#told.delete(folder);
    void lost.then((why) => {
      // Another one may run there by now.
      if (this.#watched.get(folder) !== lost) return;
      this.#told.set(folder, why);
      tell(why);
    });
  }

  forget(folder: string): void {
    this.#watched.delete(folder);
    this.#told.delete(folder);
  }

  /** What one follows from another's end comes after it. */
  firstOf(folders: string[]): string | undefined {
    return [...this.#told].find(([folder]) => folders.includes(folder))?.[1];
  }
}
