/**
 * Keeps the picture steady on weak graphics: measures the time between drawn frames while drawing continuously, and
 * gives up quality one step at a time: resolution, antialiasing, links, detail. Comes back carefully. Pure.
 */

export interface Quality {
  /** Canvas pixels per CSS pixel, at most. */
  maxPixelRatio: number;
  antialias: boolean;
  links: 'all' | 'communication';
  /** Pulses, rings around swarms, flashes. */
  detail: boolean;
  /** Shortest time between frames: a weak machine is not to spend all it has on drawing. */
  minFrameMs: number;
}

/** Whether agents pulse and messages flash: never for somebody who wants no motion (`calm`). */
export function isLively({ detail }: Quality, calm: boolean): boolean {
  return detail && !calm;
}

/** From best to cheapest. */
export const QUALITY_STEPS: readonly Quality[] = [
  { maxPixelRatio: 2, antialias: true, links: 'all', detail: true, minFrameMs: 0 },
  { maxPixelRatio: 1, antialias: true, links: 'all', detail: true, minFrameMs: 0 },
  { maxPixelRatio: 0.75, antialias: true, links: 'all', detail: true, minFrameMs: 30 },
  { maxPixelRatio: 0.75, antialias: false, links: 'all', detail: true, minFrameMs: 30 },
  { maxPixelRatio: 0.75, antialias: false, links: 'communication', detail: true, minFrameMs: 30 },
  { maxPixelRatio: 0.75, antialias: false, links: 'communication', detail: false, minFrameMs: 48 },
];

/** Frames per judgement. */
const WINDOW = 24;
/** Median frame time above which quality is given up, and how much above the shortest it may come back. */
const SLOW_MS = 60;
const FAST_MS = 14;
/** Calm windows before a step back up; doubles each time the step did not hold. */
const CALM_WINDOWS = 5;
const MAX_CALM_WINDOWS = 160;
/** A longer gap is a pause (hidden tab, nothing to draw), not a slow frame. */
const PAUSE_MS = 1_000;

export class QualityGovernor {
  #step: number;
  #samples: number[] = [];
  #calm = 0;
  #needed = CALM_WINDOWS;
  #raisedLast = false;
  #medianMs = 0;

  /** Starts at the first step that the display can use. */
  constructor(devicePixelRatio = 1) {
    this.#step = devicePixelRatio > 1 ? 0 : 1;
    this.#best = this.#step;
  }

  readonly #best: number;

  /** Index in {@link QUALITY_STEPS}. */
  get step(): number {
    return this.#step;
  }

  get quality(): Quality {
    const quality = QUALITY_STEPS[this.#step];
    if (quality === undefined) throw new RangeError('no such step of quality');
    return quality;
  }

  /** Median of the last full window, ms; 0 before the first. */
  get medianMs(): number {
    return this.#medianMs;
  }

  /** Takes the time since the frame before, both drawn without a pause. True when the quality changed. */
  sample(frameMs: number): boolean {
    if (frameMs > PAUSE_MS) return false;
    this.#samples.push(frameMs);
    if (this.#samples.length < WINDOW) return false;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    this.#samples = [];
    this.#medianMs = sorted[WINDOW >> 1] ?? 0;
    if (this.#medianMs > SLOW_MS) return this.#lower();
    const isFast = this.#medianMs < Math.max(this.quality.minFrameMs, 16) + FAST_MS;
    return isFast ? this.#stayCalm() : this.#settle();
  }

  #lower(): boolean {
    this.#calm = 0;
    if (this.#raisedLast) this.#needed = Math.min(this.#needed * 2, MAX_CALM_WINDOWS);
    this.#raisedLast = false;
    if (this.#step === QUALITY_STEPS.length - 1) return false;
    this.#step++;
    return true;
  }

  #stayCalm(): boolean {
    this.#calm++;
    if (this.#calm < this.#needed || this.#step === this.#best) return false;
    this.#calm = 0;
    this.#step--;
    this.#raisedLast = true;
    return true;
  }

  #settle(): boolean {
    this.#calm = 0;
    return false;
  }
}
