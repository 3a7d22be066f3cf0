/**
 * R4: whatever a client lived through (joins and leaves of agents, changes of filters and modes, caps and choices of
 * operators, stalls that the socket shows and stalls that it does not, drops, reconnects with its cursor, new epochs),
 * once it is let drain it holds exactly what its filters show, positions included. The client is the SDK's own state;
 * what it should hold comes from a plain model that knows no views, versions or tombstones.
 *
 * Most clients come back to the same few views, so that they share turns; how often each reason made one of them leave
 * its cohort is counted, and how often it joined one again.
 */
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  subarray,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { expect, test, vi } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import { Cohort, type CohortMember } from '../../../../src/edge/clients/cohort.ts';
import { LiveClient } from '../../../../src/edge/clients/live-client.ts';
import type { AgentRecord, AgentStatus } from '../../../../src/model/agent.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { decodeFrame } from '../../../../src/protocol/frames.ts';
import { MODES, type Mode } from '../../../../src/protocol/modes.ts';
import {
  agent,
  fakeEdge,
  type FakeSocket,
  snapshot,
  type FakeClient,
  type FakeEdge,
  SERVER,
  server,
} from '../../../unit/edge/clients/fake-edge.ts';

const AGENTS = 8;
const CLIENTS = 5;
/** Slots that the layout moves: agents beyond have no position. */
const SLOTS = 64;
const STATUSES = ['idle', 'busy', 'error'] as const satisfies readonly AgentStatus[];

interface Wanted {
  agent_types: string[];
  statuses: AgentStatus[];
}

/** One client over all of its connections. It reads nothing while its socket's peer does not. */
class ModelClient {
  readonly store = new StateStore();
  /** x by slot, as last told. */
  readonly positions = new Map<number, number>();
  readonly #edge: FakeEdge;
  readonly #format: string;
  #connection: FakeClient;
  #seen = 0;
  #framesSeen = 0;
  #wanted: Wanted = { agent_types: [], statuses: [] };
  #filtered = false;
  #mode: Mode = 'normal';
  #asked = 0;
  #newestTick = 0;
  #acknowledges = false;
  mayLackHealth = false;

