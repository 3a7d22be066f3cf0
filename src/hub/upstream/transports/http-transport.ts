import {
  METHOD_NOT_FOUND,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type JSONRPCMessage,
} from '@modelcontextprotocol/client';
import type { ServerTls } from '../../../platform/config/schema.ts';
import type { SwarmcastError } from '../../../platform/errors.ts';
import type { ConnectionCounters } from '../connection-counters.ts';
import { ConnectionClosedError, describeError } from '../errors.ts';
import { rpcErrorOf } from './http-error.ts';
import { createHttpFetch, type HttpFetch } from './http-fetch.ts';
import { refusalOf } from './refusal.ts';

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1];

/** Time that the server gets to hear that the session ends. */
const GOODBYE_MS = 300;
/** Errors of the socket that say: nobody is there. */
const GONE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

export interface HttpOptions {
  url: string;
  /** Sent with every request to this origin, and to no other. */
  headers: Readonly<Record<string, string>>;
  /** For https; undefined: verified against the system's authorities. */
  tls?: ServerTls | undefined;
  /** Largest reply, or line of an event stream. */
  maxReplyBytes: number;
  counters: ConnectionCounters;
  /** Also to link-local and metadata addresses. */
  allowLinkLocal?: boolean | undefined;
}

/**
 * MCP over Streamable HTTP. The SDK's transport knows no closed connection; here a server that refuses connections, or
 * has forgotten the session (404), closes it, so that the supervisor hears of it with the first request that fails.
 */
export class HttpTransport extends StreamableHTTPClientTransport {
  readonly #http: HttpFetch;
  #closing: Promise<void> | undefined;
  #closeReason: string | undefined;
  #refusal: SwarmcastError | undefined;

  constructor(options: HttpOptions) {
    const url = new URL(options.url);
    const http = createHttpFetch(url, {
      maxBytes: options.maxReplyBytes,
      counters: options.counters,
      tls: options.tls,
      allowLinkLocal: options.allowLinkLocal ?? false,
    });
    super(url, {
      fetch: http.fetch,
      requestInit: { headers: { ...options.headers } },
      redirectPolicy: 'same-origin',
      reconnectionOptions: {
        initialReconnectionDelay: 1_000,
        maxReconnectionDelay: 30_000,
        reconnectionDelayGrowFactor: 2,
        maxRetries: 5,
      },
    });
    this.#http = http;
  }

  /** Why it closed, when it was not us. */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  /** The last refusal of who we are, or of who the server is. */
  get refusal(): SwarmcastError | undefined {
    return this.#refusal;
  }

  /**
   * @throws {@link ConnectionClosedError} when the server is gone, AuthenticationError when it does not know us (401),
   * UntrustedServerError when its certificate is bad; other errors as the SDK throws them.
   */
  override async send(message: JSONRPCMessage, options?: SendOptions): Promise<void> {
    if (this.#closing !== undefined) throw new ConnectionClosedError('connection is closed');
    try {
      await super.send(message, options);
    } catch (cause) {
      const refusal = refusalOf(cause);
      this.#refusal = refusal ?? this.#refusal;
      // 403 may be about this one request; with 401 every other would be refused too.
      if (refusal !== undefined && !(cause instanceof SdkHttpError && cause.status === 403)) {
        this.#closeReason ??= refusal.message;
        void this.#shut(false);
        throw refusal;
      }
      if (!this.#isGone(cause)) throw cause;
      this.#closeReason ??= `server is gone: ${describeError(cause)}`;
      void this.#shut(false);
      throw new ConnectionClosedError(this.#closeReason, { cause });
    }
  }

  override async close(): Promise<void> {
    await this.#shut(true);
  }

  #shut(polite: boolean): Promise<void> {
    this.#closing ??= this.#end(polite);
    return this.#closing;
  }

  async #end(polite: boolean): Promise<void> {
    if (polite && this.sessionId !== undefined) await this.#goodbye();
    await super.close();
    this.#http.destroy();
  }

  async #goodbye(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    // A server that does not care for the goodbye is left all the same; the SDK has reported the error.
    await Promise.race([this.terminateSession().catch(() => undefined), deadline]);
    clearTimeout(timer);
  }

  #isGone(error: unknown): boolean {
    if (error instanceof SdkHttpError)
      return error.status === 404 && this.sessionId !== undefined && rpcErrorOf(error)?.code !== METHOD_NOT_FOUND;
    return error instanceof Error && 'code' in error && typeof error.code === 'string' && GONE.has(error.code);
  }
}
