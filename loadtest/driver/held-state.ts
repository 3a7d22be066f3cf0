/** A client that decodes everything: messages in both codings, and frames, which have to be whole. */
import { unpackMessage } from '../../src/protocol/codec.ts';
import { decodeFrame, FRAME_MAGIC } from '../../src/protocol/frames.ts';
import type { ServerMessage } from '../../src/protocol/server-messages.ts';
import { StateCheck, type HashCounts } from '../shared/state-check.ts';

export class HeldState {
  readonly #state: StateCheck;
  readonly #counts: HashCounts;

  constructor(counts: HashCounts) {
    this.#counts = counts;
    this.#state = new StateCheck(counts);
  }

  get cursor(): string {
    return this.#state.cursor;
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
      this.#state.take(message);
      return message;
    } catch {
      // Whatever is wrong with it, a client could not have read it: that is the finding.
      this.#counts.undecodable++;
      return undefined;
    }
  }
}
