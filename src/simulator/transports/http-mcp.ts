/** MCP over HTTP with the SDK: sessions for the older era, single exchanges for the newer, and for the older without one. */
import { randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isInitializeRequest,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Server } from '@modelcontextprotocol/server';
import type { Dispatcher } from '../dispatcher.ts';
import type { Peer } from '../faces/face.ts';
import { createFaceServer } from '../mcp-session.ts';
import type { SimulatorStats } from '../stats.ts';
import type { PushSink, TelemetryEvent } from '../telemetry.ts';

/** Sessions kept; the one that was used least recently is closed. */
const MAX_SESSIONS = 1_000;
/** Events that wait for a slow reader; more are dropped and counted. */
const MAX_BACKLOG = 1_000;

/** What is told of a session's stream, so that events for nobody are not counted as pushed. */
interface SessionStream {
  opened(): void;
  /** One event left the queue. */
  sent(): void;
  closed(): void;
}

export interface HttpMcp {
  fetch(request: Request, parsedBody: unknown): Promise<Response>;
  streamOf(sessionId: string): SessionStream | undefined;
  close(): Promise<void>;
}

export interface HttpMcpParts {
  dispatcher: Dispatcher;
  stats: SimulatorStats;
  apiKey: string | undefined;
  /** Refuse hosts and origins that are not loopback: a page of another site must not reach a local server. */
  loopbackOnly: boolean;
  peerOf(sink: PushSink | undefined): Peer;
  forget(sink: PushSink): void;
}

/** See {@link HttpMcp}. */
export function createHttpMcp(parts: HttpMcpParts): HttpMcp {
  const sessions = new Map<string, Session>();
  const authenticate = (peer: Peer, request: Request | undefined) => {
    if (parts.apiKey !== undefined && request?.headers.get('authorization') === `Bearer ${parts.apiKey}`)
      peer.authenticated = true;
    return peer;
  };
  const withoutSession = (request: Request | undefined) =>
    createFaceServer(parts.dispatcher, authenticate(parts.peerOf(undefined), request));
  const modern = createMcpHandler(({ requestInfo }) => withoutSession(requestInfo), { legacy: 'reject' });
  // As createMcpHandler serves the older era without a session, but with JSON in place of an event stream.
  const single = async (request: Request, options: { parsedBody?: unknown }) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = withoutSession(request);
    await server.connect(transport);
    const response = await transport.handleRequest(request, options);
    await server.close();
    return response;
  };
  const openSession = async (request: Request): Promise<Session> => {
    const session = new Session(parts.stats);
    session.onOpen = (id) => {
      sessions.set(id, session);
      parts.stats.connections++;
      parts.stats.connectionsTotal++;
      const oldest = sessions.size > MAX_SESSIONS ? sessions.values().next().value : undefined;
      void oldest?.close();
    };
    session.onClose = (id) => {
      if (!sessions.delete(id)) return;
      parts.stats.connections--;
      parts.forget(session);
    };
    const peer = authenticate(parts.peerOf(session), request);
    await session.serve(createFaceServer(parts.dispatcher, peer));
    return session;
  };
  return {
    async fetch(request, parsedBody) {
      const refused = !parts.loopbackOnly
        ? undefined
        : (hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
          originValidationResponse(request, localhostAllowedOrigins()));
      if (refused !== undefined) return refused;
      const options = parsedBody === undefined ? {} : { parsedBody };
      if (!(await isLegacyRequest(request, parsedBody))) return modern.fetch(request, options);
      const id = request.headers.get('mcp-session-id');
      if (id === null && !isInitializeRequest(parsedBody)) return single(request, options);
      const known = id === null ? undefined : sessions.get(id);
      if (id !== null && known === undefined) return new Response(null, { status: 404 });
      const session = known ?? (await openSession(request));
      if (id !== null) {
        // The end of the map is the session that was used last.
        sessions.delete(id);
        sessions.set(id, session);
      }
      return session.transport.handleRequest(request, options);
    },
    streamOf: (id) => sessions.get(id),
    async close() {
      await Promise.all([...sessions.values()].map((session) => session.close()));
      await modern.close();
    },
  };
}

class Session implements PushSink, SessionStream {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  onOpen: (id: string) => void = () => undefined;
  onClose: (id: string) => void = () => undefined;
  readonly #stats: SimulatorStats;
  #server: Server | undefined;
  #id = '';
  #streams = 0;
  #backlog = 0;

  constructor(stats: SimulatorStats) {
    this.#stats = stats;
    this.transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (id) => {
        this.#id = id;
        this.onOpen(id);
      },
    });
  }

  async serve(server: Server): Promise<void> {
    this.#server = server;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has callbacks, not events
    server.onclose = () => this.onClose(this.#id);
    await server.connect(this.transport);
  }

  push(events: readonly TelemetryEvent[]): void {
    const room = this.#streams === 0 ? 0 : Math.max(0, MAX_BACKLOG - this.#backlog);
    const taken = events.slice(0, room);
    this.#stats.eventsDropped += events.length - taken.length;
    this.#stats.eventsPushed += taken.length;
    this.#backlog += taken.length;
    for (const { type, timestamp, data } of taken)
      // A session that ends in the meantime has no use for it.
      this.#server?.notification({ method: type, params: { timestamp, data } }).catch(() => undefined);
  }

  opened(): void {
    this.#streams++;
  }

  sent(): void {
    this.#backlog = Math.max(0, this.#backlog - 1);
  }

  closed(): void {
    this.#streams = Math.max(0, this.#streams - 1);
    this.#backlog = 0;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}
