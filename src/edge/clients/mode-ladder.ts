import { MODES, type Mode } from '../../protocol/modes.ts';
import { SlowClientDetector } from './slow-client.ts';

/** The mode a client asked for, and the one it is served in: lower by one or two steps while it cannot follow. */
export class ModeLadder {
  #wanted: Mode;
  #mode: Mode;
  /** Made at the first skip: most clients never have one. */
  #detector: SlowClientDetector | undefined;

  constructor(mode: Mode) {
    this.#wanted = mode;
    this.#mode = mode;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** The client's own choice is tried at once; what was learnt of its speed under another mode is dropped. */
  want(mode: Mode): void {
    this.#wanted = mode;
    this.#mode = mode;
    this.#detector = undefined;
  }

  /** A due send was skipped. The mode to go down to, if it is time. `nowMs` is monotonic. */
  skipped(nowMs: number): Mode | undefined {
    this.#detector ??= new SlowClientDetector();
    if (!this.#detector.skipped(nowMs)) return undefined;
    // on_demand is a choice, not a slower step: low_frequency is the lowest.
    if (this.#mode !== 'high_frequency' && this.#mode !== 'normal') return undefined;
    return this.#step(1);
  }

  /** A due send went through. The mode to go up to, if it is time. */
  flowed(nowMs: number): Mode | undefined {
    if (this.#mode === this.#wanted || this.#detector?.flowed(nowMs) !== true) return undefined;
    return this.#step(-1);
  }

  #step(by: 1 | -1): Mode {
    this.#mode = MODES[MODES.indexOf(this.#mode) + by] ?? this.#mode;
    return this.#mode;
  }
}
