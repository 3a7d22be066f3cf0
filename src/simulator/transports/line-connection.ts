import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { requestNames } from '../dispatcher.ts';
import { isRecord } from '../faces/arguments.ts';
import type { FaultBook } from '../faults.ts';
import type { SimulatorStats } from '../stats.ts';
import type { PushSink, TelemetryEvent } from '../telemetry.ts';
import { LineSplitter } from './line-splitter.ts';
import type { SpoiledReply } from './spoil-reply.ts';
import { spoilReply } from './spoil-reply.ts';

/** As the seeds limit a message. A longer line ends the connection. */
const MAX_LINE_BYTES = 10 * 1_048_576;
/** Unsent bytes above which telemetry is dropped and counted. */
const SOFT_LIMIT_BYTES = 1_048_576;
/** Unsent bytes at which a reader is given up. */
const HARD_LIMIT_BYTES = 64 * 1_048_576;
/** Unanswered requests that are remembered for faults; the oldest is forgotten. */
const MAX_IN_FLIGHT = 10_000;
const JOIN_DEADLINE_MS = 250;

export interface LineConnectionOptions {
  input: Readable;
  output: Writable;
  normalise: ((message: unknown) => unknown) | undefined;
  faults: FaultBook;
  stats: SimulatorStats;
  /** Lets go of the streams: in order after what is written, or at once. */
  release: (how: 'end' | 'cut') => void;
  onClosed: (connection: LineConnection) => void;
  /** The other connections of the same server, for answers that go astray. */
  others: () => readonly LineConnection[];
}

/**
 * JSON-RPC in lines over a pair of streams, as a transport of the SDK. Lines that are no JSON-RPC are answered with an
 * error and counted. Faults are applied to what goes out.
 */
