/** Clients of an edge without sockets or time: a replica fed by hand, a clock that a test moves, sockets that stall. */
import { Clients } from '../../../../src/edge/clients/clients.ts';
import type { SendCommand } from '../../../../src/edge/clients/commands.ts';
import type { ClientSocket, Coding, SendResult } from '../../../../src/edge/clients/client-socket.ts';
import type { Session } from '../../../../src/edge/clients/session.ts';
import { Replica } from '../../../../src/edge/replica/replica.ts';
import { ViewRegistry } from '../../../../src/edge/views/view-registry.ts';
import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { ChangeBatch, WorldSnapshot } from '../../../../src/model/change.ts';
import { agentRef, plainRef } from '../../../../src/model/ids.ts';
import type { ServerRecord } from '../../../../src/model/server.ts';
import { configSchema, type ClientsConfig } from '../../../../src/platform/config/schema.ts';
import type { Verdict } from '../../../../src/platform/auth/identity.ts';
import { accessOf } from '../../../support/access.ts';
import { HandLayout } from '../../../support/hand-layout.ts';
import { SECRET, signToken, type Claims } from '../../../support/tokens.ts';
import { unpackMessage } from '../../../../src/protocol/codec.ts';
import type { ServerMessage } from '../../../../src/protocol/server-messages.ts';

export const SERVER = plainRef(0, 1);
const SWARM = plainRef(0, 2);

export function agent(n: number, overrides: Partial<AgentRecord> = {}): AgentRecord {
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
    ...overrides,
  };
}

export function server(state: ServerRecord['health']['state'] = 'healthy'): ServerRecord {
  return {
    ref: SERVER,
    id: 's1',
    type: 'ruv-swarm',
    simulated: false,
    transport: 'stdio',
    endpoint: 'stdio:x',
    health: {
      state,
      reason: state,
      since_ms: 1,
      evidence: { consecutive_failures: 0, consecutive_successes: 1 },
    },
  };
}

export function snapshot(agents: AgentRecord[], epoch = 'e1', version = 1): WorldSnapshot {
  return {
    epoch,
    version,
    time_ms: 1_000,
    servers: [server()],
    swarms: [{ ref: SWARM, key: 's1/w1', id: 'w1', server_id: 's1', server_type: 'ruv-swarm', slots_rev: 0 }],
    agents,
    links: [],
    tasks: [],
    membership: [[SWARM, agents.length]],
  };
}

/** A socket whose kernel takes everything, until it is stalled. */
export class FakeSocket implements ClientSocket {
  readonly coding: Coding;
  readonly messages: ServerMessage[] = [];
  /** Types of messages, text that is no message, and `frame`. */
  readonly log: string[] = [];
  readonly frames: Uint8Array[] = [];
  closed: { code: number; reason: string } | undefined;
  pings = 0;
  corks = 0;
  stalled = false;
  /** The next sends are not accepted. */
  dropping = false;
  /** The peer reads: pings are answered at once. A peer that does not leaves them unanswered until it reads again. */
  reading = true;
  /** Called when a ping is answered. */
  ponged: () => void = () => undefined;
  #unanswered = 0;
  #buffered = 0;

  constructor(coding: Coding = 'json') {
    this.coding = coding;
  }

  send(message: string | Uint8Array, isBinary: boolean): SendResult {
    if (this.closed !== undefined || this.dropping) return 'dropped';
    this.#take(message, isBinary);
    if (!this.stalled) return 'sent';
    this.#buffered += message.length;
    return 'buffered';
  }

  bufferedAmount(): number {
    return this.#buffered;
  }

  cork(run: () => void): void {
    this.corks++;
    run();
  }

  ping(): void {
    this.pings++;
    if (this.reading && !this.stalled) this.ponged();
    else this.#unanswered++;
  }

