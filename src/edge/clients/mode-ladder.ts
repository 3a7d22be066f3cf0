import { MODES, type Mode } from '../../protocol/modes.ts';
import { SlowClientDetector } from './slow-client.ts';

/** The fastest mode that an operator allows to all clients. */
export type ModeCap = Exclude<Mode, 'on_demand'>;

/**
 * The mode a client asked for, and the one it is served in: no faster than the cap, and lower by one or two steps
 * while the client cannot follow.
 */
export class ModeLadder {
  #wanted: Mode;
  #cap: ModeCap | undefined;
  #mode: Mode;
  /** Made at the first skip: most clients never have one. */
  #detector: SlowClientDetector | undefined;

  constructor(wanted: Mode, cap: ModeCap | undefined) {
    this.#wanted = wanted;
    this.#cap = cap;
    this.#mode = this.#ceiling();
  }

  /** The mode it is served in. */
  get mode(): Mode {
    return this.#mode;
  }

  /** It is served more slowly than it wants and may, since it could not follow. */
  get isReduced(): boolean {
    return this.#mode !== this.#ceiling();
  }

  get wanted(): Mode {
    return this.#wanted;
  }

  /** A choice is tried at once, within the cap; what was learnt of its speed under another mode is dropped. */
  want(mode: Mode): void {
    this.#wanted = mode;
    this.#mode = this.#ceiling();
    this.#detector = undefined;
  }

  /** Another cap, or none. True when the mode changed; a client that cannot follow is not made faster by it. */
  limit(cap: ModeCap | undefined): boolean {
    const before = this.#mode;
    const followed = before === this.#ceiling();
    this.#cap = cap;
    const ceiling = this.#ceiling();
    if (followed || MODES.indexOf(before) < MODES.indexOf(ceiling)) this.#mode = ceiling;
    return this.#mode !== before;
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
    if (!this.isReduced || this.#detector?.flowed(nowMs) !== true) return undefined;
    return this.#step(-1);
  }

  #ceiling(): Mode {
    if (this.#cap === undefined || this.#wanted === 'on_demand') return this.#wanted;
    return MODES.indexOf(this.#wanted) < MODES.indexOf(this.#cap) ? this.#cap : this.#wanted;
  }

  #step(by: 1 | -1): Mode {
    this.#mode = MODES[MODES.indexOf(this.#mode) + by] ?? this.#mode;
    return this.#mode;
  }
}
