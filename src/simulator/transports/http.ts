import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Dispatcher } from '../dispatcher.ts';
import { requestNames } from '../dispatcher.ts';
import { isRecord } from '../faces/arguments.ts';
import type { Peer } from '../faces/face.ts';
import type { Fault, FaultBook } from '../faults.ts';
import type { SimulatorStats } from '../stats.ts';
import type { PushSink } from '../telemetry.ts';
import type { HttpMcp } from './http-mcp.ts';
import type { Listening } from './listening.ts';
import { spoilReply } from './spoil-reply.ts';
import { bracketed, listen, Reopening } from './tcp.ts';

const PATH = '/mcp';
/** As the seeds limit a message; a longer body is answered with 413. */
const MAX_BODY_BYTES = 10 * 1_048_576;
/** These need a line of its own, or a stream that is always there. */
const UNSUPPORTED: ReadonlySet<Fault['kind']> = new Set([
  'duplicate-reply',
  'joined-frames',
  'event-flood',
  'foreign-reply',
  'broadcast-reply',
  'half-open',
] as const);

export interface HttpParts {
  dispatcher: Dispatcher;
  faults: FaultBook;
  stats: SimulatorStats;
  apiKey: string | undefined;
  normalise: ((message: unknown) => unknown) | undefined;
  peerOf(sink: PushSink | undefined): Peer;
  forget(sink: PushSink): void;
}

/**
 * Streamable HTTP at `/mcp`. Sessions of the older era can open a stream, on which telemetry travels as JSON-RPC
 * notifications (the event's type is the method); the newer era has no sessions and so gets none.
 * @throws SimulatorStartError when the address cannot be had.
 */
export async function openHttp(address: { host: string; port: number }, parts: HttpParts): Promise<Listening> {
  const loopbackOnly = ['127.0.0.1', '::1', 'localhost'].includes(address.host);
  const mcp = import('./http-mcp.ts').then(({ createHttpMcp }) => createHttpMcp({ ...parts, loopbackOnly }));
  // Answered with 500 where it is awaited; until then a failure to load must not end the process.
  mcp.catch(() => undefined);
  const gate = new Gate();
  const server = createServer((request, response) => {
    gate
      .passed()
      .then(async () => handle(request, response, await mcp, parts))
      .catch(() => response.destroy());
  });
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  const gap = new Reopening(server, { host: address.host, port });
  const stop = async () => {
    const closed = gap.close();
    server.closeAllConnections();
    gate.open();
    await mcp.then(
      (loaded) => loaded.close(),
      () => undefined,
    );
    await closed;
  };
  let stopped: Promise<void> | undefined;
  return {
    port,
    endpoint: `http://${bracketed(address.host)}:${port}${PATH}`,
    unsupported: UNSUPPORTED,
    flood: () => undefined,
    freeze: () => gate.shut(),
    thaw: () => gate.open(),
    goHalfOpen: () => undefined,
    restart: (ms) => {
      gap.closeFor(ms);
      server.closeAllConnections();
    },
    cut: () => void (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  mcp: HttpMcp,
  parts: HttpParts,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname !== PATH) return void response.writeHead(404).end();
  const body = await readBody(request);
  if (body === undefined) return void response.writeHead(413, { connection: 'close' }).end();
  const parsed = parse(body, parts.normalise);
  const names = requestNames(parsed);
  const isRequest = names.length > 0 && isRecord(parsed) && 'id' in parsed;
  if (isRequest) parts.faults.requested(names);
  const sinceMs = openedAt(request);
  if (response.destroyed) return;
  const answer = await mcp.fetch(toRequest(request, parsed, body), parsed);
  const faults = isRequest ? parts.faults.takeForReply(names, performance.now() - sinceMs) : [];
  if (faults.length === 0) return relay(answer, response, request, mcp);
  const spoiled = spoilReply(parse(Buffer.from(await answer.arrayBuffer()), undefined), faults, '');
  if (spoiled.text === undefined) return;
  const { text } = spoiled;
  setTimeout(() => {
    if (response.destroyed) return;
    if (spoiled.cut === 'before') return void response.destroy();
    const { status = answer.status, headers = {} } = spoiled.http ?? {};
    response.writeHead(status, { ...Object.fromEntries(withoutLength(answer.headers)), ...headers });
    if (spoiled.cut === 'half-way') {
      response.write(text.slice(0, Math.ceil(text.length / 2)), () => {
        if (spoiled.exit === undefined) response.destroy();
        else parts.faults.perform({ kind: 'exit', code: spoiled.exit.code });
      });
    } else if (spoiled.pieces !== undefined) writeInPieces(response, Buffer.from(text), spoiled.pieces);
    else response.end(text);
  }, spoiled.delayMs);
}

const openedAtMs = new WeakMap<Socket, number>();

/** When the connection of a request was first used, monotonic ms. */
function openedAt({ socket }: IncomingMessage): number {
  const known = openedAtMs.get(socket) ?? performance.now();
  openedAtMs.set(socket, known);
  return known;
}

async function relay(answer: Response, response: ServerResponse, request: IncomingMessage, mcp: HttpMcp) {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) return void response.end();
  const session = request.headers['mcp-session-id'];
  const stream = request.method === 'GET' && typeof session === 'string' ? mcp.streamOf(session) : undefined;
  const reader = answer.body.getReader();
  response.once('close', () => {
    stream?.closed();
    reader.cancel().catch(() => undefined);
  });
  response.flushHeaders();
  stream?.opened();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    stream?.sent();
    if (!response.write(part.value) && !response.destroyed)
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
  }
  response.end();
}

function writeInPieces(
  response: ServerResponse,
  bytes: Buffer,
  pieces: { bytes: number; everyMs: number },
  offset = 0,
): void {
  if (response.destroyed) return;
  if (offset >= bytes.length) return void response.end();
  const end = offset + pieces.bytes;
  response.write(bytes.subarray(offset, end));
  if (pieces.everyMs === 0) setImmediate(() => writeInPieces(response, bytes, pieces, end));
  else setTimeout(() => writeInPieces(response, bytes, pieces, end), pieces.everyMs);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undefined when there is none or it is no JSON: the SDK then says so. */
function parse(body: Buffer, normalise: HttpParts['normalise']): unknown {
  if (body.length === 0) return undefined;
  try {
    const message: unknown = JSON.parse(body.toString('utf8'));
    return normalise?.(message) ?? message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function toRequest(request: IncomingMessage, parsed: unknown, body: Buffer): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  const method = request.method ?? 'GET';
  const url = `http://${request.headers.host ?? 'localhost'}${PATH}`;
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: parsed === undefined ? body : JSON.stringify(parsed) });
}

function withoutLength(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== 'content-length');
}

/** Lets requests through while it is open. */
class Gate {
  #shut: Promise<void> | undefined;
  #release: (() => void) | undefined;

  passed(): Promise<void> {
    return this.#shut ?? Promise.resolve();
  }

  shut(): void {
    this.#shut ??= new Promise<void>((resolve) => {
      this.#release = resolve;
    });
  }

  open(): void {
    this.#release?.();
    this.#shut = undefined;
  }
}
