/** An edge over a memory feed, fed by hand, and plain WebSocket clients. */
import { request } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';
import { startEdge, type Edge } from '../../../../src/edge/edge.ts';
import type { HubFeed, HubRequests, Responder } from '../../../../src/feed/feed.ts';
import { createMemoryFeed } from '../../../../src/feed/memory.ts';
import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { ChangeBatch, WorldSnapshot } from '../../../../src/model/change.ts';
import { agentRef, plainRef } from '../../../../src/model/ids.ts';
import type { LayoutEvent, LayoutSink } from '../../../../src/model/position-region.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { configSchema, type ClientsConfig, type Config } from '../../../../src/platform/config/schema.ts';
import { createLogger } from '../../../../src/platform/telemetry/log.ts';
import { unpackMessage } from '../../../../src/protocol/codec.ts';
import { decodeFrame, type DecodedFrame } from '../../../../src/protocol/frames.ts';
import type { ServerMessage } from '../../../../src/protocol/server-messages.ts';
import { HandLayout } from '../../../support/hand-layout.ts';

const SERVER = plainRef(0, 1);
export const SWARM = plainRef(0, 2);

export function agent(n: number): AgentRecord {
  return {
    ref: agentRef(0, n),
    key: `s1/w1/a${n}`,
    id: `a${n}`,
    swarm: SWARM,
    server_id: 's1',
    server_type: 'ruv-swarm',
    type: n % 2 === 0 ? 'coder' : 'tester',
    status: 'idle',
    slot: n,
  };
}

export function world(agents: number, epoch = 'e1'): WorldSnapshot {
  return {
    epoch,
    version: 10,
    time_ms: Date.now(),
    servers: [
      {
        ref: SERVER,
        id: 's1',
        type: 'ruv-swarm',
        simulated: false,
        transport: 'stdio',
        endpoint: 'stdio:ruv-swarm',
        health: {
          state: 'healthy',
          reason: 'answers',
          since_ms: 1,
          evidence: { consecutive_failures: 0, consecutive_successes: 1 },
        },
      },
    ],
    swarms: [{ ref: SWARM, key: 's1/w1', id: 'w1', server_id: 's1', server_type: 'ruv-swarm', slots_rev: 0 }],
    agents: Array.from({ length: agents }, (_, i) => agent(i)),
    links: [],
    tasks: [],
    membership: [[SWARM, agents]],
  };
}

export interface HandHub {
  edge: Edge;
  hub: HubFeed;
  layout: HandLayout;
  post(event: LayoutEvent): void;
  publish(batch: Omit<ChangeBatch, 'epoch' | 'time_ms'>): void;
  httpRequests: HubRequests['http']['input'][];
  discoveries: number;
  dispose(): Promise<void>;
}

export interface HandOptions {
  agents?: number;
  clients?: Partial<ClientsConfig>;
  auth?: Partial<Config['auth']>;
  server?: Partial<Config['server']>;
  /** The hub serves only when told. */
  late?: boolean;
  responder?: Partial<Responder<HubRequests>>;
}

