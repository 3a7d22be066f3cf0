/**
 * One MCP connection: made, shaken hands on in either protocol era, described, called. It ends once; who wants another
 * opens another (supervision is upstream.ts).
 */
/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports and clients have callbacks, not listeners */
import {
  Client,
  METHOD_NOT_FOUND,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type Transport,
} from '@modelcontextprotocol/client';
import { z } from 'zod';
import { SwarmcastError } from '../../platform/errors.ts';
import { VERSION } from '../../platform/version.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { Call, Outcome, PeerDescription } from './dialects/dialect.ts';
import {
  AuthenticationError,
  ConnectError,
  ConnectionClosedError,
  describeError,
  NotConnectedError,
  OverloadedError,
  ReplyTooLargeError,
  RequestTimeoutError,
} from './errors.ts';
import { failure, outcomeOf } from './outcome.ts';
import { countFindings, screenText } from './screen-text.ts';
import { withoutSecrets } from './without-secrets.ts';
import { rpcErrorOf } from './transports/http-error.ts';
import { listToolNames } from './tool-names.ts';
import { PipeRequestIds, RequestIds } from './transports/request-ids.ts';

const GATEWAY = { name: 'swarmcast', version: VERSION };
/** A peer that is silent when asked for the new era has at most this share of the connect timeout. */
const PROBE_SHARE = 1 / 3;
/** Dialects read what servers really send; the schemas of MCP are too strict for some. */
/** HTTP answers that speak of the server's condition, not of the request. */
const OVERLOADED = new Set([429, 502, 503, 504]);
const anyResult = z.unknown();

/** What a session tells, in the order in which it happens. */
export interface SessionEvents {
  /** A pushed event: a vendor notification, or the seeds' bare event. */
  onPush: (event: unknown) => void;
  onNoise: (line: string) => void;
  /** Exactly once, whoever closed. `why` is undefined when it was us. */
  onClosed: (why: string | undefined) => void;
}

/** A transport that can say why it ended, if it knows; `refusal`: where that was about who is who. */
type OpenedTransport = {
  transport: Transport;
  pipe: boolean;
  why?: () => string | undefined;
  refusal?: () => SwarmcastError | undefined;
};
/** Makes a new transport; called again when a peer closed at the question for the new era. */
export type OpenTransport = (hooks: Pick<SessionEvents, 'onPush' | 'onNoise'>) => OpenedTransport;

export interface SessionOptions {
  openTransport: OpenTransport;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  counters: ConnectionCounters;
  /** What the gateway presents to this server: taken out of its errors. */
  secrets?: readonly string[] | undefined;
  events: SessionEvents;
  signal?: AbortSignal | undefined;
}

/**
 * Connects within `connectTimeoutMs`.
 * @throws {@link ConnectError} when there is no connection or no MCP handshake, {@link AuthenticationError} and
 * UntrustedServerError when one side does not trust the other; nothing is left open then.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  options.signal?.throwIfAborted();
  const stop = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop.abort();
  }, options.connectTimeoutMs);
  const onAbort = (): void => stop.abort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await connectEitherEra(options, stop.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof SwarmcastError && !late) throw error;
    const within = late ? ` within ${options.connectTimeoutMs} ms` : '';
    throw new ConnectError(`no MCP handshake${within}: ${describeError(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** One open connection with an MCP peer. */
export class Session {
  readonly #client: Client;
  readonly #options: Pick<SessionOptions, 'requestTimeoutMs' | 'counters' | 'secrets'>;
  readonly #state: ConnectionState;
  #peer: PeerDescription | undefined;

  constructor(
    client: Client,
    state: ConnectionState,
    options: Pick<SessionOptions, 'requestTimeoutMs' | 'counters' | 'secrets'>,
  ) {
    this.#client = client;
    this.#state = state;
    this.#options = options;
  }

  get closed(): boolean {
    return this.#state.closed;
  }

  /** `modern` without initialize and ping (2026-07-28), `legacy` before. */
  get era(): 'modern' | 'legacy' {
    return this.#client.getProtocolEra() === 'modern' ? 'modern' : 'legacy';
  }

  /** Who the peer says it is, and the names of its tools: listed once, bounded; a peer without tools/list has those that it named. */
  async describe(signal?: AbortSignal): Promise<PeerDescription> {
    this.#peer ??= {
      ...this.#nameAndVersion(),
      protocolVersion: this.#client.getNegotiatedProtocolVersion(),
      tools: await listToolNames((cursor) => this.#listPage(cursor, signal), this.#client.getServerCapabilities()),
    };
    return this.#peer;
  }

