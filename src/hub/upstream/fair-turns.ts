/**
 * One thread serves many servers: each may use it for so long in one turn of the event loop, then what it sent waits
 * until the others had theirs. A server that floods is slow for itself alone.
 */

/** Time that one server may take in one turn of the event loop: what it adds to every other server's delay. */
const SERVER_MS = 2;

/** Work that waits for its server's turn. */
export interface TurnWork {
  /** Works while `mayWork`; true when something is left to do. */
  resume(): boolean;
}

/** Shared by all servers of a hub. It holds one immediate, only while somebody worked or waits. */
export class FairTurns {
  readonly #now: () => number;
  #waiting = new Set<ServerTurn>();
  #turn = 0;
  #isScheduled = false;

  /** `now`: monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  forServer(): ServerTurn {
    return new ServerTurn({
      now: this.#now,
      turn: () => this.#turn,
      begun: () => this.#schedule(),
      waits: (server) => {
        this.#waiting.add(server);
        this.#schedule();
      },
      left: (server) => this.#waiting.delete(server),
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#isScheduled = false;
    this.#turn += 1;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const server of waiting) server.resume();
  }
}

interface TurnHooks {
  now: () => number;
  turn: () => number;
  /** The server worked for the first time in this turn. */
  begun: () => void;
  waits: (server: ServerTurn) => void;
  left: (server: ServerTurn) => void;
}

/** What one server has of the thread. */
export class ServerTurn {
  readonly #hooks: TurnHooks;
  #waiting = new Set<TurnWork>();
  #turn = -1;
  #spentMs = 0;
  #working = false;

  constructor(hooks: TurnHooks) {
    this.#hooks = hooks;
  }

  /** False when the server had its time in this turn. */
  get mayWork(): boolean {
    return this.#turn !== this.#hooks.turn() || this.#spentMs < SERVER_MS;
  }

  /** Runs `work` on the server's time. */
  work(work: () => void): void {
    // Its time is counted already.
    if (this.#working) return work();
    const turn = this.#hooks.turn();
    if (this.#turn !== turn) {
      this.#turn = turn;
      this.#spentMs = 0;
      this.#hooks.begun();
    }
    const startedMs = this.#hooks.now();
    this.#working = true;
    try {
      work();
    } finally {
      this.#working = false;
      this.#spentMs += this.#hooks.now() - startedMs;
    }
  }

  /** `work` is resumed when the server's turn comes. */
  wait(work: TurnWork): void {
    this.#waiting.add(work);
    this.#hooks.waits(this);
  }

  /** `work` has ended. */
  leave(work: TurnWork): void {
    this.#waiting.delete(work);
    if (this.#waiting.size === 0) this.#hooks.left(this);
  }

  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const work of waiting) if (work.resume()) this.#waiting.add(work);
    if (this.#waiting.size > 0) this.#hooks.waits(this);
  }
}
