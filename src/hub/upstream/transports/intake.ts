/**
 * What a peer sent and its server's turn has not come for. While too much of it waits the stream is paused, so that the
 * peer waits too: nothing is dropped here.
 */
import type { ServerTurn } from '../fair-turns.ts';
import type { ConnectionCounters } from '../connection-counters.ts';

/** Bytes that are taken at once: a fraction of a server's turn. */
const SLICE_BYTES = 16_384;
/** Bytes waiting at which the stream is paused; it goes on at half of them. */
const PAUSE_BYTES = 262_144;

export interface IntakeOptions {
  /** Without one all is taken as it comes. */
  turn: ServerTurn | undefined;
  counters: ConnectionCounters;
  take: (bytes: Uint8Array) => void;
  pause: () => void;
  resume: () => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #paused = false;
  #taking = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): void {
    const { turn } = this.#options;
    if (turn === undefined) return this.#take(chunk);
    const before = this.#waiting.length;
    this.#keep(chunk);
    if (before === 0 && this.resume()) turn.wait(this);
    this.#heedBound();
  }

  /** Takes what the server's turn allows; true when something is left. */
  resume(): boolean {
    const { turn } = this.#options;
    while (this.#hasTurn) {
      const slice = this.#nextSlice();
      turn?.work(() => this.#take(slice));
    }
    this.#heedBound();
    return this.#waitingBytes > 0;
  }

  /** The stream has ended: what it sent last is taken at once, unless its end came of what is being taken. */
  end(): void {
    while (this.#waitingBytes > 0) {
      const slice = this.#nextSlice();
      if (!this.#taking) this.#take(slice);
    }
    this.#options.turn?.leave(this);
  }

  get #hasTurn(): boolean {
    return this.#waitingBytes > 0 && this.#options.turn?.mayWork === true;
  }

  #take(bytes: Uint8Array): void {
    this.#taking = true;
    try {
      this.#options.take(bytes);
    } finally {
      this.#taking = false;
    }
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#waiting.push(chunk);
    this.#count(chunk.length);
  }

  #nextSlice(): Uint8Array {
    const first = this.#waiting[0] ?? new Uint8Array(0);
    const slice = first.subarray(0, SLICE_BYTES);
    if (slice.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(SLICE_BYTES);
    this.#count(-slice.length);
    return slice;
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#options.counters.waitingBytes += bytes;
  }

  #heedBound(): void {
    const { counters, pause, resume } = this.#options;
    if (!this.#paused && this.#waitingBytes > PAUSE_BYTES) {
      this.#paused = true;
      counters.pauses += 1;
      pause();
    } else if (this.#paused && this.#waitingBytes <= PAUSE_BYTES / 2) {
      this.#paused = false;
      resume();
    }
  }
}
