import type { Replica } from '../replica/replica.ts';
import type { EncodedMessages } from '../views/encoded-messages.ts';
import type { Held, View } from '../views/view.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import type { Outlet } from './outlet.ts';

/** Messages that were composed and are on their way; what they bring is held once the last was accepted. */
interface Delivery {
  readonly messages: EncodedMessages;
  readonly held: Held;
  next: number;
}

/** State that one turn may bring; what is more follows as bulk work, so that nobody else waits for it. */
export const MAX_TURN_BYTES = 131_072;

/** `more`: state is left for further turns. `blocked`: something is left until the client can take it. */
export type Brought = 'complete' | 'more' | 'blocked';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface ViewStreamOptions {
  replica: Replica;
  views: ViewRegistry;
  outlet: Outlet;
  view: View;
  held: Held | undefined;
  maxTurnBytes: number;
}

/** Asks for every position, also of swarms at rest. */
const NO_POSITIONS = -1;

/**
 * What one client is brought, and what it is believed to hold. Everything is composed from what it holds at the moment
 * of sending, so that a skipped turn, a slow client and a change of filters need no memory of their own: belief moves
 * only when the last message of a composition was accepted by the socket, and positions only after the last frame.
 *
 * A large composition (the parts of a snapshot) is sent over several turns and as the socket drains; nothing newer is
 * composed meanwhile.
 */
export class ViewStream {
  readonly #maxTurnBytes: number;
  readonly #replica: Replica;
  readonly #views: ViewRegistry;
  readonly #outlet: Outlet;
  #view: View;
  /** Its own, and written in place: it moves with every change of the world. */
  #held: Writable<Held> | undefined;
  #delivery: Delivery | undefined;
  #positionsTick = NO_POSITIONS;
  #healthVersion: number;
  #owesHealth = false;
  #turnBytes = 0;
  #closed = false;

  /** Takes over one use of `view`. `held`: what a resumed client has. `maxTurnBytes`: see {@link MAX_TURN_BYTES}. */
  constructor(options: ViewStreamOptions) {
    this.#maxTurnBytes = options.maxTurnBytes;
    this.#replica = options.replica;
    this.#views = options.views;
    this.#outlet = options.outlet;
    this.#view = options.view;
    this.#held = options.held === undefined ? undefined : { ...options.held };
    this.#healthVersion = options.replica.version;
  }

  get view(): View {
    return this.#view;
  }

  /** True when the client holds exactly what the view shows now: its state hash is the client's. */
  get isCurrent(): boolean {
    const held = this.#held;
    return (
      this.#delivery === undefined &&
      held !== undefined &&
      // A resumed client gets its discovery even when nothing has changed.
      !held.resumed &&
      held.view === this.#view &&
      held.version === this.#replica.version &&
      held.epoch === this.#replica.epoch
    );
  }

  /** True when the client holds exactly this, and nothing else is on its way. */
  holds(view: View, version: number): boolean {
    return this.#delivery === undefined && this.#held?.view === view && this.#held.version === version;
  }

  /** It was brought everything in this tick: state, health as far as it has to be, and positions. */
  get isSteady(): boolean {
    return this.isCurrent && !this.#owesHealth && this.#positionsTick === this.#replica.tick;
  }

  /** Version up to which it was told of health. */
  get healthVersion(): number {
    return this.#healthVersion;
  }