export async function startHandHub(options: HandOptions = {}): Promise<HandHub & { serve(): void }> {
  const defaults = configSchema.parse({});
  const config = {
    server: { ...defaults.server, port: 0, ...options.server },
    clients: { ...defaults.clients, ...options.clients },
    auth: { ...defaults.auth, ...options.auth },
  };
  const agents = options.agents ?? 3;
  const layout = new HandLayout(SWARM, agents);
  const { hub, connectEdge } = createMemoryFeed();
  const sinks: LayoutSink[] = [];
  const log = await createLogger({ level: 'silent', levels: [], format: 'json', part: 'test' });
  const edge = await startEdge({ feed: connectEdge(), config, edgeId: 0, log, clock: systemClock });
  const hand = {
    edge,
    hub,
    layout,
    post: (event: LayoutEvent) => {
      for (const sink of sinks) if (sink.kind === 'direct') sink.post(event);
    },
    publish: (batch: Omit<ChangeBatch, 'epoch' | 'time_ms'>) => {
      hub.publish({ epoch: 'e1', time_ms: Date.now(), ...batch });
    },
    httpRequests: [] as HubRequests['http']['input'][],
    discoveries: 0,
    serve: () => {
      hub.serve(
        {
          snapshot: () => world(agents),
          connectLayout: (sink) => {
            sinks.push(sink);
            if (sink.kind === 'direct') sink.post({ kind: 'region', handle: layout.handle });
          },
        },
        {
          http: (asked) => {
            hand.httpRequests.push(asked);
            return { status: 201, headers: { 'x-hub': 'yes' }, body: new TextEncoder().encode(asked.url) };
          },
          discover: () => {
            hand.discoveries++;
            return { servers: 1 };
          },
          command: () => ({ ok: false, failure: { code: 'internal', message: 'no hub behind this' } }),
          settings: () => ({ cap: null }),
          ...options.responder,
        },
      );
    },
    dispose: async () => {
      await edge[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
    },
  };
  if (options.late !== true) hand.serve();
  return hand;
}

export type Heard = { frame: DecodedFrame } | { message: ServerMessage } | { text: string };

/** A WebSocket client that keeps everything in order of arrival. */
export class HandClient {
  readonly socket: WebSocket;
  readonly heard: Heard[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #waiters = new Set<() => void>();
  #seen = 0;

  constructor(port: number, subprotocols: string[] = [], options: ClientOptions = {}, path = '/ws') {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, subprotocols, options);
    this.socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  static async open(port: number, subprotocols: string[] = [], options: ClientOptions = {}, path = '/ws') {
    const client = new HandClient(port, subprotocols, options, path);
    await new Promise((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  get types(): string[] {
    return this.heard.map((one) => ('frame' in one ? 'frame' : 'text' in one ? one.text : one.message.type));
  }

  /** The next message of the type, after those that were awaited before. */
  async next<T extends ServerMessage['type']>(type: T): Promise<ServerMessage & { type: T }> {
    const found = await this.#until((one) => 'message' in one && one.message.type === type);
    if (!('message' in found)) throw new Error('unreachable');
    return found.message as ServerMessage & { type: T };
  }

  async nextFrame(): Promise<DecodedFrame> {
    const found = await this.#until((one) => 'frame' in one);
    if (!('frame' in found)) throw new Error('unreachable');
    return found.frame;
  }

  async nextText(): Promise<string> {
    const found = await this.#until((one) => 'text' in one);
    return 'text' in found ? found.text : '';
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await this.#change();
    return this.closed;
  }

  close(): void {
    this.socket.terminate();
  }

  async #until(wanted: (one: Heard) => boolean): Promise<Heard> {
    for (;;) {
      for (; this.#seen < this.heard.length; this.#seen++) {
        const one = this.heard[this.#seen];
        if (one !== undefined && wanted(one)) {
          this.#seen++;
          return one;
        }
      }
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed.code} after: ${this.types.join(' ')}`);
      await this.#change();
    }
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary && data[0] === 1) this.heard.push({ frame: decodeFrame(data) });
    else if (isBinary) this.heard.push({ message: unpackMessage(data) as ServerMessage });
    else if (data[0] === 0x7b) this.heard.push({ message: JSON.parse(data.toString()) as ServerMessage });
    else this.heard.push({ text: data.toString() });
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.add(resolve);
    });
  }
}

/** The HTTP status of an upgrade that should be refused. */
export async function refusedStatus(
  port: number,
  headers: Record<string, string>,
  path = '/ws',
): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    socket.once('unexpected-response', (req, response) => {
      resolve(response.statusCode);
      req.destroy();
    });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('error', reject);
  });
}

export function httpCall(
  port: number,
  options: { method?: string; path: string; headers?: Record<string, string>; body?: Uint8Array },
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request(
      { host: '127.0.0.1', port, method: options.method ?? 'GET', path: options.path, headers: options.headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    req.on('error', reject);
    req.end(options.body);
  });
}
