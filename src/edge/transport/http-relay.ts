import type { HttpRequest as UwsRequest, HttpResponse as UwsResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { HttpReply, HttpRequest } from '../../feed/feed.ts';

/** Largest body of a request. */
const MAX_HTTP_BODY_BYTES = 65_536;

/** Hop-by-hop headers, and those that the library writes itself. */
const NOT_RELAYED = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * Collects a request, asks `respond`, writes its reply. Never throws; a `respond` that rejects becomes a 503, since
 * what it could not reach is the hub. `onUnfinished`: it ended before its body had come.
 */
export function relayHttp(
  res: UwsResponse,
  req: UwsRequest,
  respond: (request: HttpRequest) => Promise<HttpReply>,
  onUnfinished: () => void,
): void {
  let aborted = false;
  let isWhole = false;
  res.onAborted(() => {
    if (!isWhole && !aborted) onUnfinished();
    aborted = true;
  });
  // The native request is gone when this handler returns: everything is read now.
  const head = readHead(req);
  const finish = (reply: HttpReply): void => {
    if (aborted) return;
    // One reply only, whatever still comes in.
    aborted = true;
    res.cork(() => write(res, reply, head.method));
  };
  const chunks: Uint8Array[] = [];
  let size = 0;
  res.onData((chunk, isLast) => {
    if (aborted) return;
    size += chunk.byteLength;
    if (size > MAX_HTTP_BODY_BYTES) {
      finish(textReply(413, `a body may have ${MAX_HTTP_BODY_BYTES} bytes\n`));
      return;
    }
    // The native chunk is emptied when this callback returns.
    chunks.push(new Uint8Array(chunk.slice(0)));
    if (!isLast) return;
    isWhole = true;
    const body = size === 0 ? undefined : new Uint8Array(Buffer.concat(chunks));
    respond({ ...head, body }).then(finish, () => finish(textReply(503, 'the hub does not answer\n')));
  });
}

export function textReply(status: number, text: string): HttpReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: new TextEncoder().encode(text),
  };
}

/** Writes a reply at once, for requests that are answered without their body. `last`: and ends the connection. */
export function writeReply(res: UwsResponse, reply: HttpReply, method = 'GET', last = false): void {
  // The library does not count an end without a body as an answer, and ends the process over a handler that seems to have
  // given none, unless it listens for aborts.
  res.onAborted(() => undefined);
  res.cork(() => write(res, reply, method, last));
}

function readHead(req: UwsRequest): Omit<HttpRequest, 'body'> {
  const headers: Record<string, string> = {};
  req.forEachHeader((key, value) => {
    headers[key] = value;
  });
  const query = req.getQuery();
  const url = query === undefined || query === '' ? req.getUrl() : `${req.getUrl()}?${query}`;
  return { method: req.getCaseSensitiveMethod(), url, headers };
}

function write(res: UwsResponse, reply: HttpReply, method: string, last = false): void {
  res.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}`);
  for (const [key, value] of Object.entries(reply.headers)) {
    if (!NOT_RELAYED.has(key.toLowerCase())) res.writeHeader(key, value);
  }
  if (method === 'HEAD') res.endWithoutBody(reply.body.byteLength, last);
  else res.end(reply.body, last);
}
