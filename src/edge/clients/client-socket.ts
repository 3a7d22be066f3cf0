/** How messages are coded on a connection, by its subprotocol. */
export type Coding = 'json' | 'msgpack';

/**
 * `sent`: the kernel took it. `buffered`: accepted, and waits in the process until the kernel takes it. `dropped`: not
 * accepted; the client will never see it.
 */
export type SendResult = 'sent' | 'buffered' | 'dropped';

/** One WebSocket as sessions see it. After `close` every method does nothing, and `send` returns `dropped`. */
export interface ClientSocket {
  readonly coding: Coding;
  /** Text and binary are told apart by `isBinary`, since encoded JSON may be bytes too. */
  send(message: string | Uint8Array, isBinary: boolean): SendResult;
  /** Bytes accepted that the kernel has not taken. */
  bufferedAmount(): number;
  /** Sends within `run` leave in as few packets as possible. */
  cork(run: () => void): void;
  ping(): void;
  /** Sends what is buffered, then a close frame. */
  close(code: number, reason: string): void;
}
