/**
 * Newline-delimited JSON-RPC over bytes. Real servers print other things on the same stream (logs, banners, bare
 * events), so a line is a message only if it is an object with `jsonrpc: '2.0'`; everything else goes its own way.
 */
import { isAscii } from 'node:buffer';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { ConnectionCounters } from '../connection-counters.ts';
import { isTooDeep } from './json-depth.ts';

/** Characters of a noise line that are passed on. */
const MAX_NOISE_LENGTH = 2_048;
const NEWLINE = 0x0a;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
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
    const first = bytes.indexOf(NEWLINE);
    if (first === -1) return this.#keep(bytes);
    this.#finishLine(bytes.subarray(0, first));
    const last = bytes.lastIndexOf(NEWLINE);
    if (last > first) this.#pushLines(bytes.subarray(first + 1, last));
    this.#keep(bytes.subarray(last + 1));
  }

  /** Whole lines, without the last newline: decoded at once, which costs a third of decoding each. */
  #pushLines(bytes: Buffer): void {
    if (bytes.length > this.#maxLineBytes) {
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        this.#finishLine(bytes.subarray(start, end));
        start = end + 1;
      }
      this.#finishLine(bytes.subarray(start));
      return;
    }
    const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#dispatch(text.slice(start, end));
      start = end + 1;
    }
    this.#dispatch(text.slice(start));
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
    const text = bytes.toString('utf8');
    this.#length = 0;
    if (this.#partial.length > KEPT_BYTES) this.#partial = EMPTY;
    this.#dispatch(text);
  }

  #parse(line: string): unknown {
    if (!isTooDeep(line)) return parseJson(line);
    this.#counters.deepLines += 1;
    return undefined;
  }

  #dispatch(text: string): void {
    const line = isTight(text) ? text : text.trim();
    if (line === '') return;
    const value = line.startsWith('{') || line.startsWith('[') ? this.#parse(line) : undefined;
    if (isMessage(value)) this.#sink.onMessage(value);
    else if (isBareEvent(value)) {
      this.#counters.events += 1;
      this.#sink.onEvent(value);
    } else if (Array.isArray(value) && value.length > 0 && value.every(isMessage)) {
      // Revision 2025-03-26 allows batches.
      for (const message of value) this.#sink.onMessage(message);
    } else {
      this.#counters.noiseLines += 1;
      this.#sink.onNoise(line.slice(0, MAX_NOISE_LENGTH));
    }
  }
}

/** Nothing to trim at either end, by the only characters that JSON begins and ends with. */
function isTight(text: string): boolean {
  return text.charCodeAt(0) === OPENING_BRACE && text.charCodeAt(text.length - 1) === CLOSING_BRACE;
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
