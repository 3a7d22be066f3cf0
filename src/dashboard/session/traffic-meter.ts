/** Rates of what arrives, over the last seconds. Pure. */

interface Sample {
  atMs: number;
  frames: number;
  messages: number;
  bytes: number;
}

export interface Traffic {
  framesPerSecond: number;
  messagesPerSecond: number;
  bytesPerSecond: number;
}

const WINDOW_MS = 3_000;
const MAX_SAMPLES = 32;

export class TrafficMeter {
  #samples: Sample[] = [];

  /** Takes the counters as they stand; a counter that went back starts the measurement anew. */
  sample(sample: Sample): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && (sample.frames < last.frames || sample.bytes < last.bytes)) this.#samples = [];
    this.#samples.push(sample);
    while (this.#samples.length > 2 && (this.#samples.length > MAX_SAMPLES || this.#isOld(sample.atMs))) {
      this.#samples.shift();
    }
  }

  /** Undefined until there are two samples. */
  get traffic(): Traffic | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    const seconds = (last.atMs - first.atMs) / 1_000;
    return {
      framesPerSecond: (last.frames - first.frames) / seconds,
      messagesPerSecond: (last.messages - first.messages) / seconds,
      bytesPerSecond: (last.bytes - first.bytes) / seconds,
    };
  }

  /** Forgets: the rate asked for has changed. */
  reset(): void {
    this.#samples = [];
  }

  #isOld(nowMs: number): boolean {
    return (this.#samples[1]?.atMs ?? nowMs) < nowMs - WINDOW_MS;
  }
}
