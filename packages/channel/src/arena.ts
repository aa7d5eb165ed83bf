/**
 * The memory of one end of a channel: slots for payloads inside one WebAssembly memory that never grows, so that the
 * checksum reads them where they lie, and sockets read and write them there as well. Pages that no slot in use has
 * touched cost no memory.
 */
import { mix } from "./checksum-mix.ts";
import { blockBytes, checksumModuleBytes, sumsBytes } from "./checksum-module.ts";
import { type CompiledModule, type ExportedFunction, webAssembly } from "./web-assembly.ts";

/** Payloads from elsewhere pass through this much of the arena for their checksum; it stays in the cache. */
const copyBytes = 64 * 1024;
const copyOffset = 1024;
const slotsOffset = 128 * 1024;
const pageBytes = 64 * 1024;
const sumsOffset = 0;

type SlotState = "free" | "taken" | "passed-on";

let compiled: CompiledModule | undefined;

export class Arena {
  readonly slotBytes: number;
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #sums: Uint32Array;
  /** Adds the blocks from the first parameter to the second to the sums at the third. */
  readonly #add: ExportedFunction;
  /** Of the running checksum: where it starts, and how many bytes of it are in the sums. */
  #start = 0;
  #added = 0;
  /** Indexes of free slots; the last released is taken first, as it is the likeliest to be in the cache. */
  readonly #free: number[];
  readonly #states: SlotState[];

  /** `slotBytes` is rounded up so that each slot begins on a cache line. */
  constructor(slotBytes: number, slotCount: number) {
    this.slotBytes = Math.ceil(slotBytes / 64) * 64;
    const pages = Math.ceil((slotsOffset + this.slotBytes * slotCount) / pageBytes);
    const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
    compiled ??= new webAssembly.Module(checksumModuleBytes());
    const instance = new webAssembly.Instance(compiled, { env: { memory } });
    const { add } = instance.exports;
    if (add === undefined) throw new Error("the checksum's module does not export its function");
    this.#add = add;
    this.#buffer = memory.buffer;
    this.#bytes = new Uint8Array(this.#buffer);
    this.#sums = new Uint32Array(this.#buffer, sumsOffset, sumsBytes / 4);
    this.#free = Array.from({ length: slotCount }, (_, index) => slotCount - 1 - index);
    this.#states = Array.from({ length: slotCount }, () => "free");
  }

  get freeSlots(): number {
    return this.#free.length;
  }

  /** A slot, or the first `size` bytes of one; `undefined` while all are in use. */
  take(size = this.slotBytes): Uint8Array | undefined {
    const index = this.#free.pop();
    if (index === undefined) return undefined;
    this.#states[index] = "taken";
    return new Uint8Array(this.#buffer, slotsOffset + index * this.slotBytes, size);
  }

  /** Notes that a taken slot has been passed on, which is possible once; a view of other memory is ignored. */
  passOn(view: Uint8Array): void {
    if (!this.owns(view)) return;
    const index = this.#indexOf(view);
    if (this.#states[index] !== "taken") throw new RangeError("a buffer may be written once after it was allocated");
    this.#states[index] = "passed-on";
  }

  /** Takes a slot back, given any view that begins inside it; a view of other memory is ignored. */
  release(view: Uint8Array): void {
    if (!this.owns(view)) return;
    const index = this.#indexOf(view);
    if ((this.#states[index] ?? "free") === "free") throw new Error(`slot ${index} of the arena is not in use`);
    this.#states[index] = "free";
    this.#free.push(index);
  }

  owns(view: Uint8Array): boolean {
    return view.buffer === this.#buffer;
  }

  checksum(payload: Uint8Array): [number, number] {
    if (!this.owns(payload)) return this.#checksumOfCopy(payload);
    this.startChecksum(payload.byteOffset);
    return this.finishChecksum(payload.length);
  }

  /**
   * Begins the checksum of what is being filled in from `offset` on: one at a time, and to be finished (or given up)
   * before any other is asked for.
   */
  startChecksum(offset: number): void {
    this.#sums.fill(0);
    this.#start = offset;
    this.#added = 0;
  }

  /** The first `length` bytes are there; what is whole of them is added now, while it is in the cache. */
  reached(length: number): void {
    const end = length - (length % blockBytes);
    if (end > this.#added) this.#add(this.#start + this.#added, this.#start + end, sumsOffset);
    this.#added = Math.max(this.#added, end);
  }

  /** The checksum of the first `length` bytes. */
  finishChecksum(length: number): [number, number] {
    this.reached(length);
    this.#addTail(this.#bytes.subarray(this.#start + this.#added, this.#start + length));
    return mix(this.#sums, length);
  }

  #indexOf(view: Uint8Array): number {
    return Math.floor((view.byteOffset - slotsOffset) / this.slotBytes);
  }

  #checksumOfCopy(payload: Uint8Array): [number, number] {
    this.#sums.fill(0);
    const end = payload.length - (payload.length % blockBytes);
    for (let at = 0; at < end; at += copyBytes) {
      const piece = payload.subarray(at, Math.min(at + copyBytes, end));
      this.#bytes.set(piece, copyOffset);
      this.#add(copyOffset, copyOffset + piece.length, sumsOffset);
    }
    this.#addTail(payload.subarray(end));
    return mix(this.#sums, payload.length);
  }

  #addTail(tail: Uint8Array): void {
    if (tail.length === 0) return;
    this.#bytes.fill(0, copyOffset, copyOffset + blockBytes);
    this.#bytes.set(tail, copyOffset);
    this.#add(copyOffset, copyOffset + blockBytes, sumsOffset);
  }
}