export class LineConnection implements Transport, PushSink {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  readonly #options: LineConnectionOptions;
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES);
  readonly #inFlight = new Map<unknown, string[]>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #openedAtMs = performance.now();
  #closed = false;
  #dead = false;
  /** Things that forbid writing now: being frozen, or in the middle of a line. */
  #blocks = 0;
  #waiting: string[] = [];
  #joining: { left: number; text: string } | undefined;

  constructor(options: LineConnectionOptions) {
    this.#options = options;
    const { input, output } = options;
    input.once('end', this.#onEnd);
    input.once('close', this.#onEnd);
    input.on('error', this.#onStreamError);
    output.on('error', this.#onStreamError);
  }

  start(): Promise<void> {
    this.#options.input.on('data', this.#onData);
    if (this.#options.input.readableEnded || this.#options.input.destroyed) setImmediate(this.#onEnd);
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    const names = 'id' in message && !('method' in message) ? this.#answered(message.id) : undefined;
    const ageMs = performance.now() - this.#openedAtMs;
    const faults = names === undefined ? [] : this.#options.faults.takeForReply(names, ageMs);
    if (faults.length === 0) {
      this.#write(`${JSON.stringify(message)}\n`);
      return Promise.resolve();
    }
    const spoiled = spoilReply(message, faults, '\n');
    const { text } = spoiled;
    if (text === undefined) return Promise.resolve();
    const deliver = () => this.#deliver(text, spoiled);
    if (spoiled.delayMs > 0) this.#after(spoiled.delayMs, deliver);
    else deliver();
    return Promise.resolve();
  }

  /** Takes a line that was meant for another connection. */
  stray(text: string): void {
    this.#write(text);
  }

  /** As a peer that vanished: from now on bytes go in and none come out, and the streams stay open. */
  goDead(): void {
    this.#dead = true;
  }

  push(events: readonly TelemetryEvent[]): void {
    const { stats, output } = this.#options;
    if (this.#closed || this.#dead || this.#blocks > 0 || output.writableLength > SOFT_LIMIT_BYTES) {
      stats.eventsDropped += events.length;
      return;
    }
    stats.eventsPushed += events.length;
    this.#write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  }

  /** Writes lines that are no protocol. Dropped, like telemetry, when the reader is slow. */
  noise(lines: readonly string[]): void {
    if (lines.length === 0 || this.#blocks > 0 || this.#options.output.writableLength > SOFT_LIMIT_BYTES) return;
    this.#write(`${lines.join('\n')}\n`);
  }

  /** Stops reading and writing, as a process that hangs does. Answers wait for {@link thaw}. */
  freeze(): void {
    this.#blocks++;
    this.#options.input.pause();
  }

  thaw(): void {
    this.#options.input.resume();
    this.#unblock();
  }

  close(): Promise<void> {
    this.#end('end');
    return Promise.resolve();
  }

  /** Ends without a goodbye. */
  cut(): void {
    this.#end('cut');
  }

  readonly #onData = (chunk: Buffer | string): void => {
    if (this.#dead) return;
    try {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (const line of this.#splitter.push(bytes)) if (!this.#closed) this.#onLine(line);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#options.stats.badLines++;
      this.cut();
    }
  };

  readonly #onEnd = (): void => this.#end('end');

  readonly #onStreamError = (error: Error): void => {
    this.onerror?.(error);
    this.#end('cut');
  };

  #onLine(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#refuse(-32_700, 'Parse error');
    }
    const accepted = this.#options.normalise?.(message) ?? message;
    if (!isJsonRpc(accepted)) return this.#refuse(-32_600, 'Invalid Request: missing method');
    const names = requestNames(accepted);
    if ('id' in accepted && names.length > 0) {
      this.#inFlight.set(accepted.id, names);
      const oldest = this.#inFlight.size > MAX_IN_FLIGHT ? this.#inFlight.keys().next().value : undefined;
      if (oldest !== undefined) this.#inFlight.delete(oldest);
      this.#options.faults.requested(names);
      if (this.#closed) return;
    }
    this.onmessage?.(accepted);
  }

  #deliver(text: string, { cut, exit, to, pieces, joinCount }: SpoiledReply): void {
    if (cut === 'before') return this.cut();
    if (cut !== undefined) return this.#cutWith(cut === 'half-way' ? firstHalf(text) : text, exit);
    if (to === 'another') return this.#options.others()[0]?.stray(text);
    if (pieces !== undefined) return this.#writeInPieces(text, pieces.bytes, pieces.everyMs);
    if (joinCount !== undefined) return this.#join(text, joinCount);
    if (to === 'all') for (const other of this.#options.others()) other.stray(text);
    this.#write(text);
  }

  #refuse(code: number, message: string): void {
    this.#options.stats.badLines++;
    this.#write(`${JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } })}\n`);
  }

  #answered(id: unknown): string[] | undefined {
    const names = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    return names;
  }

  #write(text: string): void {
    if (this.#closed || this.#dead) return;
    if (this.#blocks > 0) {
      this.#waiting.push(text);
      return;
    }
    if (this.#joining !== undefined) return this.#join(text, this.#joining.left);
    if (this.#options.output.writableLength > HARD_LIMIT_BYTES) return this.cut();
    this.#options.output.write(text);
  }

  #unblock(): void {
    if (--this.#blocks > 0) return;
    for (const text of this.#waiting.splice(0)) this.#write(text);
  }

  #cutWith(text: string, exit: SpoiledReply['exit']): void {
    this.#options.output.write(text, () => {
      if (exit === undefined) this.cut();
      else this.#options.faults.perform({ kind: 'exit', code: exit.code });
    });
  }

  #writeInPieces(text: string, pieceBytes: number, everyMs: number): void {
    const bytes = Buffer.from(text);
    this.#blocks++;
    const next = (offset: number) => {
      if (this.#closed) return;
      if (offset >= bytes.length) return this.#unblock();
      this.#options.output.write(bytes.subarray(offset, offset + pieceBytes));
      this.#after(everyMs, () => next(offset + pieceBytes));
    };
    next(0);
  }

  #join(text: string, count: number): void {
    this.#joining ??= this.#startJoining(count);
    this.#joining.text += text;
    if (--this.#joining.left <= 0) this.#flushJoined();
  }

  #startJoining(count: number): { left: number; text: string } {
    this.#after(JOIN_DEADLINE_MS, () => this.#flushJoined());
    return { left: count, text: '' };
  }

  #flushJoined(): void {
    const text = this.#joining?.text;
    this.#joining = undefined;
    if (text !== undefined) this.#write(text);
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #end(how: 'end' | 'cut'): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#inFlight.clear();
    this.#waiting = [];
    const { input } = this.#options;
    input.off('data', this.#onData);
    input.off('end', this.#onEnd);
    input.off('close', this.#onEnd);
    this.#options.release(how);
    this.#options.onClosed(this);
    this.onclose?.();
  }
}

function firstHalf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2));
}

/** Enough for the SDK to know what to do with it; it looks closer itself. */
function isJsonRpc(value: unknown): value is JSONRPCMessage {
  if (!isRecord(value) || value['jsonrpc'] !== '2.0') return false;
  return typeof value['method'] === 'string' || 'result' in value || 'error' in value;
}