  /** It was brought along with others of its view, to where they stand. */
  follow({
    version,
    positionsTick,
    healthVersion,
  }: {
    version: number;
    positionsTick: number;
    healthVersion: number;
  }): void {
    if (this.#held !== undefined) this.#held.version = version;
    this.#positionsTick = positionsTick;
    this.#healthVersion = healthVersion;
  }

  /** It resumed, and has not been brought what it lacks. */
  get isResuming(): boolean {
    return this.#held?.resumed === true;
  }

  /** The first part of something large has left, and the last has not. */
  get isDelivering(): boolean {
    return this.#delivery !== undefined;
  }

  /** Takes over one use of `view`; the next {@link serve} brings the difference. */
  switchView(view: View): void {
    const old = this.#view;
    if (this.#isNamed(view)) this.#views.release(view);
    this.#view = view;
    this.#positionsTick = NO_POSITIONS;
    this.#releaseUnnamed(old);
  }

  /**
   * Forgets what the client holds and composes a snapshot of now, which the next turns bring. The view's present state
   * hash is that of what the client holds after it.
   */
  restartNow(): void {
    this.restart();
    const { messages, held } = this.#view.compose(undefined, true);
    this.#healthVersion = held.version;
    // The client was told of it: nothing newer takes its place, even if nothing of it has left yet.
    this.#delivery = { messages, held, next: 0 };
  }

  /** Forgets what the client holds: the next {@link serve} brings a snapshot. */
  restart(): void {
    const { view: delivered } = this.#delivery?.held ?? {};
    const { view: held } = this.#held ?? {};
    this.#delivery = undefined;
    this.#held = undefined;
    this.#positionsTick = NO_POSITIONS;
    if (held !== undefined) this.#releaseUnnamed(held);
    if (delivered !== undefined && delivered !== held) this.#releaseUnnamed(delivered);
  }

  /** True when there is nothing to be brought but positions: the common turn. */
  hasOnlyPositions(): boolean {
    return this.#replica.turnedVersion <= this.#healthVersion && (this.isCurrent || this.#advance());
  }

  /** Sends what is new, state before positions. */
  serve(): Brought {
    if (!this.#outlet.isClear) return 'blocked';
    if (this.hasOnlyPositions()) return this.#bringPositions();
    this.#turnBytes = 0;
    let brought: Brought = this.#delivery === undefined ? 'complete' : this.#deliver(this.#delivery);
    // A snapshot may be a little old, and what changed since then follows it.
    while (brought === 'complete' && !this.isCurrent) brought = this.#bringState();
    if (brought !== 'complete') return brought;
    if (this.#replica.turnedVersion > this.#healthVersion) this.serveHealth();
    return this.#bringPositions();
  }

  /** Sends health that changed since it was last told, fresh evidence too; while the socket is backed up it is left for {@link catchUpHealth}. */
  serveHealth(): void {
    // Before its first discovery a client knows no servers.
    this.#owesHealth = !this.#outlet.isClear || this.#held === undefined;
    if (this.#owesHealth || this.#healthVersion >= this.#replica.version) return;
    for (const message of this.#view.healthSince(this.#healthVersion)) this.#outlet.control(message);
    this.#healthVersion = this.#replica.version;
  }

  /** Health that could not be sent when it changed. */
  catchUpHealth(): void {
    if (this.#owesHealth) this.serveHealth();
  }

  /** The whole discovery, with the health of all servers. */
  sendDiscovery(): void {
    this.#outlet.control(this.#view.composeDiscovery());
    this.#healthVersion = this.#replica.version;
  }

  /** Gives all views back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.restart();
    this.#views.release(this.#view);
  }

  // True when nothing has changed for it: it holds the present version without being sent anything.
  #advance(): boolean {
    const held = this.#held;
    if (this.#delivery !== undefined || held === undefined || held.resumed) return false;
    if (held.view !== this.#view || held.epoch !== this.#replica.epoch) return false;
    if (!this.#view.showsTheSameSince(held.version)) return false;
    held.version = this.#replica.version;
    return true;
  }

  #bringState(): Brought {
    const { messages, held } = this.#view.compose(this.#held);
    // Snapshots and catch-ups begin with the whole discovery; a snapshot's may be a little old.
    if (this.#held === undefined || this.#held.resumed) {
      this.#healthVersion = held.version;
      this.#owesHealth = held.version < this.#replica.version;
    }
    const next = this.#send(messages, 0);
    if (this.#closed) return 'blocked';
    // The common case: it left at once, and nothing has to be remembered of it.
    if (next === messages.length) return this.#hold(held);
    // If nothing of it has left, it is composed anew later, from the same and to something newer.
    if (next > 0) this.#delivery = { messages, held, next };
    return this.#unsent();
  }

  #deliver(delivery: Delivery): Brought {
    const { messages, held } = delivery;
    delivery.next = this.#send(messages, delivery.next);
    if (this.#closed) return 'blocked';
    return delivery.next === messages.length ? this.#hold(held) : this.#unsent();
  }

  /** Sends messages from number `next` on. Returns the number of the first one that did not leave. */
  #send(messages: EncodedMessages, from: number): number {
    let next = from;
    while (next < messages.length && this.#turnBytes < this.#maxTurnBytes && this.#outlet.isClear) {
      const message = messages.at(next);
      // The hard limit may close it here.
      if (!this.#outlet.state(message)) break;
      this.#turnBytes += message.byteLength;
      next++;
    }
    return next;
  }

  #unsent(): Brought {
    return this.#turnBytes >= this.#maxTurnBytes ? 'more' : 'blocked';
  }

  #hold(held: Held): Brought {
    this.#delivery = undefined;
    const own = this.#held;
    if (own === undefined) {
      this.#held = { ...held };
      return 'complete';
    }
    const before = own.view;
    own.view = held.view;
    own.epoch = held.epoch;
    own.version = held.version;
    own.resumed = held.resumed;
    this.#releaseUnnamed(before);
    return 'complete';
  }

  #bringPositions(): Brought {
    const tick = this.#replica.tick;
    for (const frame of this.#view.frames(this.#positionsTick)) {
      if (!this.#outlet.isClear || !this.#outlet.frame(frame, tick)) return 'blocked';
    }
    this.#positionsTick = tick;
    return 'complete';
  }

  #isNamed(view: View): boolean {
    return view === this.#view || view === this.#held?.view || view === this.#delivery?.held.view;
  }

  #releaseUnnamed(view: View): void {
    if (!this.#isNamed(view)) this.#views.release(view);
  }
}
