import type { Batch } from "./batch.ts";
import { type Mirror, attributesOf, needsReading, sameAttributes } from "./mirror.ts";
import { type FileReader, sendChangedFile, sendNewFile } from "./send-file.ts";
import { Slices } from "./slices.ts";
import { type Node, depthOf } from "./tree.ts";
import { type Found, type Walked, pathOf } from "./walk.ts";

/**
 * Sends what a walk has found to differ from what was sent. False when the budget ended it; the mirror then says what
 * the destination holds, and the next round goes on from there.
 */
export async function sendRound(walked: Walked, mirror: Mirror, batch: Batch, reader: FileReader): Promise<boolean> {
  const round = new Round(walked, mirror, batch, reader);
  const complete = await round.send();
  await batch.flush();
  return complete;
}

class Round {
  readonly #walked: Walked;
  readonly #mirror: Mirror;
  readonly #batch: Batch;
  readonly #reader: FileReader;
  readonly #slices: Slices;
  readonly #nodes = new Map<Found, Node>();
  readonly #found = new Map<Node, Found>();

  constructor(walked: Walked, mirror: Mirror, batch: Batch, reader: FileReader) {
    this.#walked = walked;
    this.#mirror = mirror;
    this.#batch = batch;
    this.#reader = reader;
    this.#slices = new Slices(batch.signal);
    for (const found of walked.found) {
      const entry = mirror.entryOf(found);
      if (entry !== undefined) this.#match(found, entry.node);
    }
  }

  /** First everything leaves the places where it no longer is; then nothing is in the way of what comes. */
  async send(): Promise<boolean> {
    if (!(await this.#takeAway())) return false;
    // Directories come first: a file with several names can have one in a directory that the walk met later.
    const directories = this.#walked.found.filter(({ kind }) => kind === "directory");
    const others = this.#walked.found.filter(({ kind }) => kind !== "directory");
    for (const found of [...directories, ...others]) {
      if (this.#slices.over) await this.#slices.turn();
      const known = this.#nodes.get(found);
      const done = known === undefined ? await this.#sendNew(found) : await this.#sendKnown(found, known);
      if (!done) return false;
    }
    return true;
  }

  async #takeAway(): Promise<boolean> {
    const gone: Node[] = [];
    for (const node of this.#mirror.tree.nodes.values()) {
      if (this.#slices.over) await this.#slices.turn();
      const found = this.#found.get(node);
      if (found === undefined) {
        gone.push(node);
        continue;
      }
      for (const { parent, name } of node.places.filter((place) => !this.#isIn(found, place))) {
        if (!(await this.#batch.room(0))) return false;
        this.#mirror.detach(this.#batch, parent, name);
      }
    }
    // What is in a directory goes before it.
    const depths = new Map(gone.map((node) => [node, node.kind === "directory" ? depthOf(node) : Infinity]));
    for (const node of gone.toSorted((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0))) {
      if (!(await this.#batch.room(0))) return false;
      this.#mirror.remove(this.#batch, node);
    }
    return true;
  }

  async #sendNew(found: Found): Promise<boolean> {
    // A parent can have vanished between the walk and its turn.
    const place = found.places.find(({ parent }) => this.#nodes.has(parent));
    const parent = place && this.#nodes.get(place.parent);
    if (place === undefined || parent === undefined) return true;
    if (found.kind === "file") {
      const path = pathOf(found, this.#walked.path);
      const outcome = await sendNewFile(
        path,
        found,
        { parent, name: place.name },
        this.#mirror,
        this.#batch,
        this.#reader,
      );
      if (outcome.node === undefined) return outcome.done;
      this.#match(found, outcome.node);
      return outcome.done && (await this.#putInPlaces(found, outcome.node));
    }
    if (!(await this.#batch.room(found.target.length))) return false;
    const target = found.kind === "symlink" ? Buffer.from(found.target, "latin1") : undefined;
    const attributes = attributesOf(found, 0);
    const node = this.#mirror.make(this.#batch, found.kind, attributes, found.target, parent, place.name, target);
    this.#mirror.note(found, node);
    this.#match(found, node);
    return await this.#putInPlaces(found, node);
  }

  async #sendKnown(found: Found, node: Node): Promise<boolean> {
    if (!(await this.#putInPlaces(found, node))) return false;
    if (found.kind === "file") {
      const entry = this.#mirror.entryOf(found);
      if (entry === undefined || !needsReading(found, entry)) return true;
      return await sendChangedFile(
        pathOf(found, this.#walked.path),
        found,
        entry,
        this.#mirror,
        this.#batch,
        this.#reader,
      );
    }
    const attributes = attributesOf(found, 0);
    if (sameAttributes(node, attributes)) return true;
    if (!(await this.#batch.room(0))) return false;
    this.#mirror.change(this.#batch, node, attributes);
    return true;
  }

  async #putInPlaces(found: Found, node: Node): Promise<boolean> {
    for (const { parent, name } of found.places) {
      const parentNode = this.#nodes.get(parent);
      if (parentNode === undefined || parentNode.children.get(name) === node) continue;
      if (!(await this.#batch.room(0))) return false;
      this.#mirror.link(this.#batch, node, parentNode, name);
    }
    return true;
  }

  #isIn(found: Found, place: { parent: Node; name: string }): boolean {
    return found.places.some(({ parent, name }) => name === place.name && this.#nodes.get(parent) === place.parent);
  }

  #match(found: Found, node: Node): void {
    this.#nodes.set(found, node);
    this.#found.set(node, found);
  }
}
