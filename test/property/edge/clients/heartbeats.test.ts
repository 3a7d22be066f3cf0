/**
 * Whatever its clients live through, alone and in cohorts, a heartbeat in any mode says exactly what its client holds
 * when it comes; no message between agents is told twice, and no frame is older than the one before. The client is the
 * SDK's own state; what a cursor stands for is asked of views that no client has.
 */
import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record as recordOf,
  toStringMethod,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import type { Session } from '../../../../src/edge/clients/session.ts';
import { ViewRegistry } from '../../../../src/edge/views/view-registry.ts';
import type { View } from '../../../../src/edge/views/view.ts';
import { agentRef, plainRef } from '../../../../src/model/ids.ts';
import { DEFAULT_FILTERS } from '../../../../src/protocol/filters.ts';
import { decodeFrame } from '../../../../src/protocol/frames.ts';
import { MODES } from '../../../../src/protocol/modes.ts';
import {
  agent,
  fakeEdge,
  server,
  SERVER,
  snapshot,
  type FakeClient,
  type FakeEdge,
  type FakeSocket,
} from '../../../unit/edge/clients/fake-edge.ts';
import { CountingSocket } from '../../../unit/edge/clients/watched-client.ts';

const CLIENTS = 12;
/** Agents that stay; others come and go. */
const AGENTS = 12;
const EPOCH_TICKS = 61;
const FIRST_GUEST = 1_000;
const SWARM = plainRef(0, 2);
const STATUSES = ['idle', 'busy', 'error'] as const;
const FILTERS = [DEFAULT_FILTERS, { ...DEFAULT_FILTERS, statuses: ['busy' as const] }];

/** What happened at all: a run in which something never did proves nothing of it. */
const fired = {
  high_frequency: 0,
  normal: 0,
  low_frequency: 0,
  on_demand: 0,
  members: 0,
  flow: 0,
  frames: 0,
  snapshots: 0,
  discoveries: 0,
  behind: 0,
  demotions: 0,
  drops: 0,
  epochs: 0,
  capped: 0,
};

/** The hash behind every cursor that was good at any time. */
class Truth {
  readonly #hashes = new Map<string, string>();
  readonly #edge: FakeEdge;
  readonly #views: View[];

  constructor(edge: FakeEdge) {
    this.#edge = edge;
    const registry = new ViewRegistry(edge.replica, { maxViews: FILTERS.length });
    this.#views = FILTERS.map((filters) => registry.acquire(filters, 'json', 'none'));
    this.note();
  }

  /** After each change of the world. */
  note(): void {
    for (const view of this.#views) this.#hashes.set(view.cursor(this.#edge.replica.version), view.stateHash());
  }

  hashAt(cursor: string): string | undefined {
    return this.#hashes.get(cursor);
  }
}

/** One connection, and what came over it. */
class Listener {
  readonly session: Session;
  readonly socket: FakeSocket;
  readonly #connection: FakeClient;
  readonly #truth: Truth;
  readonly #store = new StateStore();
  readonly #flow = new Set<number>();
  #seen = 0;
  #framesSeen = 0;
  #frameTick = -1;

  constructor(edge: FakeEdge, truth: Truth, hello: object) {
    this.#truth = truth;
    const socket = new CountingSocket();
    socket.onSend = () => {
      if (socket.dropping) fired.drops++;
    };
    this.socket = socket;
    this.#connection = edge.connect(socket);
    this.session = this.#connection.session;
    this.send('hello', hello);
  }

  send(type: string, payload: object = {}): void {
    this.#connection.send({ type, id: 'r', payload });
  }

  drain(left: number): void {
    this.socket.drainTo(left);
    this.session.drained();
  }