  constructor(edge: FakeEdge, format: string) {
    this.#edge = edge;
    this.#format = format;
    this.#connection = edge.connect();
    this.#connection.send({ type: 'hello', payload: { positions: format } });
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get socket(): FakeSocket {
    return this.#connection.socket;
  }

  get id(): string {
    return this.#connection.session.id;
  }

  get format(): string {
    return this.#format;
  }

  get newestTick(): number {
    return this.#newestTick;
  }

  filter(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#filtered = true;
    this.send({ type: 'update_filters', id: ++this.#asked, payload: wanted });
  }

  mode(mode: Mode): void {
    this.#mode = mode;
    this.send({ type: 'performance_mode', payload: { mode } });
  }

  send(message: unknown): void {
    this.#connection.send(message);
    this.read();
  }

  read(): void {
    const { messages, frames, reading } = this.#connection.socket;
    if (!reading) return;
    for (; this.#seen < messages.length; this.#seen++) {
      const message = messages[this.#seen];
      if (message !== undefined) this.store.apply(message);
    }
    for (; this.#framesSeen < frames.length; this.#framesSeen++) {
      const frame = decodeFrame(frames[this.#framesSeen] ?? new Uint8Array(0));
      this.#newestTick = frame.tick;
      for (const section of frame.sections) {
        section.slots.forEach((slot, i) => this.positions.set(slot, section.positions[i * 3] ?? Number.NaN));
      }
    }
  }

  drain(left: number): void {
    this.socket.dropping = false;
    this.socket.drainTo(left);
    this.#connection.session.drained();
    this.read();
  }

  /**
   * Nothing is accepted for now. State is made good; an answer or a change of health is not, to one who is alone: real
   * sockets accept all that the outlet's hard limit lets pass.
   */
  drop(): void {
    this.socket.dropping = true;
    this.mayLackHealth = true;
  }

  readOn(): void {
    this.socket.read();
    this.read();
  }

  /** As the SDK does, once it has begun. */
  acknowledge(tick: number): void {
    this.#acknowledges = true;
    this.send({ type: 'ack', payload: { tick } });
  }

  acknowledgeAll(): void {
    if (this.#acknowledges) this.acknowledge(this.#newestTick);
  }

  /** What it has not read is lost with its connection. */
  reconnect(): void {
    this.read();
    this.#connection.session.lost();
    this.#connection = this.#edge.connect();
    this.#seen = 0;
    this.#framesSeen = 0;
    this.mayLackHealth = false;
    this.store.connectionLost();
    const { cursor } = this.store;
    const resume = cursor === '' ? {} : { resume: { cursor } };
    const filters = this.#filtered ? { filters: this.#wanted } : {};
    const payload = { mode: this.#mode, positions: this.#format, ...filters, ...resume };
    this.#connection.send({ type: 'hello', payload });
    this.read();
  }

  /** What the gateway says that the client should hold by now. */
  provenHash(): unknown {
    return this.socket.messages.findLast((message) => message.type === 'heartbeat')?.payload.state_hash;
  }
}

interface Run {
  edge: FakeEdge;
  clients: ModelClient[];
  world: Map<number, AgentRecord>;
  next: { ref: number; epoch: number };
  isDown: boolean;
}
type Step = (run: Run) => void;

/** How often each fault did something; one that never does proves nothing. */
const fired = {
  skips: 0,
  behindByAnswers: 0,
  demotions: 0,
  drops: 0,
  overflows: 0,
  resumes: 0,
  capped: 0,
  byOperator: 0,
  partsOfSnapshots: 0,
  epochs: 0,
  acks: 0,
  turnsOfHealth: 0,
  shared: 0,
  joinedAgain: 0,
};

/** What a member of a cohort left it for, and how often. */
const left = {
  filters: 0,
  mode: 0,
  request_update: 0,
  resync: 0,
  discover: 0,
  connection: 0,
  operator: 0,
  cap: 0,
  epoch: 0,
  answerBuffered: 0,
  buffered: 0,
  dropped: 0,
  behind: 0,
  largeTurn: 0,
};
let doing: keyof typeof left | undefined;
/** How often each had been skipped when it joined its cohort, in which nobody is. */
const skipsAtJoin = new WeakMap<CohortMember, number>();
const joins = vi.spyOn(Cohort.prototype, 'join');
const partings = vi.spyOn(LiveClient.prototype, 'parted');

/** Counts who left and who joined since the last call. */
function noteCohorts(): void {
  partings.mock.calls.forEach(([, last], i) => {
    const client = partings.mock.contexts[i];
    if (doing !== undefined) left[doing]++;
    else if (last !== 'sent') left[last]++;
    // What it was sent was accepted: it is skipped for being behind, or served alone since the turn was too large.
    else if (client instanceof LiveClient && client.skips > (skipsAtJoin.get(client) ?? 0)) left.behind++;
    else left.largeTurn++;
  });
  partings.mockClear();
  joins.mock.calls.forEach(([{ member }], i) => {
    const cohort = joins.mock.contexts[i];
    if (cohort instanceof Cohort && cohort.size > 1) fired.shared++;
    if (skipsAtJoin.has(member)) fired.joinedAgain++;
    if (member instanceof LiveClient) skipsAtJoin.set(member, member.skips);
  });
  joins.mockClear();
}

function tickOnce(edge: FakeEdge): void {
  edge.tick();
  noteCohorts();
}

const join: Step = ({ edge, world, next }) => {
  if (world.size >= AGENTS) return;
  const one = agent(next.ref++);
  world.set(one.ref, one);
  edge.apply({ agents: { added: [one] } });
};

const stateOf = ({ isDown }: { isDown: boolean }): 'down' | 'healthy' => (isDown ? 'down' : 'healthy');

/** Something that happens to one of the clients. */
const toClient = (what: Arbitrary<(client: ModelClient, run: Run) => void>): Arbitrary<Step> =>
  tuple(nat(CLIENTS - 1), what).map(([n, act]) => (run) => {
    const client = run.clients[n];
    if (client !== undefined) act(client, run);
  });

const worldSteps = oneof(
  integer({ min: 0, max: 3 }).map((): Step => join),
  integer({ min: 0, max: AGENTS }).map((n): Step => ({ edge, world }) => {
    const ref = [...world.keys()][n];
    if (ref === undefined) return;
    world.delete(ref);
    edge.apply({ agents: { removed: [ref] } });
  }),
  tuple(integer({ min: 0, max: AGENTS }), constantFrom(...STATUSES), boolean()).map(
    ([n, status, busy]): Step =>
      ({ edge, world }) => {
        const old = [...world.values()][n];
        if (old === undefined) return;
        const { current_task: _, ...rest } = old;
        world.set(old.ref, { ...rest, status, ...(busy ? { current_task: 'work' } : {}) });
        edge.apply({ agents: { updated: [{ ref: old.ref, status, current_task: busy ? 'work' : null }] } });
      },
  ),
  boolean().map(
    (moves): Step =>
      ({ edge }) =>
        moves ? edge.moveAll(SLOTS) : edge.settle(),
  ),
  boolean().map((isDown): Step => (run) => {
    if (isDown !== run.isDown) fired.turnsOfHealth++;
    run.isDown = isDown;
    run.edge.apply({ servers: { updated: [{ ref: SERVER, health: server(stateOf(run)).health }] } });
  }),
);

const timeSteps = oneof(integer({ min: 1, max: 70 }), integer({ min: 100, max: 500 })).map(
  (ticks): Step =>
    ({ edge, clients }) => {
      for (let i = 0; i < ticks; i++) tickOnce(edge);
      for (const client of clients) client.read();
    },
);

const epochStep = integer({ min: 0, max: 3 }).map((): Step => (run) => {
  const { edge, world, next } = run;
  doing = 'epoch';
  run.isDown = false;
  // A new life of the hub: the same agents, new refs.
  const moved = [...world.values()].map((one) => ({ ...one, ref: agentRef(0, 1_000 + next.ref++) }));
  world.clear();
  for (const one of moved) world.set(one.ref, one);
  fired.epochs++;
  edge.reset(snapshot(moved, `e${2 + next.epoch++}`));
});

const clientSteps = oneof(
  toClient(
    record({ agent_types: subarray(['coder', 'tester']), statuses: subarray([...STATUSES]) }).map(
      (wanted) => (client) => {
        doing = 'filters';
        client.filter(wanted);
      },
    ),
  ),
  // Back to what most others see.
  toClient(
    constantFrom((client: ModelClient) => {
      doing = 'filters';
      client.filter({ agent_types: [], statuses: [] });
    }),
  ),
  toClient(
    constantFrom(...MODES, 'normal' as const, 'normal' as const).map((mode) => (client) => {
      doing = 'mode';
      client.mode(mode);
    }),
  ),
  toClient(
    constantFrom('request_update' as const, 'resync' as const, 'discover' as const).map((type) => (client) => {
      doing = type;
      client.send({ type });
    }),
  ),
  toClient(
    // One answer that waits, or more than may wait.
    constantFrom(1, 1, 1, 1, 1, 100).map((answers) => (client) => {
      doing = 'answerBuffered';
      client.socket.stalled = true;
      for (let i = 0; i < answers; i++) client.send({ type: 'heartbeat', id: i });
    }),
  ),
  toClient(
    nat(200).map((late) => (client) => {
      // Sometimes of the newest frame, sometimes of an old one.
      client.acknowledge(Math.max(0, client.newestTick - (late > 100 ? late : 0)));
      fired.acks++;
    }),
  ),
  toClient(
    boolean().map((drops) => (client, { edge }) => {
      // Found by the next turn, whose others go on.
      edge.moveAll(SLOTS);
      if (drops) client.drop();
      else client.socket.stalled = true;
      for (let i = 0; i < 6; i++) tickOnce(edge);
    }),
  ),
  toClient(
    constantFrom<(client: ModelClient) => void>(
      (client) => {
        client.socket.stalled = true;
      },
      (client) => {
        client.drop();
        fired.drops++;
      },
      (client) => client.drain(0),
      (client) => client.drain(50),
      (client) => {
        client.socket.reading = false;
      },
      (client) => client.readOn(),
      (client) => {
        doing = 'connection';
        client.reconnect();
      },
    ),
  ),
);

const operatorSteps = oneof(
  constantFrom('high_frequency' as const, 'normal' as const, 'low_frequency' as const, undefined).map(
    (cap): Step =>
      ({ edge }) => {
        doing = 'cap';
        fired.capped += edge.clients.setCap(cap);
      },
  ),
  toClient(
    constantFrom(...MODES).map((mode) => (client, { edge }) => {
      doing = 'operator';
      if (edge.clients.get(client.id)?.setMode(mode) !== undefined) fired.byOperator++;
    }),
  ),
);

const steps = oneof(
  { weight: 8, arbitrary: worldSteps },
  { weight: 12, arbitrary: clientSteps },
  { weight: 7, arbitrary: timeSteps },
  { weight: 2, arbitrary: operatorSteps },
  { weight: 1, arbitrary: epochStep },
);

function shown(world: Map<number, AgentRecord>, wanted: Wanted): AgentRecord[] {
  return [...world.values()].filter(
    ({ type = '', status }) =>
      (wanted.agent_types.length === 0 || wanted.agent_types.includes(type)) &&
      (wanted.statuses.length === 0 || wanted.statuses.includes(status)),
  );
}

/** Clients whose view is not theirs alone. */
function sharing(clients: readonly ModelClient[]): number {
  const views = clients.map(({ wanted, format }) => JSON.stringify([wanted, format]));
  return views.filter((view) => views.filter((other) => other === view).length > 1).length;
}

const byRef = (a: AgentRecord, b: AgentRecord): number => a.ref - b.ref;

function expectConverged(client: ModelClient, world: Map<number, AgentRecord>, restingAt: number): void {
  const expected = shown(world, client.wanted);
  expect([...client.store.state.agents.values()].toSorted(byRef)).toEqual(expected.toSorted(byRef));
  expect(client.provenHash()).toBe(client.store.hash());
  if (client.format === 'none') return;
  for (const { slot } of expected)
    if (slot < SLOTS) expect([slot, client.positions.get(slot)]).toEqual([slot, restingAt]);
}

test('clients that are let drain hold exactly what their filters show, and where it rests', async () => {
  const sizes = record({
    entitiesPerMessage: constantFrom(1, 3, 250),
    maxTurnBytes: constantFrom(1, 300, 131_072),
    tombstones: constantFrom(1, 1_000),
    softLimit: constantFrom(300, 2_000, 2_000),
  });
  await assert(
    asyncProperty(array(steps, { minLength: 5, maxLength: 80, size: 'max' }), sizes, async (sequence, how) => {
      // Small limits: one or a few messages fill the socket. Generous rates: not the subject.
      const limits = { soft_limit_bytes: how.softLimit, heartbeat_interval_ms: 100, idle_timeout_ms: 86_400_000 };
      const edge = fakeEdge({ ...limits, message_burst: 10_000, discover_per_minute: 10_000 }, snapshot([]), how);
      const world = new Map<number, AgentRecord>();
      const clients = Array.from({ length: CLIENTS }, (_, n) => new ModelClient(edge, n === 2 ? 'none' : 'q16'));
      const run: Run = { edge, clients, world, next: { ref: 0, epoch: 0 }, isDown: false };
      edge.moveAll(SLOTS);
      edge.tick();
      for (const step of sequence) {
        doing = undefined;
        step(run);
        // A discovery is answered some promises later.
        for (let i = 0; i < 4; i++) await Promise.resolve();
        noteCohorts();
      }

      doing = 'cap';
      edge.clients.setCap(undefined);
      edge.moveAll(SLOTS);
      edge.tick();
      edge.settle();
      const restingAt = edge.replica.tick % 100;
      for (const client of clients) {
        client.readOn();
        client.drain(0);
        client.mode('normal');
      }
      noteCohorts();
      doing = undefined;
      const quiet = (): void => {
        for (let seconds = 0; seconds < 4; seconds++) {
          for (let i = 0; i < 60; i++) tickOnce(edge);
          for (const client of clients) {
            client.read();
            client.acknowledgeAll();
          }
        }
      };
      quiet();
      for (const client of clients) {
        if (client.socket.closed === undefined) continue;
        // Its outbox overflowed (nothing else may close it): it comes back as any client would.
        if (client.socket.closed.code !== 3008) throw new Error(`closed with ${client.socket.closed.code}`);
        fired.overflows++;
        client.reconnect();
      }
      quiet();
      // A view that had too much for one turn of all is shared again ten seconds later.
      quiet();
      for (const client of clients) {
        expectConverged(client, world, restingAt);
        if (!client.mayLackHealth)
          expect([...client.store.state.servers.values()].map(({ health }) => health.state)).toEqual([stateOf(run)]);
        for (const { type, payload } of client.socket.messages) {
          if (type === 'welcome' && payload.follows === 'resume') fired.resumes++;
          if (type === 'snapshot' && payload.part > 0) fired.partsOfSnapshots++;
        }
      }
      expect(edge.views.size).toBeLessThanOrEqual(CLIENTS);
      expect(edge.clients.cohortMembers()).toBeGreaterThanOrEqual(sharing(clients));
      const { counters } = edge.clients;
      fired.skips += counters.skipsTotal;
      fired.behindByAnswers += counters.behindSkipsTotal;
      fired.demotions += counters.demotionsTotal;
    }),
    { numRuns: 120 },
  );
  for (const [fault, times] of Object.entries({ ...fired, ...left }))
    expect({ fault, fired: times > 0 }).toEqual({ fault, fired: true });
}, 120_000);
