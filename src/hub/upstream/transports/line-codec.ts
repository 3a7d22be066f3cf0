/**
 * Newline-delimited JSON-RPC over bytes. Real servers print other things on the same stream (logs, banners, bare
 * events), so a line is a message only if it is an object with `jsonrpc: '2.0'`; everything else goes its own way.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { ConnectionCounters } from '../connection-counters.ts';

/** Characters of a noise line that are passed on. */
const MAX_NOISE_LENGTH = 2_048;
const NEWLINE = 0x0a;
const SKIPPING = -1;
const EMPTY = Buffer.alloc(0);
/** A larger buffer is not kept for the next line. */
const KEPT_BYTES = 65_536;

/** Where the lines of a stream go. */
export interface LineSink {
  /** A JSON-RPC 2.0 message, not validated further. */
  onMessage(message: JSONRPCMessage): void;
  /** The seeds' bare event `{type, timestamp?, data?}`. */
  onEvent(event: unknown): void;
  /** Any other line, cut to 2,048 characters. */
  onNoise(line: string): void;
}

/** A message as a line. */
export function encodeLine(message: JSONRPCMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Splits one direction of a stream into lines. Holds at most `maxLineBytes` of an unfinished line; a longer line is
 * skipped up to its newline and counted once.
 */
export class LineDecoder {
  readonly #maxLineBytes: number;
  readonly #counters: ConnectionCounters;
  readonly #sink: LineSink;
  /** Start of the unfinished line; grows by doubling, so that a slow drip of bytes costs no object per byte. */
  #partial = EMPTY;
  /** Bytes in use of `#partial`, or {@link SKIPPING} inside an over-long line. */
  #length = 0;

  constructor(options: { maxLineBytes: number; counters: ConnectionCounters; sink: LineSink }) {
    this.#maxLineBytes = options.maxLineBytes;
    this.#counters = options.counters;
    this.#sink = options.sink;
  }

  /** Takes the next bytes; emits every line that they complete, in order. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      if (end === -1) break;
      this.#finishLine(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  #keep(part: Buffer): void {
    if (this.#length === SKIPPING || part.length === 0) return;
    const length = this.#length + part.length;
    if (length > this.#maxLineBytes) {
      this.#partial = EMPTY;
      this.#length = SKIPPING;
      this.#counters.oversizeLines += 1;
      return;
    }
    if (length > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#maxLineBytes, Math.max(length, 2 * this.#partial.length)));
      this.#partial.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    part.copy(this.#partial, this.#length);
    this.#length = length;
  }

  #finishLine(end: Buffer): void {
    let bytes = end;
    if (this.#length !== 0 || end.length > this.#maxLineBytes) {
      this.#keep(end);
      bytes = this.#length === SKIPPING ? EMPTY : this.#partial.subarray(0, this.#length);
    }
    const line = bytes.toString('utf8').trim();
    this.#length = 0;
    if (this.#partial.length > KEPT_BYTES) this.#partial = EMPTY;
    if (line !== '') this.#dispatch(line);
  }

  #dispatch(line: string): void {
    const value = line.startsWith('{') || line.startsWith('[') ? parseJson(line) : undefined;
    // Revision 2025-03-26 allows batches.
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length > 0 && values.every(isMessage)) {
      for (const message of values) this.#sink.onMessage(message);
    } else if (isBareEvent(value)) {
      this.#counters.events += 1;
      this.#sink.onEvent(value);
    } else {
      this.#counters.noiseLines += 1;
      this.#sink.onNoise(line.slice(0, MAX_NOISE_LENGTH));
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller takes it for noise and counts it.
    return undefined;
  }
}

function isMessage(value: unknown): value is JSONRPCMessage {
  return typeof value === 'object' && value !== null && 'jsonrpc' in value && value.jsonrpc === '2.0';
}

function isBareEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return 'type' in value && typeof value.type === 'string' && ('data' in value || 'timestamp' in value);
}
