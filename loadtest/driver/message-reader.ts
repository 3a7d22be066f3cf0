/** Finds messages in the bytes of one connection, looking at headers only: payloads are skipped, or kept where asked. */

/** Bytes of a message's start that are kept when it is split over several reads. */
const HEAD_BYTES = 192;
const MAX_HEADER_BYTES = 10;

/**
 * Takes one message. `bytes` from `start` to `end` hold its payload, or its first bytes (at least 192) when it came in
 * pieces and was not wanted whole; `length` is that of all of it. The bytes are valid during the call only.
 */
export type OnMessage = (opcode: number, bytes: Buffer, start: number, end: number, length: number) => void;

/** Splits a server's stream into messages. Servers here don't fragment: a frame is a message. */
export class MessageReader {
  readonly #onMessage: OnMessage;
  readonly #keepsWhole: boolean;
  #header: Buffer | undefined;
  #headerLength = 0;
  #opcode = 0;
  #length = 0;
  /** Payload bytes still to come of a message in pieces; 0 between messages. */
  #left = 0;
  #kept: Buffer | undefined;
  #keptLength = 0;

  /** `keepsWhole`: messages in pieces are put together, at the price of a copy. */
  constructor(keepsWhole: boolean, onMessage: OnMessage) {
    this.#keepsWhole = keepsWhole;
    this.#onMessage = onMessage;
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#left > 0) at = this.#takePiece(bytes, at, to);
      else at = this.#headerLength > 0 ? this.#takeHeaderByte(bytes, at, to) : this.#takeMessage(bytes, at, to);
    }
  }

  // The common case: header and payload are in this read.
  #takeMessage(bytes: Buffer, at: number, to: number): number {
    const headerBytes = to - at < 2 ? Number.POSITIVE_INFINITY : headerLengthOf(bytes[at + 1] ?? 0);
    if (to - at < headerBytes) return this.#takeHeaderByte(bytes, at, to);
    const length = payloadLengthOf(bytes, at);
    const opcode = (bytes[at] ?? 0) & 15;
    const start = at + headerBytes;
    if (start + length <= to) {
      this.#onMessage(opcode, bytes, start, start + length, length);
      return start + length;
    }
    this.#begin(opcode, length);
    return this.#takePiece(bytes, start, to);
  }

  #takeHeaderByte(bytes: Buffer, at: number, to: number): number {
    const header = (this.#header ??= Buffer.alloc(MAX_HEADER_BYTES));
    let next = at;
    while (next < to) {
      header[this.#headerLength++] = bytes[next++] ?? 0;
      if (this.#headerLength < 2 || this.#headerLength < headerLengthOf(header[1] ?? 0)) continue;
      this.#headerLength = 0;
      this.#begin((header[0] ?? 0) & 15, payloadLengthOf(header, 0));
      if (this.#left === 0) this.#finish();
      return next;
    }
    return next;
  }

  #begin(opcode: number, length: number): void {
    this.#opcode = opcode;
    this.#length = length;
    this.#left = length;
    this.#keptLength = 0;
    this.#kept = Buffer.allocUnsafe(this.#keepsWhole ? length : Math.min(length, HEAD_BYTES));
  }

  #takePiece(bytes: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#left);
    const kept = this.#kept;
    if (kept !== undefined && this.#keptLength < kept.length) {
      this.#keptLength += bytes.copy(kept, this.#keptLength, at, Math.min(end, at + kept.length - this.#keptLength));
    }
    this.#left -= end - at;
    if (this.#left === 0) this.#finish();
    return end;
  }

  #finish(): void {
    const kept = this.#kept ?? Buffer.alloc(0);
    this.#kept = undefined;
    this.#onMessage(this.#opcode, kept, 0, this.#keptLength, this.#length);
  }
}

function headerLengthOf(second: number): number {
  const short = second & 127;
  if (short < 126) return 2;
  return short === 126 ? 4 : 10;
}

function payloadLengthOf(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 127;
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}
