import { FreeSpace } from './free-space.ts';

const PAGE_BYTES = 65_536;
/** The kernel's own constants and stack stand below. */
const FIRST_BYTE = PAGE_BYTES;
const INITIAL_PAGES = 16;
/** As in asconfig.json: 2 GiB, of which only what is used is real. */
const MAXIMUM_PAGES = 32_768;
/** A cache line, so that no two blocks share one. */
const GRANULE = 64;
/** Grown by at least a quarter, so that growing is rare. */
const GROWTH = 1.25;

/**
 * The shared memory that a kernel works in, with blocks handed out and taken back. When it grows, blocks stay where
 * they are; the views here are replaced, so don't keep them across {@link take}.
 */
export class KernelMemory {
  readonly memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES, shared: true });
  readonly #space = new FreeSpace(FIRST_BYTE, GRANULE);
  f32: Float32Array = new Float32Array(0);
  u32: Uint32Array = new Uint32Array(0);
  i32: Int32Array = new Int32Array(0);
  bytes: Uint8Array = new Uint8Array(0);

  constructor() {
    this.#renewViews();
  }

  /** Bytes in blocks. */
  get inUse(): number {
    return this.#space.inUse;
  }

  /** A block of at least `bytes`, aligned to 64. @throws {RangeError} beyond 2 GiB. */
  take(bytes: number): number {
    const at = this.#space.take(bytes);
    const missing = this.#space.top - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = this.memory.buffer.byteLength / PAGE_BYTES;
      const wanted = Math.max(Math.ceil(missing / PAGE_BYTES), Math.ceil(pages * (GROWTH - 1)));
      this.memory.grow(Math.max(Math.ceil(missing / PAGE_BYTES), Math.min(wanted, MAXIMUM_PAGES - pages)));
      this.#renewViews();
    }
    return at;
  }

  /** Gives back a block of {@link take}, with the size asked for there. */
  give(at: number, bytes: number): void {
    this.#space.give(at, bytes);
  }

  zero(at: number, bytes: number): void {
    this.bytes.fill(0, at, at + bytes);
  }

  copy(from: number, to: number, bytes: number): void {
    this.bytes.copyWithin(to, from, from + bytes);
  }

  #renewViews(): void {
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }
}
