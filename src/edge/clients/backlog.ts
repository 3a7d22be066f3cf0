/**
 * How far behind a client is, by what it answers.
 *
 * The kernel takes megabytes before a socket reports backpressure: eight seconds of frames at 60 Hz, eight minutes at
 * 1 Hz. So what is in flight is bounded by answers. Acknowledgements are the exact signal: the oldest frame that may
 * be unacknowledged is no older than {@link BEHIND_TICKS}, or than {@link BEHIND_FRAMES} frames where that is longer:
 * most clients of a large gateway are slow ones, and most of what it receives would be their acknowledgements. A client
 * need not send them, but its pongs come by themselves: a ping queues behind the data, and one that stays unanswered for
 * {@link BEHIND_MS} while more was sent says the same.
 *
 * A client that acknowledged once and stopped, and answers pings, has not lost its claim: each pong proves that what
 * was sent before its ping has arrived, and lets one more turn pass.
 */
export const BEHIND_MS = 2_000;
const BEHIND_TICKS = 120;
const BEHIND_FRAMES = 6;

/** Before any tick, and before what {@link Backlog.paced} makes of one. */
export const NOTHING = -1_000;
/** After any tick: see {@link Backlog.judgedTick}. */
const UNJUDGED = 0x7fff_ffff;

export class Backlog {
  #acknowledges = false;
  /** Tick of the newest frame sent. */
  #sentTick = NOTHING;
  /** Tick of the oldest frame that may be unacknowledged; {@link NOTHING}: all are. */
  #openTick = NOTHING;
  /** State or positions were sent since the last ping. */
  #sentSincePing = false;
  /** Newest frame that was sent before the last ping. */
  #pingTick = NOTHING;
  #mayPass = false;
  /** Ticks between the client's frames. */
  #period = 1;

  /** True once it has acknowledged anything: pings then need not be frequent. */
  get acknowledges(): boolean {
    return this.#acknowledges;
  }

  /** Something went out that only a ping after it can tell of. */
  get wantsPing(): boolean {
    return this.#sentSincePing;
  }

  /** Tick of the oldest frame that may be unacknowledged, {@link NOTHING}, or {@link UNJUDGED}: it acknowledges none. */
  get judgedTick(): number {
    return this.#acknowledges ? this.#openTick : UNJUDGED;
  }

  /** It acknowledges as it should, or never did. */
  isInTime(tick: number): boolean {
    return !this.#isBehindByAcks(tick);
  }

  /** True when nothing more should be put in flight. `tick`: now; `unansweredMs`: age of the ping that waits. */
  isBehind(tick: number, unansweredMs: number): boolean {
    if (unansweredMs > BEHIND_MS && this.#sentSincePing) return true;
    return this.#isBehindByAcks(tick) && !this.#mayPass;
  }

  stateSent(): void {
    this.#sentSincePing = true;
    this.#mayPass = false;
  }

  frameSent(tick: number): void {
    this.stateSent();
    this.#sentTick = tick;
    if (this.#openTick === NOTHING) this.#openTick = tick;
  }

  /**
   * What was sent with those of its cohort, which counted: `judgedTick` is where its own stands by now, `newestTick` the
   * tick of the newest frame, `sincePing` whether state or positions went out since the last ping.
   */
  sentTogether(judgedTick: number, newestTick: number, sincePing: boolean): void {
    this.#sentTick = Math.max(this.#sentTick, newestTick);
    if (judgedTick !== UNJUDGED) this.#openTick = judgedTick;
    else if (this.#openTick === NOTHING) this.#openTick = this.#sentTick;
    if (!sincePing) return;
    this.#sentSincePing = true;
    this.#mayPass = false;
  }

  /** From tick `now` on its frames are `period` ticks apart. */
  paced(period: number, now: number): void {
    const before = windowOf(this.#period);
    this.#period = period;
    if (this.#openTick === NOTHING) return;
    // A faster pace begins with all the time that it allows; a slower one gives no more to what is on its way.
    const window = windowOf(period);
    if (window < before) this.#openTick = Math.max(this.#openTick, now);
    else this.#openTick -= window - before;
  }

  acked(tick: number): void {
    this.#acknowledges = true;
    if (this.#openTick === NOTHING) return;
    // What it has not acknowledged is newer by a frame at least.
    if (tick >= this.#sentTick) this.#openTick = NOTHING;
    else this.#openTick = Math.max(this.#openTick, Math.min(this.#sentTick, tick + this.#period));
  }

  pinged(): void {
    this.#sentSincePing = false;
    this.#pingTick = this.#sentTick;
  }

  ponged(tick: number): void {
    this.#mayPass = this.#isBehindByAcks(tick) && this.#pingTick === this.#sentTick;
  }

  /** A new epoch counts ticks anew. */
  restart(): void {
    this.#sentTick = NOTHING;
    this.#openTick = NOTHING;
    this.#pingTick = NOTHING;
    this.#mayPass = false;
  }

  #isBehindByAcks(tick: number): boolean {
    return this.#acknowledges && isOverdue(this.#openTick, tick, windowOf(this.#period));
  }
}

/** Ticks that the oldest unacknowledged frame may be old. `period`: ticks between two frames. */
export function windowOf(period: number): number {
  return Math.max(BEHIND_TICKS, BEHIND_FRAMES * period);
}

/** True when the oldest frame that may be unacknowledged, of `openTick`, is older than `window` ticks. */
export function isOverdue(openTick: number, tick: number, window: number): boolean {
  return openTick !== NOTHING && tick - openTick > window;
}
