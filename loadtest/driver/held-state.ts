/** What one client holds, for those that decode everything: proves the gateway's hashes, and that frames are whole. */
import { StateStore } from '../../src/client/state-store.ts';
import { unpackMessage } from '../../src/protocol/codec.ts';
import { decodeFrame, FRAME_MAGIC } from '../../src/protocol/frames.ts';
import type { ServerMessage } from '../../src/protocol/server-messages.ts';

/** Counts of what was checked; shared by the clients of a group. */
export interface HashCounts {
  heartbeats: number;
  resyncs: number;
  /** Heartbeats whose hash was not that of what was held. */
  wrongHeartbeats: number;
  /** Snapshots after a resync whose hash was not the announced one. */
  wrongResyncs: number;
  undecodable: number;
}

export class HeldState {
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

  /** Takes one whole message. Returns it decoded; undefined for frames and for what cannot be decoded, which counts. */
  take(bytes: Uint8Array, isText: boolean): ServerMessage | undefined {
    try {
      if (!isText && bytes[0] === FRAME_MAGIC) {
        decodeFrame(bytes);
        return undefined;
      }
      const message = (
        isText ? JSON.parse(Buffer.from(bytes).toString('utf8')) : unpackMessage(bytes)
      ) as ServerMessage;
      this.#store.apply(message);
      this.#check(message);
      return message;
    } catch {
      // Whatever is wrong with it, a client could not have read it: that is the finding.
      this.#counts.undecodable++;
      return undefined;
    }
  }

  #check(message: ServerMessage): void {
    if (message.type === 'heartbeat') {
      // Between a resync and the end of its snapshot there is nothing to compare (PROTOCOL.md, section 8).
      if (this.#announced !== undefined) return;
      this.#counts.heartbeats++;
      if (this.#store.hash() !== message.payload.state_hash) this.#counts.wrongHeartbeats++;
    } else if (message.type === 'ok' && message.payload.of === 'resync') {
      this.#announced = String(message.payload.payload['state_hash']);
    } else if (message.type === 'snapshot' && message.payload.last && this.#announced !== undefined) {
      this.#counts.resyncs++;
      if (this.#store.hash() !== this.#announced) this.#counts.wrongResyncs++;
      this.#announced = undefined;
    }
  }
}
