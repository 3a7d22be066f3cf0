/** What the transports over byte streams share: decoding into the SDK's callbacks, writing with backpressure. */
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { ConnectionCounters } from '../connection-counters.ts';
import { ConnectionClosedError, WriteStalledError } from '../errors.ts';
import type { SwarmcastError } from '../../../platform/errors.ts';
import type { ServerTurn } from '../fair-turns.ts';
import { Intake } from './intake.ts';
import { encodeLine, LineDecoder } from './line-codec.ts';
import { refusalOf } from './refusal.ts';

/** Options of every transport over a byte stream. */
export interface LineOptions {
  maxLineBytes: number;
  /** Longest time that a write may wait for the peer to take bytes; then the connection is closed. */
  writeStallMs: number;
  counters: ConnectionCounters;
  /** The server's share of the thread; undefined: what comes is read at once. */
  turn?: ServerTurn | undefined;
  /** A line that is not JSON-RPC. */
  onNoise?: ((line: string) => void) | undefined;
  /** The seeds' bare event. */
  onEvent?: ((event: unknown) => void) | undefined;
}

/** An SDK transport over lines. Subclasses open the stream; close is reported once, whoever closed it. */
export abstract class LineTransport implements Transport {
  onmessage?: Transport['onmessage'];
  onerror?: Transport['onerror'];
  onclose?: Transport['onclose'];
  readonly #options: LineOptions;
  readonly #intake: Intake;
  #closed = false;
  #lastError: Error | undefined;
  /** Shared by all writers that wait. */
  #draining: Promise<void> | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    const decoder = new LineDecoder({
      maxLineBytes: options.maxLineBytes,
      counters: options.counters,
      sink: {
        onMessage: (message) => this.#deliver(() => this.onmessage?.(message)),
        onEvent: (event) => this.#deliver(() => options.onEvent?.(event)),
        onNoise: (line) => this.#deliver(() => options.onNoise?.(line)),
      },
    });
    this.#intake = new Intake({
      turn: options.turn,
      counters: options.counters,
      take: (bytes) => decoder.push(bytes),
      pause: () => this.input?.pause(),
      resume: () => this.input?.resume(),
    });
  }

  abstract start(): Promise<void>;
  abstract close(): Promise<void>;
  /** The stream to write to; undefined before start. */
  protected abstract get output(): Writable | undefined;
  /** The stream that {@link receive} is given the bytes of; undefined before start. */
  protected abstract get input(): Readable | undefined;
  /** Ends the connection at once. */
  protected abstract abort(error: Error): void;

  /** True once the close was reported. */
  protected get closed(): boolean {
    return this.#closed;
  }

  /**
   * Resolves when the stream has taken the bytes and has room for more.
   * @throws {@link ConnectionClosedError} when closed before that.
   */
  async send(message: JSONRPCMessage): Promise<void> {
    const output = this.output;
    if (this.#closed || output === undefined || !output.writable)
      throw new ConnectionClosedError('connection is closed');
    if (output.write(encodeLine(message))) return;
    this.#draining ??= this.#drained(output).finally(() => {
      this.#draining = undefined;
    });
    await this.#draining;
  }

  /** Bytes from the peer. */
  protected receive(chunk: Uint8Array): void {
    this.#intake.push(chunk);
  }

  /** The last error of the stream, if there was one. */
  get closeReason(): string | undefined {
    return this.#lastError?.message;
  }

  /** What {@link closeReason} says of who is who. */
  get refusal(): SwarmcastError | undefined {
    return refusalOf(this.#lastError);
  }

  protected fail(error: Error): void {
    this.note(error);
    this.onerror?.(error);
  }

  /** As the reason of the end that follows. */
  protected note(error: Error): void {
    this.#lastError = error;
  }

  /** Reports the close, the first time only. */
  protected finish(): void {
    if (this.#closed) return;
    this.#intake.end();
    this.#closed = true;
    this.onclose?.();
  }

  // One message that the layers above choke on (deep nesting, odd shapes) must not end the stream.
  #deliver(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.#options.counters.badMessages += 1;
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #drained(output: Writable): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        output.off('drain', onDrain).off('close', onClose);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onDrain = (): void => settle();
      const onClose = (): void => settle(new ConnectionClosedError('connection closed while writing'));
      const timer = setTimeout(() => {
        const error = new WriteStalledError(`peer took no bytes for ${this.#options.writeStallMs} ms`);
        settle(error);
        this.abort(error);
      }, this.#options.writeStallMs);
      output.on('drain', onDrain).on('close', onClose);
    });
  }
}
