import type { ServerMessage } from '../../protocol/server-messages.ts';

/** JSON text or msgpack as bytes. Shared by all clients of the view: never mutated. */
export type EncodedMessage = Uint8Array;

/** One message, made when it is encoded: what it is made from must not change until then. */
export type MessageSource = () => ServerMessage;

/**
 * Messages of one composition, in sending order, each encoded when the first client comes to it: the parts of a large
 * snapshot cost nobody's turn more than one of them.
 */
export class EncodedMessages implements Iterable<EncodedMessage> {
  readonly #sources: (MessageSource | EncodedMessage)[];
  readonly #encode: (message: ServerMessage) => EncodedMessage;

  constructor(sources: readonly MessageSource[], encode: (message: ServerMessage) => EncodedMessage) {
    this.#sources = [...sources];
    this.#encode = encode;
  }

  get length(): number {
    return this.#sources.length;
  }

  /** @throws {RangeError} */
  at(index: number): EncodedMessage {
    const source = this.#sources[index];
    if (source === undefined) throw new RangeError(`no message ${index} of ${this.length}`);
    if (typeof source !== 'function') return source;
    return (this.#sources[index] = this.#encode(source()));
  }

  *[Symbol.iterator](): IterableIterator<EncodedMessage> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}
