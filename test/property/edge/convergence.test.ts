import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AGENT_STATUSES } from '../../../src/model/agent.ts';
import { SERVER_TYPES } from '../../../src/model/server.ts';
import { unpackMessage } from '../../../src/protocol/codec.ts';
import { DEFAULT_FILTERS, type Filters } from '../../../src/protocol/filters.ts';
import { TICK_ORDER } from '../../../src/protocol/server-messages.ts';
import { Replica } from '../../../src/edge/replica/replica.ts';
import { ViewRegistry } from '../../../src/edge/views/view-registry.ts';
import type { EncodedMessage } from '../../../src/edge/views/encoded-messages.ts';
import type { Coding, Held, View } from '../../../src/edge/views/view.ts';
import { ModelClient, type Message } from './model-client.ts';
import { ModelWorld, shownOf, type AgentField, type Step } from './model-world.ts';
import { oracleHash } from './oracle-hash.ts';

const SERVER_IDS = ['s0', 's1', 's2'];
const SWARM_IDS = ['a', 'b'];
const AGENT_TYPES = ['coder', 'Researcher', 'QUEEN', undefined];
const CLIENTS = 4;

/** What happens between two batches. `client` chooses one of the clients. */
type Act =
  | { act: 'world'; steps: Step[] }
  | { act: 'serve'; client: number }
  | { act: 'tick' }
  | { act: 'filter'; client: number; filters: Filters }
  /** The connection is cut after so many messages of the next delta; the client comes back with its cursor. */
  | { act: 'cut'; client: number; after: number; edge: number }
  | { act: 'cut-and-filter'; client: number; filters: Filters }
  | { act: 'resync'; client: number }
  | { act: 'late-edge' }
  | { act: 'epoch' };

const pick = fc.nat(30);
const agentFields: AgentField[] = ['status', 'type', 'name', 'performance', 'neural', 'stale'];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('server' as const),
      type: fc.constantFrom(...SERVER_TYPES),
      id: fc.constantFrom(...SERVER_IDS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('retype-server' as const), pick, type: fc.constantFrom(...SERVER_TYPES) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-server' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('health' as const),
      pick,
      state: fc.constantFrom('healthy' as const, 'degraded' as const, 'down' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('swarm' as const), pick, id: fc.constantFrom(...SWARM_IDS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('patch-swarm' as const),
      pick,
      topology: fc.constantFrom('mesh', 'ring', undefined),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-swarm' as const), pick }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('agent' as const),
      pick,
      type: fc.constantFrom(...AGENT_TYPES),
      status: fc.constantFrom('idle' as const, 'busy' as const),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('patch-agent' as const),
      pick,
      field: fc.constantFrom(...agentFields),
      value: pick,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove-agent' as const), pick }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('link' as const), from: pick, to: pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('patch-link' as const),
      pick,
      weight: fc.double({ min: 0, max: 9, noNaN: true }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove-link' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('task' as const),
      pick,
      home: fc.constantFrom('swarm' as const, 'server' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('patch-task' as const), pick, progress: fc.constantFrom(0, 0.5, 1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move-task' as const), pick, to: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-task' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('message' as const), from: pick, to: pick }) },
);

const often = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<T[]>([]) }, { weight: 2, arbitrary: fc.subarray([...values]) });
const filters: fc.Arbitrary<Filters> = fc.record({
  server_types: often(SERVER_TYPES),
  server_ids: often(SERVER_IDS),
  swarm_ids: often(['a', 's0/a', 's1/b', 'nowhere']),
  agent_types: often(['CODER', 'researcher', 'Queen']),
  statuses: often(AGENT_STATUSES.slice(0, 3)),
  include_performance: fc.boolean(),
  include_neural: fc.boolean(),
  include_topology: fc.boolean(),
  include_messages: fc.boolean(),
  include_positions: fc.boolean(),
});

const client = fc.nat(CLIENTS - 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ act: fc.constant('world' as const), steps: fc.array(step, { maxLength: 6 }) }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('serve' as const), client }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('tick' as const) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('filter' as const), client, filters }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('cut' as const), client, after: fc.nat(3), edge: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('cut-and-filter' as const), client, filters }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('resync' as const), client }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('late-edge' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('epoch' as const) }) },
);

interface Edge {
  replica: Replica;
  views: ViewRegistry;
}

interface Bounds {
  tombstones: number;
  departures: number;
  entitiesPerMessage: number;
}

/** A client and what a session remembers of it, kept apart from what the client itself knows. */
class Connection {
  readonly client = new ModelClient();
  readonly coding: Coding;
  filters: Filters = DEFAULT_FILTERS;
  edge: Edge;
  view: View;
  held: Held | undefined;
  healthVersion = 0;
  /** How often each way was taken; a property that never meets a way proves nothing about it. */
  static readonly ways = { precise: 0, snapshot: 0, catchUp: 0, crossing: 0, sharedSnapshot: 0 };

