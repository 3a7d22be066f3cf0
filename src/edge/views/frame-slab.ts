import { MAX_FRAME_BYTES } from '../../protocol/frames.ts';

const PIECE_BYTES = 4 * MAX_FRAME_BYTES;
/** Pieces that wait for their next use: what a tick of thousands of different views needed is given back. */
export const MAX_SPARE_PIECES = 16;
const ALIGNMENT = 8;

/** One stretch of memory, in the widths in which frames are written. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly data: DataView;
}

/**
 * Memory for the frames of one tick, cut from large pieces that serve again in later ticks: memory outside of V8's heap
 * that came and went with each tick would have V8 collect the whole heap every few seconds.
 */
export class FrameSlab {
  #piece = createPiece();
  /** Full ones of this tick. */
  readonly #full: Piece[] = [];
  readonly #spare: Piece[] = [];
  #used = 0;

  /** Pieces that wait for their next use. */
  get sparePieces(): number {
    return this.#spare.length;
  }

  get bytes(): Uint8Array {
    return this.#piece.bytes;
  }

  get words(): Uint32Array {
    return this.#piece.words;
  }

  get halves(): Uint16Array {
    return this.#piece.halves;
  }

  get data(): DataView {
    return this.#piece.data;
  }

  /** Makes room for `length` ≤ {@link MAX_FRAME_BYTES} and gives their offset, a multiple of 8. They may hold anything. */
  open(length: number): number {
    if (this.#used + length > PIECE_BYTES) {
      this.#full.push(this.#piece);
      this.#piece = this.#spare.pop() ?? createPiece();
      this.#used = 0;
    }
    return this.#used;
  }

  /** Hands out the bytes written from the offset that {@link open} gave up to `end`: until {@link reuse}. */
  close(end: number): Uint8Array {
    const start = this.#used;
    this.#used = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    return this.#piece.bytes.subarray(start, end);
  }

  /** Nobody holds what was handed out any more: it is written again. */
  reuse(): void {
    this.#used = 0;
    while (this.#full.length > 0 && this.#spare.length < MAX_SPARE_PIECES) {
      const piece = this.#full.pop();
      if (piece !== undefined) this.#spare.push(piece);
    }
    this.#full.length = 0;
  }
}

function createPiece(): Piece {
  const { buffer } = Buffer.allocUnsafeSlow(PIECE_BYTES);
  return {
    bytes: new Uint8Array(buffer),
    words: new Uint32Array(buffer),
    halves: new Uint16Array(buffer),
    data: new DataView(buffer),
  };
}