  #nameAndVersion(): Pick<PeerDescription, 'name' | 'version'> {
    const said = this.#unquoted(this.#client.getServerVersion());
    return countFindings(this.#options.counters, () => ({
      name: nonEmpty(said?.name),
      version: nonEmpty(said?.version),
    }));
  }

  /**
   * Makes a call and waits for what the server says; its errors are outcomes. `meta` travels in `params._meta`.
   * @throws {@link RequestTimeoutError} without a reply in time, {@link ConnectionClosedError} when the connection ends,
   * WriteStalledError and TooManyPendingError when it takes no more, and the signal's reason when aborted.
   */
  async call(call: Call, signal?: AbortSignal, meta?: Record<string, string>): Promise<Outcome> {
    const request = requestOf(call);
    if (meta !== undefined) request.params = { ...request.params, _meta: meta };
    return this.#ask(request, call.kind, signal);
  }

  /**
   * Makes several calls in one message, as the seeds' `batch`: the answer to the whole. For peers whose dialect has it.
   * @throws as {@link call}
   */
  async batch(calls: readonly Call[], signal?: AbortSignal): Promise<Outcome> {
    // The SDK's types have params as an object; it passes on what it gets.
    const params = calls.map(requestOf) as unknown as Record<string, unknown>;
    return this.#ask({ method: 'batch', params }, 'method', signal);
  }

  /**
   * The seeds' authentication.
   * @throws {@link AuthenticationError} when the key is refused; errors of {@link call} as there.
   */
  async authenticate(apiKey: string, signal?: AbortSignal): Promise<void> {
    const params = { api_key: apiKey, client_id: GATEWAY.name, version: GATEWAY.version };
    const outcome = await this.call({ kind: 'method', method: 'auth.authenticate', params }, signal);
    // A server that has no such method asks for no key; what it refuses later it says itself.
    if (outcome.ok || outcome.code === METHOD_NOT_FOUND) return;
    throw new AuthenticationError(`authentication refused: ${outcome.message}`);
  }

  async close(): Promise<void> {
    this.#state.closing = true;
    await this.#client.close();
    this.#state.finish();
  }

  #unquoted<T>(said: T): T {
    return unquoted(said, this.#options);
  }

  async #listPage(cursor: string | undefined, signal: AbortSignal | undefined): Promise<Outcome> {
    return this.#ask({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }, 'method', signal);
  }

  async #ask(
    request: { method: string; params: Record<string, unknown> },
    kind: Call['kind'],
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    if (this.#state.closed) throw new NotConnectedError('session is closed');
    signal?.throwIfAborted();
    const { requestTimeoutMs: timeout, counters } = this.#options;
    try {
      const result = await this.#client.request(request, anyResult, { timeout, ...(signal ? { signal } : {}) });
      return this.#unquoted(countFindings(counters, () => outcomeOf(result, kind)));
    } catch (error) {
      signal?.throwIfAborted();
      const context = { method: request.method, timeoutMs: timeout, closed: this.#state.closed };
      return this.#unquoted(countFindings(counters, () => outcomeOfError(error, context)));
    }
  }
}

function requestOf(call: Call): { method: string; params: Record<string, unknown> } {
  return call.kind === 'tool'
    ? { method: 'tools/call', params: { name: call.tool, arguments: call.args } }
    : { method: call.method, params: call.params };
}

/** What a server said is an outcome; silence and closed connections are errors. */
function outcomeOfError(error: unknown, context: { method: string; timeoutMs: number; closed: boolean }): Outcome {
  const { method, timeoutMs, closed } = context;
  // Ours, not the server's: closed, stalled, too many waiting.
  if (error instanceof SwarmcastError && !(error instanceof ReplyTooLargeError)) throw error;
  if (error instanceof ProtocolError) return failure(error.code, error.message);
  if (error instanceof SdkHttpError) return outcomeOfHttp(error);
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
    throw new RequestTimeoutError(`no reply to ${method} within ${timeoutMs} ms`, { cause: error });
  }
  if (closed) throw new ConnectionClosedError(`${method}: ${describeError(error)}`, { cause: error });
  // An answer that is none: not MCP, too large, of an unknown kind.
  return failure(undefined, describeError(error));
}

