const SLAB_BYTES = 524_288;
const ALIGNMENT = 8;

/**
 * Memory for frames, cut from large pieces: an allocation per frame would cost more than filling it. Frames are never
 * written again after they were handed out; a piece is freed once no frame in it is held.
 */
export class FrameSlab {
  bytes = new Uint8Array(0);
  words = new Uint32Array(0);
  halves = new Uint16Array(0);
  data = new DataView(new ArrayBuffer(0));
  #used = 0;

  /** Makes room for `length` bytes and gives their offset, a multiple of 8. They may hold anything. */
  open(length: number): number {
    if (this.#used + length > this.bytes.byteLength) {
      const size = Math.max(SLAB_BYTES, length);
      const buffer = Buffer.allocUnsafeSlow(size).buffer;
      this.bytes = new Uint8Array(buffer);
      this.words = new Uint32Array(buffer, 0, size >>> 2);
      this.halves = new Uint16Array(buffer, 0, size >>> 1);
      this.data = new DataView(buffer);
      this.#used = 0;
    }
    return this.#used;
  }

  /** Hands out the bytes written from the offset that {@link open} gave up to `end`. */
  close(end: number): Uint8Array {
    const start = this.#used;
    this.#used = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    return this.bytes.subarray(start, end);
  }
}