  /** Takes what came, in its order, and holds it against what has to be true of it. */
  read(): void {
    const { messages, frames } = this.socket;
    for (; this.#seen < messages.length; this.#seen++) {
      const message = messages[this.#seen];
      if (message === undefined) return;
      this.#store.apply(message);
      if (message.type === 'heartbeat') this.#expectProven(message.payload);
      if (message.type === 'message_flow') for (const { at_ms: id } of message.payload.messages) this.#expectNew(id);
      if (message.type === 'snapshot') fired.snapshots++;
    }
    for (; this.#framesSeen < frames.length; this.#framesSeen++) {
      const { tick } = decodeFrame(frames[this.#framesSeen] ?? new Uint8Array(0));
      expect(tick).toBeGreaterThanOrEqual(this.#frameTick);
      this.#frameTick = tick;
      fired.frames++;
    }
  }

  /** Ticks are counted anew. */
  startEpoch(): void {
    this.#frameTick = -1;
  }

  #expectProven({ state_hash: hash, cursor }: { state_hash: string; cursor: string }): void {
    const { mode = 'normal' } = this.session;
    expect(this.#store.inSnapshot).toBe(false);
    expect({ mode, cursor, hash }).toEqual({ mode, cursor, hash: this.#store.hash() });
    expect({ mode, cursor, hash }).toEqual({ mode, cursor, hash: this.#truth.hashAt(cursor) });
    fired[mode]++;
  }

  #expectNew(id: number): void {
    expect({ id, again: this.#flow.has(id) }).toEqual({ id, again: false });
    this.#flow.add(id);
    fired.flow++;
  }
}

interface Run {
  edge: FakeEdge;
  truth: Truth;
  clients: Listener[];
  /** Refs of agents, messages, epochs that come next. */
  next: number;
}
type Step = (run: Run) => void | Promise<void>;

/** `what`: how it is printed when it was part of a failure. */
const step = (what: string, act: Step): Step => Object.assign(act, { [toStringMethod]: () => what });

const residents = () => Array.from({ length: AGENTS }, (_, n) => agent(n));

const worldSteps: Arbitrary<Step> = oneof(
  {
    weight: 5,
    arbitrary: tuple(nat(AGENTS - 1), constantFrom(...STATUSES)).map(([n, status]) =>
      step(`agent ${n} is ${status}`, ({ edge }) =>
        edge.apply({ agents: { updated: [{ ref: agentRef(0, n), status }] } }),
      ),
    ),
  },
  constantFrom(1, 1, 30).map((count) =>
    step(`${count} come`, (run) => {
      const added = Array.from({ length: count }, () => agent(FIRST_GUEST + run.next++));
      run.edge.apply({ agents: { added } });
    }),
  ),
  constantFrom(1, 30).map((count) =>
    step(`${count} go`, ({ edge }) => {
      const refs = [...edge.replica.agents.values()].map(({ record }) => record.ref);
      const guests = refs.filter((ref) => ref >= agentRef(0, FIRST_GUEST));
      edge.apply({ agents: { removed: guests.slice(0, count) } });
    }),
  ),
  tuple(nat(AGENTS - 1), nat(AGENTS - 1)).map(([from, to]) =>
    step(`${from} writes to ${to}`, (run) => {
      const ends = { from: agentRef(0, from), to: agentRef(0, to) };
      run.edge.apply({ flow: [{ swarm: SWARM, ...ends, message_type: 'coordination', at_ms: run.next++ }] });
    }),
  ),
  constantFrom('healthy' as const, 'degraded' as const, 'down' as const).map((state) =>
    step(`the server is ${state}`, ({ edge }) =>
      edge.apply({ servers: { updated: [{ ref: SERVER, health: server(state).health }] } }),
    ),
  ),
  constantFrom('mesh', 'ring').map((topology) =>
    step(`a ${topology}`, ({ edge }) => edge.apply({ swarms: { updated: [{ ref: SWARM, topology }] } })),
  ),
);

const epochStep = constant(
  step('a new epoch', (run) => {
    fired.epochs++;
    // Long enough for the positions that are left of it to be known as those of another clock.
    run.edge.tick(EPOCH_TICKS);
    for (const client of run.clients) client.read();
    run.edge.reset(snapshot(residents(), `e${2 + run.next++}`));
    for (const client of run.clients) client.startEpoch();
  }),
);

/** Something that happens to one of the clients. */
const toClient = (what: string, act: (client: Listener) => void | Promise<void>): Arbitrary<Step> =>
  nat(CLIENTS - 1).map((n) =>
    step(`${n}: ${what}`, ({ clients }) => {
      const client = clients[n];
      return client === undefined ? undefined : act(client);
    }),
  );

const socketSteps = oneof(
  toClient('stalls', ({ socket }) => void (socket.stalled = true)),
  toClient('drops', ({ socket }) => void (socket.dropping = true)),
  toClient('drops no more', ({ socket }) => void (socket.dropping = false)),
  toClient('reads nothing', ({ socket }) => void (socket.reading = false)),
  toClient('reads on', ({ socket }) => socket.read()),
  { weight: 2, arbitrary: toClient('drains', (client) => client.drain(0)) },
  toClient('drains to 50', (client) => client.drain(50)),
);

const requestSteps = oneof(
  toClient('request_update', (client) => client.send('request_update')),
  toClient('resync', (client) => client.send('resync')),
  toClient('discover', async (client) => {
    client.send('discover');
    // Its answer comes from the hub.
    await new Promise(setImmediate);
    fired.discoveries++;
  }),
  ...MODES.map((mode) => toClient(mode, (client) => client.send('performance_mode', { mode }))),
  ...FILTERS.map(({ statuses }) =>
    toClient(`shows ${statuses.join() || 'all'}`, (client) => client.send('update_filters', { statuses })),
  ),
  nat(CLIENTS).map((but) =>
    step(`all but ${but} acknowledge`, ({ edge, clients }) => {
      for (const client of clients.toSpliced(but, 1)) client.send('ack', { tick: edge.replica.tick });
    }),
  ),
);

const operatorSteps = oneof(
  constantFrom('normal' as const, 'low_frequency' as const, undefined).map((cap) =>
    step(`cap ${cap}`, ({ edge }) => {
      fired.capped += edge.clients.setCap(cap);
    }),
  ),
  ...MODES.map((mode) => toClient(`made ${mode}`, ({ session }) => void session.setMode(mode))),
);

const timeSteps = oneof(
  { weight: 6, arbitrary: integer({ min: 1, max: 20 }) },
  { weight: 1, arbitrary: integer({ min: 60, max: 180 }) },
).map((ticks) => step(`${ticks} ticks`, ({ edge }) => edge.tick(ticks)));

const steps = oneof(
  { weight: 20, arbitrary: worldSteps },
  { weight: 20, arbitrary: timeSteps },
  { weight: 10, arbitrary: socketSteps },
  { weight: 12, arbitrary: requestSteps },
  { weight: 2, arbitrary: operatorSteps },
  { weight: 1, arbitrary: epochStep },
);

const hellos = array(
  recordOf({
    mode: constantFrom('high_frequency', 'high_frequency', 'normal', 'low_frequency', 'on_demand'),
    positions: constantFrom('q16', 'none'),
  }),
  { minLength: CLIENTS, maxLength: CLIENTS },
);

/** Who was closed (nothing but an outbox that overflowed may do that) comes back as another. */
function replaceClosed({ edge, truth, clients }: Run): void {
  clients.forEach(({ socket }, n) => {
    if (socket.closed === undefined) return;
    expect(socket.closed.code).toBe(3008);
    clients[n] = new Listener(edge, truth, { mode: 'high_frequency' });
  });
}

test('every heartbeat says what its client holds; no message comes twice, and no frame late', async () => {
  const sizes = constantFrom(
    { soft_limit_bytes: 131_072, tombstones: 1_000 },
    { soft_limit_bytes: 3_000, tombstones: 1_000, maxTurnBytes: 2_000, entitiesPerMessage: 10 },
    { soft_limit_bytes: 800, tombstones: 3, maxTurnBytes: 300, entitiesPerMessage: 3 },
  );
  await assert(
    asyncProperty(
      array(steps, { minLength: 1, maxLength: 200, size: 'max' }),
      hellos,
      sizes,
      async (sequence, asked, { soft_limit_bytes, ...how }) => {
        const limits = { soft_limit_bytes, heartbeat_interval_ms: 300, ping_interval_ms: 500 };
        // Generous rates: not the subject.
        const rates = { idle_timeout_ms: 86_400_000, message_burst: 10_000, discover_per_minute: 10_000 };
        const edge = fakeEdge({ ...limits, ...rates }, snapshot(residents()), how);
        const truth = new Truth(edge);
        const clients = asked.map((hello) => new Listener(edge, truth, hello));
        const run: Run = { edge, truth, clients, next: 0 };
        edge.moveAll();
        for (const act of sequence) {
          await act(run);
          truth.note();
          for (const client of clients) client.read();
          replaceClosed(run);
          fired.members += edge.clients.cohortMembers();
        }
        const { counters } = edge.clients;
        fired.behind += counters.behindSkipsTotal;
        fired.demotions += counters.demotionsTotal;
      },
    ),
    // In time to print what was found: shrinking may take long.
    { numRuns: 30, interruptAfterTimeLimit: 30_000 },
  );
  for (const [what, times] of Object.entries(fired)) expect({ what, fired: times > 0 }).toEqual({ what, fired: true });
}, 60_000);
