/**
 * `fetch` for one server over node:http, so that its sockets have an owner: the global fetch keeps them in a pool that
 * nobody can close. Redirects are never followed here; the SDK follows those within the origin.
 */
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable, Transform } from 'node:stream';
import type { FetchLike } from '@modelcontextprotocol/client';
import type { ServerTls } from '../../../platform/config/schema.ts';
import type { ConnectionCounters } from '../connection-counters.ts';
import { ReplyTooLargeError } from '../errors.ts';
import { assertUnguarded, guardedLookup } from './address-guard.ts';
import { JsonDepth } from './json-depth.ts';
import { tlsOptions } from './tls-options.ts';

/** Sockets to one server at once: requests, one event stream, and the closing of the session. */
const MAX_SOCKETS = 8;
const NEWLINE = 0x0a;
/** Statuses whose Response must have no body. */
const NO_BODY = new Set([204, 205, 304]);

/** A fetch and the sockets that it uses. */
export interface HttpFetch {
  fetch: FetchLike;
  /** Closes all sockets. */
  destroy(): void;
}

export interface HttpLimits {
  maxBytes: number;
  /** Replies beyond the limits are counted with the lines that are. */
  counters: Pick<ConnectionCounters, 'oversizeLines' | 'deepLines'>;
  /** Of https; undefined: the system's authorities are trusted. */
  tls: ServerTls | undefined;
  /** Also to link-local and metadata addresses. */
  allowLinkLocal: boolean;
}

/** `maxBytes`: largest reply, or largest line of an event stream; beyond it, and beyond 128 levels of nesting, the reply fails with {@link ReplyTooLargeError}. */
export function createHttpFetch(url: URL, { maxBytes, counters, tls, allowLinkLocal }: HttpLimits): HttpFetch {
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, ...tlsOptions(tls ?? true) })
    : new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const open = (target: URL, init: RequestInit): ClientRequest => {
    const { method = 'GET', signal } = init;
    // One signal of the SDK serves all requests of a connection.
    if (signal) setMaxListeners(0, signal);
    const headers = Object.fromEntries(new Headers(init.headers));
    if (!allowLinkLocal) assertUnguarded(target.hostname);
    const guard = allowLinkLocal ? {} : { lookup: guardedLookup() };
    const options = { agent, method, headers, ...guard, ...(signal ? { signal } : {}) };
    return target.protocol === 'https:' ? httpsRequest(target, options) : httpRequest(target, options);
  };
  const exchange = async (target: URL, init: RequestInit, retry: boolean): Promise<Response> => {
    const request = open(target, init);
    const reply = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.on('error', reject);
    });
    request.end(typeof init.body === 'string' ? init.body : undefined);
    try {
      return asResponse(await reply, (streaming) => limit({ maxBytes, counters, streaming }));
    } catch (error) {
      // The server closed an idle connection just as it was used again: nothing was lost, ask once more.
      if (retry && request.reusedSocket && isReset(error)) return exchange(target, init, false);
      throw error;
    }
  };
  return {
    fetch: (target, init) => exchange(new URL(target), init ?? {}, true),
    destroy: () => agent.destroy(),
  };
}

function asResponse(message: IncomingMessage, limiter: (streaming: boolean) => Transform): Response {
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] ?? '', message.rawHeaders[i + 1] ?? '');
  }
  const status = message.statusCode ?? 500;
  const init = { status, statusText: message.statusMessage ?? '', headers };
  if (NO_BODY.has(status)) {
    message.resume();
    return new Response(null, init);
  }
  const streaming = headers.get('content-type')?.startsWith('text/event-stream') === true;
  const limited = message.pipe(limiter(streaming));
  message.once('error', (error) => limited.destroy(error));
  limited.once('close', () => message.destroy());
  // Node's and the DOM's ReadableStream are the same object under two type names.
  return new Response(Readable.toWeb(limited) as ReadableStream<Uint8Array>, init);
}

function limit({
  maxBytes,
  counters,
  streaming,
}: Pick<HttpLimits, 'maxBytes' | 'counters'> & { streaming: boolean }): Transform {
  let count = 0;
  const depth = new JsonDepth();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const end = streaming ? chunk.lastIndexOf(NEWLINE) : -1;
      count = end === -1 ? count + chunk.length : chunk.length - end - 1;
      if (count > maxBytes) {
        counters.oversizeLines += 1;
        done(new ReplyTooLargeError(`reply is larger than ${maxBytes} bytes`));
      } else if (depth.push(chunk, streaming)) {
        counters.deepLines += 1;
        done(new ReplyTooLargeError('reply is nested too deeply'));
      } else done(null, chunk);
    },
  });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