  /** The peer reads on: what waited is answered. */
  read(): void {
    this.reading = true;
    for (; this.#unanswered > 0; this.#unanswered--) this.ponged();
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** The kernel took all but `left` bytes. */
  drainTo(left: number): void {
    this.#buffered = left;
    this.stalled = left > 0;
    if (!this.stalled && this.reading) this.read();
  }

  #take(message: string | Uint8Array, isBinary: boolean): void {
    if (typeof message !== 'string' && message[0] === 1 && isBinary) {
      this.log.push('frame');
      this.frames.push(message.slice());
      return;
    }
    if (message === 'pong') {
      this.log.push('pong');
      return;
    }
    const decoded = (isBinary ? unpackMessage(message as Uint8Array) : JSON.parse(textOf(message))) as ServerMessage;
    this.messages.push(decoded);
    this.log.push(decoded.type);
  }
}

function textOf(message: string | Uint8Array): string {
  return typeof message === 'string' ? message : Buffer.from(message).toString();
}

const START_MS = 1_700_000_000_000;
const access = await accessOf(
  { auth: { jwt: { secret: SECRET }, anonymous: 'viewer' } },
  { now: () => START_MS, monotonic: () => 0 },
);
/** Who comes without a token. */
export const ANYBODY = await access.verify(undefined);

/** A token of these claims. Its times are those of the edge's clock, which begins at 1,700,000,000 s. */
export const tokenOf = (claims: Claims): Promise<string> => signToken(claims);

/** What the edge makes of {@link tokenOf} when it begins. */
export const verdictOn = async (claims: Claims): Promise<Verdict> => access.verify(await tokenOf(claims));

export interface FakeEdge {
  replica: Replica;
  views: ViewRegistry;
  clients: Clients;
  /** Moves time and ticks together, as the layout's clock does. */
  tick: (ticks?: number) => void;
  /** The swarm, of so many slots, moves with every tick from now on, or rests. */
  moveAll: (slots?: number) => void;
  settle: () => void;
  /** Monotonic ms. */
  now: () => number;
  apply: (batch: Omit<ChangeBatch, 'epoch' | 'version' | 'time_ms'>) => void;
  reset: (world: WorldSnapshot) => void;
  connect: (socket?: FakeSocket, verdict?: Verdict) => FakeClient;
  discover: { answer: () => Promise<{ servers: number }>; calls: number };
  command: { answer: SendCommand; orders: Parameters<SendCommand>[0][] };
}

export interface FakeClient {
  session: Session;
  socket: FakeSocket;
  send: (message: unknown) => void;
}

export function fakeEdge(
  config: Partial<ClientsConfig> = {},
  world: WorldSnapshot | 'none' = snapshot([]),
  sizes: { entitiesPerMessage?: number; maxTurnBytes?: number; tombstones?: number } = {},
): FakeEdge {
  let nowMs = 0;
  let tick = 0;
  let layout: HandLayout | undefined;
  let isMoving = false;
  const clock = { now: () => START_MS + nowMs, monotonic: () => nowMs };
  const replica = new Replica({ tombstones: sizes.tombstones ?? 1_000, flowLimit: 100 });
  const clientsConfig = { ...configSchema.parse({}).clients, ...config };
  const views = new ViewRegistry(replica, {
    maxViews: clientsConfig.max_views,
    entitiesPerMessage: sizes.entitiesPerMessage,
  });
  const discover = { answer: () => Promise.resolve({ servers: 1 }), calls: 0 };
  const command: FakeEdge['command'] = {
    answer: () => Promise.resolve({ ok: false, failure: { code: 'unavailable', message: 'no hub' } }),
    orders: [],
  };
  const clients = new Clients({
    config: clientsConfig,
    clock,
    replica,
    views,
    authenticate: (token) => access.verify(token),
    maxTurnBytes: sizes.maxTurnBytes,
    discover: () => {
      discover.calls++;
      return discover.answer();
    },
    command: (order) => {
      command.orders.push(order);
      return command.answer(order);
    },
  });
  const edge: FakeEdge = {
    replica,
    views,
    clients,
    discover,
    command,
    tick: (ticks = 1) => {
      for (let i = 0; i < ticks; i++) {
        nowMs += 1_000 / 60;
        tick++;
        if (isMoving) layout?.publish(tick % 100);
        replica.onLayout({ kind: 'tick', tick, time_ms: clock.now(), moved: isMoving ? [SWARM] : [] });
        views.beginTick();
        clients.tick(1);
      }
    },
    moveAll: (slots = replica.agents.size) => {
      if (layout === undefined) {
        layout = new HandLayout(SWARM, slots);
        replica.onLayout({ kind: 'region', handle: layout.handle });
      }
      layout.tick = tick;
      isMoving = true;
    },
    now: () => nowMs,
    settle: () => {
      isMoving = false;
    },
    apply: (batch) => {
      replica.apply({ epoch: replica.epoch, version: replica.version + 1, time_ms: clock.now(), ...batch });
      if (replica.turnedVersion === replica.version) clients.noteHealthTurned();
    },
    reset: (next) => {
      replica.reset(next);
      tick = 0;
      if (layout !== undefined) layout.tick = 0;
      views.beginTick();
      clients.startEpoch();
    },
    connect: (socket = new FakeSocket(), verdict = ANYBODY) => {
      const session = clients.connect(socket, { verdict, address: '' });
      if (session === undefined) throw new Error('refused');
      socket.ponged = () => session.ponged();
      return {
        session,
        socket,
        send: (message) =>
          session.receive(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), false),
      };
    },
  };
  if (world !== 'none') edge.reset(world);
  return edge;
}