  constructor(edge: Edge, coding: Coding) {
    this.edge = edge;
    this.coding = coding;
    this.view = edge.views.acquire(this.filters, coding, 'q16');
  }

  changeFilters(next: Filters): void {
    const old = this.view;
    this.view = this.edge.views.acquire(next, this.coding, 'q16');
    this.filters = next;
    if (this.held?.view !== old) this.edge.views.release(old);
  }

  /** Sends what is new, `limit` messages at most. Returns true when all went out. */
  serve(limit = Number.POSITIVE_INFINITY): boolean {
    // A snapshot may be of a little earlier, and what changed since then follows it.
    for (let left = limit; ;) {
      const sent = this.#compose(left);
      if (sent === undefined) return false;
      left -= sent;
      if (this.held?.version === this.edge.replica.version) break;
      Connection.ways.sharedSnapshot++;
    }
    for (const message of this.view.healthSince(this.healthVersion)) this.client.apply(decode(message));
    this.healthVersion = this.edge.replica.version;
    return true;
  }

  /** One composition: how many messages it had, or undefined when they were more than `limit`. */
  #compose(limit: number): number | undefined {
    const before = new Map(this.client.agents);
    const { held } = this;
    const { messages, held: next } = this.view.compose(held);
    const decoded = [...messages].map((message) => decode(message));
    checkOrder(decoded);
    for (const message of decoded.slice(0, limit)) this.client.apply(message);
    if (decoded.length > limit) return undefined;
    const snapshot = decoded.some(({ type }) => type === 'snapshot');
    const whole = decoded.some(({ type, payload }) => type === 'discovery' && payload['full'] === true);
    const way = snapshot ? 'snapshot' : whole ? 'catchUp' : held?.view === this.view ? 'precise' : 'crossing';
    Connection.ways[way]++;
    // A client of which everything is known is not told of what it never saw.
    if (way === 'precise' || way === 'crossing') checkNothingUnknown(decoded, before);
    if (held !== undefined && held.view !== this.view) this.edge.views.release(held.view);
    this.held = next;
    // Health changed since a discovery travels by itself.
    if (snapshot || whole) this.healthVersion = next.version;
    return decoded.length;
  }

  reconnect(edge: Edge, next: Filters): void {
    this.client.disconnect();
    if (this.held !== undefined && this.held.view !== this.view) this.edge.views.release(this.held.view);
    this.edge.views.release(this.view);
    this.edge = edge;
    this.filters = next;
    this.view = edge.views.acquire(next, this.coding, 'q16');
    this.held = this.view.resume(this.client.cursor);
    this.healthVersion = edge.replica.version;
  }

  forgetHeld(): void {
    if (this.held !== undefined && this.held.view !== this.view) this.edge.views.release(this.held.view);
    this.held = undefined;
  }

  expectConverged(world: ModelWorld): void {
    const shown = shownOf(world, this.filters);
    deepEqual(this.client.complaints, []);
    deepEqual(plain(this.client.agents), plain(shown.agents));
    deepEqual(plain(this.client.links), plain(shown.links));
    deepEqual(plain(this.client.tasks), plain(shown.tasks));
    deepEqual(plain(this.client.swarms), plain(shown.swarms));
    deepEqual(plain(this.client.servers), plain(shown.servers));
    const hash = this.view.stateHash();
    equal(hash, oracleHash(hashed(this.client)));
    deepEqual(this.view.counts(), {
      agents: shown.agents.size,
      links: shown.links.size,
      tasks: shown.tasks.size,
      swarms: shown.swarms.size,
    });
  }
}

function decode(message: EncodedMessage): Message {
  return (message[0] === 0x7b ? JSON.parse(Buffer.from(message).toString()) : unpackMessage(message)) as Message;
}

function plain(map: ReadonlyMap<number, object>): unknown {
  return Object.fromEntries([...map].toSorted(([a], [b]) => a - b));
}

function* hashed(of: { [K in 'agents' | 'links' | 'tasks' | 'swarms']: ReadonlyMap<number, object> }): Iterable<
  [string, Record<string, unknown>]
> {
  for (const record of of.agents.values()) yield ['agent', { ...record }];
  for (const record of of.links.values()) yield ['link', { ...record }];
  for (const record of of.tasks.values()) yield ['task', { ...record }];
  for (const record of of.swarms.values()) yield ['swarm', { ...record }];
}

function checkOrder(messages: Message[]): void {
  const places = messages.map(({ type }) => TICK_ORDER.indexOf(type as (typeof TICK_ORDER)[number]));
  deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  ok(!places.includes(-1));
  messages.forEach(({ cursor }, at) => equal(cursor !== undefined, at === messages.length - 1));
}

