/** What one client holds by the messages it got, and whether the gateway's hashes agree. Runs in Node and in k6. */
import { StateStore } from '../../src/client/state-store.ts';
import type { ServerMessage } from '../../src/protocol/server-messages.ts';

/** Counts of what was checked; may be shared by several clients. */
export interface HashCounts {
  heartbeats: number;
  resyncs: number;
  /** Heartbeats whose hash was not that of what was held. */
  wrongHeartbeats: number;
  /** Snapshots after a resync whose hash was not the announced one. */
  wrongResyncs: number;
  /** Messages and frames that could not be read. */
  undecodable: number;
}

export function createHashCounts(): HashCounts {
  return { heartbeats: 0, resyncs: 0, wrongHeartbeats: 0, wrongResyncs: 0, undecodable: 0 };
}

export class StateCheck {
  readonly #store = new StateStore();
  readonly #counts: HashCounts;
  #announced: string | undefined;

  constructor(counts: HashCounts) {
    this.#counts = counts;
  }

  get cursor(): string {
    return this.#store.cursor;
  }

  get agents(): number {
    return this.#store.state.agents.size;
  }

  take(message: ServerMessage): void {
    this.#store.apply(message);
    if (message.type === 'heartbeat') {
      // Between a resync and the end of its snapshot there is nothing to compare (PROTOCOL.md, section 8).
      if (this.#announced !== undefined) return;
      if (this.#store.hash() !== message.payload.state_hash) this.#counts.wrongHeartbeats++;
      this.#counts.heartbeats++;
    } else if (message.type === 'ok' && message.payload.of === 'resync') {
      this.#announced = String(message.payload.payload['state_hash']);
    } else if (message.type === 'snapshot' && message.payload.last && this.#announced !== undefined) {
      if (this.#store.hash() !== this.#announced) this.#counts.wrongResyncs++;
      this.#counts.resyncs++;
      this.#announced = undefined;
    }
  }
}