/** @throws {@link OverloadedError} where the status speaks of the server's condition */
function outcomeOfHttp(error: SdkHttpError): Outcome {
  const said = rpcErrorOf(error);
  const message = said?.message ?? error.message;
  if (error.status !== undefined && OVERLOADED.has(error.status)) {
    throw new OverloadedError(`HTTP ${error.status}: ${screenText(message, 200)}`, { cause: error });
  }
  return failure(said?.code ?? error.status, message);
}

/** The peer closed when it was asked for the new era, as peers do that exit on any request before initialize. */
class EraClosedError extends Error {
  override name = 'EraClosedError';
}

/** What is known of a connection while it is made and until it ends. */
class ConnectionState {
  closed = false;
  /** We close it ourselves. */
  closing = false;
  /** The client has it; before that, a failed attempt reports through its error alone. */
  opened = false;
  lastNoise: string | undefined;
  readonly #onClosed: (why: string | undefined) => void;
  readonly #why: () => string | undefined;

  constructor(onClosed: (why: string | undefined) => void, why: () => string | undefined) {
    this.#onClosed = onClosed;
    this.#why = why;
  }

  finish(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.opened) this.#onClosed(this.closing ? undefined : this.reason());
  }

  reason(): string {
    const words = this.lastNoise === undefined ? '' : `; it had said: "${screenText(this.lastNoise, 200)}"`;
    return `${this.#why() ?? 'the peer closed the connection'}${words}`;
  }
}

async function connectEitherEra(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  try {
    return await connectOnce(options, 'auto', signal);
  } catch (error) {
    if (!(error instanceof EraClosedError)) throw error;
  }
  return connectOnce(options, 'legacy', signal);
}

async function connectOnce(options: SessionOptions, era: 'auto' | 'legacy', signal: AbortSignal): Promise<Session> {
  const { events, counters, connectTimeoutMs } = options;
  let lastNoise: ((line: string) => void) | undefined;
  const onPush = (event: unknown): void => events.onPush(unquoted(event, options));
  const opened = options.openTransport({
    onPush,
    onNoise: (said) => {
      const line = unquoted(said, options);
      lastNoise?.(line);
      events.onNoise(line);
    },
  });
  const state = new ConnectionState(events.onClosed, opened.why ?? (() => undefined));
  // Only what was said before the handshake explains its failure.
  lastNoise = (line) => {
    if (!state.opened) state.lastNoise = line;
  };
  const wrap = opened.pipe ? PipeRequestIds : RequestIds;
  const transport = new wrap(opened.transport, { counters, onNotification: onPush });
  transport.onclose = () => state.finish();
  const probe = { timeoutMs: Math.max(50, Math.floor(connectTimeoutMs * PROBE_SHARE)) };
  const client = new Client(GATEWAY, { versionNegotiation: { mode: era, ...(era === 'auto' ? { probe } : {}) } });
  client.onerror = () => {
    counters.badMessages += 1;
  };
  const giveUp = (): void => void transport.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect(transport, { timeout: connectTimeoutMs, signal });
    signal.throwIfAborted();
  } catch (cause) {
    state.closing = true;
    const closedByPeer = state.closed && !signal.aborted;
    await transport.close();
    const refusal = opened.refusal?.();
    if (refusal !== undefined) throw refusal;
    if (closedByPeer && opened.pipe && era === 'auto' && isEraFailure(cause)) throw new EraClosedError();
    if (cause instanceof ConnectError || !closedByPeer) throw cause;
    throw new ConnectError(`no MCP handshake: ${state.reason()}`, { cause });
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  state.opened = true;
  if (state.closed) throw new ConnectError('closed right after the handshake');
  return new Session(client, state, options);
}

/** What a server said, without what it was given. */
function unquoted<T>(said: T, { secrets = [], counters }: Pick<SessionOptions, 'secrets' | 'counters'>): T {
  return withoutSecrets(said, secrets, () => {
    counters.secretsRedacted += 1;
  });
}

function isEraFailure(error: unknown): boolean {
  return error instanceof SdkError && error.code === SdkErrorCode.EraNegotiationFailed;
}

function nonEmpty(text: string | undefined): string | undefined {
  const clean = text === undefined ? '' : screenText(text, 128);
  return clean === '' ? undefined : clean;
}