function checkNothingUnknown(messages: Message[], before: ReadonlyMap<number, object>): void {
  for (const { type, payload } of messages) {
    if (type !== 'agent_update') continue;
    const removed = payload['removed'] as number[];
    for (const ref of removed) ok(before.has(ref), `removed ${ref}, which the client never saw`);
    const listed = [...(payload['added'] as { ref: number }[]), ...(payload['updated'] as { ref: number }[])];
    const refs = [...listed.map(({ ref }) => ref), ...removed];
    equal(new Set(refs).size, refs.length, 'an agent is listed twice');
  }
}

function openEdge(world: ModelWorld, bounds: Bounds): Edge {
  const replica = new Replica({ tombstones: bounds.tombstones, flowLimit: 4 });
  replica.reset(world.snapshot());
  return { replica, views: new ViewRegistry(replica, { maxViews: 100, ...bounds }) };
}

/** A world to begin with: without it most stories end before anything interesting is there to change. */
function* prologue(): Iterable<Step> {
  for (const id of SERVER_IDS) yield { do: 'server', type: 'ruv-swarm', id };
  for (let n = 0; n < 6; n++) yield { do: 'swarm', pick: n, id: SWARM_IDS[n % 2] ?? 'a' };
  for (let n = 0; n < 18; n++)
    yield { do: 'agent', pick: n, type: AGENT_TYPES[n % 4], status: n % 3 === 0 ? 'busy' : 'idle' };
  for (let n = 0; n < 18; n++) yield { do: 'link', from: n, to: n + 6 };
  for (let n = 0; n < 6; n++) yield { do: 'task', pick: n, home: n % 3 === 0 ? 'server' : 'swarm' };
}

/** Checks each client whenever it was served, and all at the end. */
class Story {
  readonly #world = new ModelWorld();
  readonly #bounds: Bounds;
  readonly #edges: Edge[] = [];
  readonly #clients: Connection[];

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    for (const one of prologue()) this.#world.apply(one);
    const edge = openEdge(this.#world, bounds);
    this.#edges.push(edge);
    this.#clients = Array.from({ length: CLIENTS }, (_, n) => new Connection(edge, n % 2 === 0 ? 'json' : 'msgpack'));
  }

  play(acts: Act[]): void {
    for (const each of acts) (this.#acts[each.act] as (act: Act) => void)(each);
    for (const connection of [...this.#clients, ...this.#clients]) this.#serve(connection);
  }

  readonly #acts: { [A in Act['act']]: (act: Extract<Act, { act: A }>) => void } = {
    world: ({ steps }) => {
      for (const one of steps) this.#world.apply(one);
      this.#publish();
    },
    serve: ({ client: at }) => this.#serve(this.#client(at)),
    tick: () => {
      for (const { replica, views } of this.#edges) {
        replica.onLayout({ kind: 'tick', tick: replica.tick + 1, time_ms: replica.timeMs + 16, moved: [] });
        views.beginTick();
      }
    },
    filter: ({ client: at, filters: next }) => this.#client(at).changeFilters(next),
    cut: ({ client: at, after, edge }) => {
      const connection = this.#client(at);
      if (connection.serve(after)) connection.expectConverged(this.#world);
      connection.reconnect(this.#edges[edge % this.#edges.length] ?? connection.edge, connection.filters);
    },
    'cut-and-filter': ({ client: at, filters: next }) => {
      const connection = this.#client(at);
      connection.reconnect(connection.edge, next);
    },
    resync: ({ client: at }) => this.#client(at).forgetHeld(),
    'late-edge': () => {
      if (this.#edges.length === 3) return;
      // A late edge begins at the present version, which the others must have too.
      this.#publish();
      this.#edges.push(openEdge(this.#world, this.#bounds));
    },
    epoch: () => {
      this.#world.epoch += '+';
      this.#world.version = 1;
      for (const { replica } of this.#edges) replica.reset(this.#world.snapshot());
      for (const connection of this.#clients) connection.healthVersion = this.#world.version;
    },
  };

  #publish(): void {
    const batch = this.#world.batch();
    for (const { replica } of this.#edges) replica.apply(structuredClone(batch));
  }

  #client(at: number): Connection {
    const connection = this.#clients[at];
    ok(connection);
    return connection;
  }

  #serve(connection: Connection): void {
    connection.serve();
    connection.expectConverged(this.#world);
  }
}

describe('views converge', () => {
  const bounds = fc.record({
    tombstones: fc.constantFrom(1, 4, 1_000),
    departures: fc.constantFrom(1, 3, 1_000),
    entitiesPerMessage: fc.constantFrom(2, 250),
  });

  test('every client equals the filter of the world, and its hash, after any story', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 70, size: 'max' }), bounds, (acts, limits) =>
        new Story(limits).play(acts),
      ),
      { numRuns: 150 },
    );
    for (const [way, times] of Object.entries(Connection.ways))
      expect({ way, taken: times > 20 }).toEqual({ way, taken: true });
  }, 60_000);
});
