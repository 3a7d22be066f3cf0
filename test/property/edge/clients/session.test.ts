/**
 * R4: whatever a client lived through (joins and leaves of agents, changes of filters and modes, stalls, drops,
 * reconnects with its cursor, new epochs), once it is let drain it holds exactly what its filters show. The client is
 * the SDK's own state; what it should hold comes from a plain model that knows no views, versions or tombstones.
 */
import { assert, array, constantFrom, integer, oneof, property, record, subarray, tuple, boolean } from 'fast-check';
import { expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import type { AgentRecord, AgentStatus } from '../../../../src/model/agent.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { MODES, type Mode } from '../../../../src/protocol/modes.ts';
import {
  agent,
  fakeEdge,
  type FakeSocket,
  snapshot,
  type FakeClient,
  type FakeEdge,
} from '../../../unit/edge/clients/fake-edge.ts';

const AGENTS = 8;
const STATUSES = ['idle', 'busy', 'error'] as const satisfies readonly AgentStatus[];

interface Wanted {
  agent_types: string[];
  statuses: AgentStatus[];
}

/** One client over all of its connections. */
class ModelClient {
  readonly store = new StateStore();
  readonly #edge: FakeEdge;
  #connection: FakeClient;
  #seen = 0;
  #wanted: Wanted = { agent_types: [], statuses: [] };
  #filtered = false;
  #mode: Mode = 'normal';
  #asked = 0;

  constructor(edge: FakeEdge, positions: string) {
    this.#edge = edge;
    this.#connection = edge.connect();
    this.#connection.send({ type: 'hello', payload: { positions } });
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get socket(): FakeSocket {
    return this.#connection.socket;
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
    const { messages } = this.#connection.socket;
    for (; this.#seen < messages.length; this.#seen++) {
      const message = messages[this.#seen];
      if (message !== undefined) this.store.apply(message);
    }
  }

  drain(left: number): void {
    this.#connection.socket.dropping = false;
    this.#connection.socket.drainTo(left);
    this.#connection.session.drained();
    this.read();
  }

  reconnect(): void {
    this.read();
    this.#connection.session.lost();
    this.#connection = this.#edge.connect();
    this.#seen = 0;
    this.store.connectionLost();
    const { cursor } = this.store;
    const resume = cursor === '' ? {} : { resume: { cursor } };
    const filters = this.#filtered ? { filters: this.#wanted } : {};
    this.#connection.send({ type: 'hello', payload: { mode: this.#mode, ...filters, ...resume } });
    this.read();
  }

  /** What the gateway says that the client should hold by now. */
  provenHash(): unknown {
    this.send({ type: 'heartbeat', id: 'x' });
    return this.#connection.socket.messages.findLast((message) => message.type === 'heartbeat')?.payload.state_hash;
  }
}

type Step = (run: {
  edge: FakeEdge;
  client: ModelClient;
  world: Map<number, AgentRecord>;
  next: { ref: number; epoch: number };
}) => void;

const join: Step = ({ edge, world, next }) => {
  if (world.size >= AGENTS) return;
  const one = agent(next.ref++);
  world.set(one.ref, one);
  edge.apply({ agents: { added: [one] } });
};

const steps = oneof(
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
  record({ agent_types: subarray(['coder', 'tester']), statuses: subarray([...STATUSES]) }).map(
    (wanted): Step =>
      ({ client }) =>
        client.filter(wanted),
  ),
  constantFrom(...MODES).map(
    (mode): Step =>
      ({ client }) =>
        client.mode(mode),
  ),
  constantFrom('request_update', 'resync', 'discover').map(
    (type): Step =>
      ({ client }) =>
        client.send({ type }),
  ),
  integer({ min: 1, max: 70 }).map((ticks): Step => ({ edge, client }) => {
    edge.tick(ticks);
    client.read();
  }),
  constantFrom<Step>(
    ({ client }) => {
      client.socket.stalled = true;
    },
    ({ client }) => {
      client.socket.dropping = true;
    },
    ({ client }) => client.drain(0),
    ({ client }) => client.drain(50),
    ({ client }) => client.reconnect(),
  ),
  integer({ min: 0, max: 3 }).map((): Step => ({ edge, world, next }) => {
    // A new life of the hub: the same agents, new refs.
    const moved = [...world.values()].map((one) => ({ ...one, ref: agentRef(0, 1_000 + next.ref++) }));
    world.clear();
    for (const one of moved) world.set(one.ref, one);
    edge.reset(snapshot(moved, `e${2 + next.epoch++}`));
  }),
);

function shown(world: Map<number, AgentRecord>, wanted: Wanted): AgentRecord[] {
  return [...world.values()].filter(
    ({ type = '', status }) =>
      (wanted.agent_types.length === 0 || wanted.agent_types.includes(type)) &&
      (wanted.statuses.length === 0 || wanted.statuses.includes(status)),
  );
}

const byRef = (a: AgentRecord, b: AgentRecord): number => a.ref - b.ref;

test('a client that is let drain holds exactly what its filters show', () => {
  assert(
    property(array(steps, { minLength: 5, maxLength: 60 }), constantFrom('q16', 'none'), (sequence, positions) => {
      // Small limits: one or two messages fill the socket. Generous rates: not the subject.
      const edge = fakeEdge(
        { soft_limit_bytes: 300, heartbeat_interval_ms: 100, message_burst: 10_000, discover_per_minute: 10_000 },
        snapshot([]),
      );
      const world = new Map<number, AgentRecord>();
      const client = new ModelClient(edge, positions);
      const run = { edge, client, world, next: { ref: 0, epoch: 0 } };
      for (const step of sequence) step(run);

      client.drain(0);
      client.mode('normal');
      edge.tick(60);
      client.read();
      if (client.socket.closed !== undefined) {
        // Its outbox overflowed (nothing else may close it): it comes back as any client would.
        if (client.socket.closed.code !== 3008) throw new Error(`closed with ${client.socket.closed.code}`);
        client.reconnect();
        edge.tick(60);
        client.read();
      }
      expect([...client.store.state.agents.values()].toSorted(byRef)).toEqual(
        shown(world, client.wanted).toSorted(byRef),
      );
      expect(client.provenHash()).toBe(client.store.hash());
      expect(edge.views.size).toBe(1);
    }),
    { numRuns: 300 },
  );
});
