import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeBatch, KindChanges, WorldSnapshot } from '../../../../src/model/change.ts';
import type { Observation } from '../../../../src/model/observation.ts';
import { TOPOLOGIES } from '../../../../src/model/swarm.ts';
import { type TopologyMember, topologyLinks } from '../../../../src/hub/world/topology-links.ts';
import { agentSeen, WorldHarness } from '../../../unit/hub/world/world-harness.ts';

const SERVERS = ['s1', 's2', 's3'];
const KINDS = ['servers', 'swarms', 'agents', 'links', 'tasks'] as const;
const GAUGES = [
  'servers',
  'swarms',
  'agents',
  'stale_agents',
  'topology_links',
  'communication_links',
  'tasks',
  'finished_tasks',
  'records',
  'queued',
  'waiting',
  'pending_messages',
] as const;

// Few ids, so that steps meet; the same on all servers.
const swarmId = fc.constantFrom('w', 'x', 'unassigned');
const agentId = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const taskId = fc.constantFrom('t', 'u', 'v');
const maybeSwarm = fc.option(swarmId, { nil: undefined });
const scope = fc.constantFrom('one', 'two');
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const agentFacts = fc.record(
  {
    type: orNull(fc.constantFrom('coder', 'queen')),
    status: orNull(fc.constantFrom('idle' as const, 'busy' as const)),
    status_raw: fc.constantFrom('odd', 'strange'),
    lead: orNull(fc.constant(true as const)),
    capabilities: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    created_at_ms: fc.nat(3),
    performance: orNull(
      fc.record(
        { throughput_tps: fc.nat(200), success_rate: fc.constantFrom(0.5, 0.9), memory_mb: fc.nat(2) },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);
const provenance = fc.record(
  { type: fc.constant('derived' as const), 'performance.memory_mb': fc.constant('simulated' as const) },
  { requiredKeys: [] },
);
const observation: fc.Arbitrary<Observation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('agent' as const),
      swarm: maybeSwarm,
      agent: agentId,
      facts: agentFacts,
      provenance,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('swarm' as const),
      swarm: swarmId,
      facts: fc.record({ topology: orNull(fc.constantFrom('mesh', 'star', 'ring', 'odd')) }, { requiredKeys: [] }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('task' as const),
      task: taskId,
      facts: fc.record(
        {
          swarm: orNull(swarmId),
          status: fc.constantFrom('pending', 'completed'),
          assignees: orNull(fc.array(agentId, { maxLength: 3 })),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      swarm: maybeSwarm,
      from: agentId,
      to: agentId,
      message_type: fc.constantFrom('coordination', 'heartbeat'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('agent-list' as const),
      swarm: maybeSwarm,
      agents: fc.subarray(['a', 'b', 'c', 'd', 'e']),
      scope,
    }),
  },
  fc.record({ kind: fc.constant('swarm-list' as const), swarms: fc.subarray(['w', 'x']), scope }),
  fc.record({ kind: fc.constant('task-list' as const), tasks: fc.subarray(['t', 'u', 'v']), scope }),
  fc.record({ kind: fc.constant('agent-gone' as const), swarm: maybeSwarm, agent: agentId }),
  fc.record({ kind: fc.constant('swarm-gone' as const), swarm: swarmId }),
);

const anyServer = fc.constantFrom(...SERVERS);
/** Steps are data, so that a failing run prints them. */
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('observe' as const),
      server: anyServer,
      observations: fc.array(observation, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(100, 4_000, 11_000, 61_000) }),
  },
  fc.record({ do: fc.constant('disconnect' as const), server: anyServer }),
  fc.record({ do: fc.constant('remove' as const), server: anyServer }),
  fc.record({
    do: fc.constant('health' as const),
    server: anyServer,
    state: fc.constantFrom('healthy' as const, 'down' as const),
    latency: fc.nat(3),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const steps = fc.array(step, { minLength: 1, maxLength: 60 });

function take(world: WorldHarness, next: Step): ChangeBatch | undefined {
  switch (next.do) {
    case 'observe':
      world.server(next.server).observeOn(next.server, ...next.observations);
      return undefined;
    case 'flush':
      return world.flush();
    case 'pass':
      world.pass(next.ms);
      return undefined;
    case 'disconnect':
      world.world.disconnected(next.server, world.nowMs);
      return undefined;
    case 'remove':
      world.world.removeServer(next.server);
      return undefined;
    case 'health':
      world.world.setHealth(next.server, {
        state: next.state,
        reason: next.state,
        since_ms: 0,
        evidence: { consecutive_failures: 0, consecutive_successes: 0, latency_ms: next.latency },
      });
      return undefined;
  }
}

/** Bounds so tight that random steps meet them. */
const TIGHT = { max_agents: 12, max_links: 14, max_tasks: 5 };

/** Runs the steps, then flushes; all batches in order. */
function run(world: WorldHarness, all: readonly Step[]): ChangeBatch[] {
  const batches = all.map((next) => take(world, next));
  return [...batches, world.flush()].filter((batch) => batch !== undefined);
}

/** What a reader of the contract would write: applies batches to a snapshot, and refuses what the contract forbids. */
class Reader {
  readonly #kinds = new Map<string, Map<number, Record<string, unknown>>>();
  readonly #membership: Map<number, number>;
  #version: number;
  #timeMs: number;
  readonly #epoch: string;

  constructor(from: WorldSnapshot) {
    for (const kind of KINDS) this.#kinds.set(kind, new Map(from[kind].map((record) => [record.ref, { ...record }])));
    this.#membership = new Map(from.membership);
    this.#version = from.version;
    this.#timeMs = from.time_ms;
    this.#epoch = from.epoch;
  }

  apply(batch: ChangeBatch): void {
    assert.equal(batch.version, this.#version + 1);
    assert.equal(batch.epoch, this.#epoch);
    this.#version = batch.version;
    this.#timeMs = batch.time_ms;
    for (const kind of KINDS) this.#applyKind(kind, batch[kind]);
    for (const [swarm, count] of batch.membership ?? []) this.#membership.set(swarm, count);
    for (const swarm of batch.swarms?.removed ?? []) this.#membership.delete(swarm);
  }

  #applyKind(kind: string, changes: KindChanges<{ ref: number }> | undefined): void {
    const records = this.#kinds.get(kind);
    if (records === undefined || changes === undefined) return;
    const { added = [], updated = [], removed = [] } = changes;
    const refs = [...added.map(({ ref }) => ref), ...updated.map(({ ref }) => ref), ...removed];
    assert(refs.length > 0, `${kind} without changes`);
    assert.equal(new Set(refs).size, refs.length);
    for (const record of added) {
      assert(!records.has(record.ref));
      records.set(record.ref, { ...record });
    }
    for (const patch of updated) {
      const record = records.get(patch.ref);
      if (record === undefined) throw new Error(`update of unknown ${kind} ${patch.ref}`);
      assert(Object.keys(patch).length > 1);
      for (const [name, value] of Object.entries(patch)) {
        if (name !== 'ref') assert.notDeepEqual(value ?? undefined, record[name]);
        if (value === null) delete record[name];
        else record[name] = value;
      }
    }
    for (const ref of removed) assert(records.delete(ref));
  }

  state(): unknown {
    const kinds = Object.fromEntries(KINDS.map((kind) => [kind, sorted([...(this.#kinds.get(kind)?.values() ?? [])])]));
    const membership = [...this.#membership].toSorted(([a], [b]) => a - b);
    return { epoch: this.#epoch, version: this.#version, time_ms: this.#timeMs, ...kinds, membership };
  }
}

const sorted = (records: Record<string, unknown>[]) => records.toSorted((a, b) => Number(a['ref']) - Number(b['ref']));
const stateOf = (snapshot: WorldSnapshot) => new Reader(snapshot).state();

/** Every reference in a snapshot leads to a record of it. */
function expectWhole(snapshot: WorldSnapshot): void {
  const swarms = new Set(snapshot.swarms.map(({ ref }) => ref));
  const swarmOf = new Map(snapshot.agents.map(({ ref, swarm }) => [ref, swarm]));
  for (const { swarm } of snapshot.agents) expect(swarms.has(swarm)).toBe(true);
  for (const { kind, swarm, from, to } of snapshot.links) {
    expect(swarmOf.get(from)).toBe(swarm);
    expect(swarmOf.has(to)).toBe(true);
    expect(kind === 'communication' || from < to).toBe(true);
  }
  for (const { swarm, assignees } of snapshot.tasks) {
    expect(swarm === undefined || swarms.has(swarm)).toBe(true);
    for (const agent of assignees ?? []) expect(swarmOf.has(agent)).toBe(true);
  }
  expect(new Set(snapshot.agents.map(({ key }) => key)).size).toBe(snapshot.agents.length);
  const slots = snapshot.agents.map(({ swarm, slot }) => `${swarm} ${slot}`);
  expect(new Set(slots).size).toBe(slots.length);
  for (const [ref] of snapshot.membership) expect(swarms.has(ref)).toBe(true);
}

test('replaying batches onto any earlier snapshot gives the present one', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, tight) => {
      const world = new WorldHarness(tight ? TIGHT : {});
      const readers = [new Reader(world.world.snapshot())];
      for (const next of [...all, { do: 'flush' } as const]) {
        const batch = take(world, next);
        // Between flushes too: a snapshot is of the last flush.
        const now = world.world.snapshot();
        expectWhole(now);
        for (const reader of readers) {
          if (batch !== undefined) reader.apply(batch);
          expect(reader.state()).toEqual(stateOf(now));
        }
        if (readers.length < 4) readers.push(new Reader(now));
      }
    }),
    { numRuns: 200 },
  );
});

test('batches stay within the bounds', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const world = new WorldHarness(TIGHT);
      run(world, all);
      const { agents, swarms, links, tasks } = world.world.snapshot();
      expect(agents.length).toBeLessThanOrEqual(12);
      expect(swarms.length).toBeLessThanOrEqual(12);
      expect(links.length).toBeLessThanOrEqual(14);
      expect(tasks.length).toBeLessThanOrEqual(5);
    }),
    { numRuns: 100 },
  );
});

test('refs are never dealt twice in an epoch', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const batches = run(new WorldHarness(), all);
      for (const kind of KINDS) {
        const dealt = batches.flatMap((batch) => batch[kind]?.added?.map(({ ref }) => ref) ?? []);
        expect(new Set(dealt).size).toBe(dealt.length);
      }
    }),
    { numRuns: 100 },
  );
});

test('membership grows by one exactly when agents joined, left or were given other slots', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const world = new WorldHarness();
      const counted = new Map<number, number>();
      const swarmOf = new Map<number, number>();
      for (const batch of run(world, all)) {
        const changed = regrouped(batch, swarmOf);
        for (const ref of changed) counted.set(ref, (counted.get(ref) ?? 0) + 1);
        expect(new Map(batch.membership)).toEqual(new Map([...changed].map((ref) => [ref, counted.get(ref)])));
      }
    }),
    { numRuns: 150 },
  );
});

test('servers with equal ids live as if they were alone', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const together = new WorldHarness();
      run(together, all);
      for (const id of SERVERS) {
        const alone = new WorldHarness();
        run(
          alone,
          all.filter((next) => !('server' in next) || next.server === id),
        );
        expect(withoutRefs(together.world.snapshot(), id)).toEqual(withoutRefs(alone.world.snapshot(), id));
      }
    }),
    { numRuns: 100 },
  );
});

test('observations of different agents may come in any order', () => {
  const told = fc.uniqueArray(
    fc.record({ path: fc.tuple(fc.constantFrom('w', 'x'), agentId), facts: agentFacts, times: fc.nat(2) }),
    {
      selector: ({ path }) => path.join('/'),
      maxLength: 12,
    },
  );
  const shuffled = told.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, fc.constantFrom(...TOPOLOGIES), (orders, topology) => {
      const [first, second] = orders.map((order) => {
        const world = new WorldHarness().server('s1');
        for (const swarm of ['w', 'x']) world.observeOn('s1', { kind: 'swarm', swarm, facts: { topology } });
        for (const { path, facts, times } of order) {
          for (let i = 0; i <= times; i++) world.observeOn('s1', agentSeen(path.join('/'), facts));
        }
        return withoutRefs(world.settled(), 's1');
      });
      expect(first).toEqual(second);
    }),
    { numRuns: 100 },
  );
});

test('nothing is left of servers that were removed', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, flushBetween) => {
      const world = new WorldHarness(TIGHT);
      for (const next of all) take(world, next);
      if (flushBetween) world.flush();
      for (const id of SERVERS) world.world.removeServer(id);
      world.flush();
      const stats = world.world.stats();
      expect(GAUGES.map((gauge) => [gauge, stats[gauge]])).toEqual(GAUGES.map((gauge) => [gauge, 0]));
      expect(world.world.snapshot()).toMatchObject({ servers: [], swarms: [], agents: [], links: [], tasks: [] });
    }),
    { numRuns: 150 },
  );
});

test('silence ends in an empty world, servers excepted', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const world = new WorldHarness();
      for (const next of all) take(world, next);
      for (const id of SERVERS) world.world.disconnected(id, world.nowMs);
      for (let i = 0; i < 10; i++) {
        world.pass(61_000);
        world.flush();
      }
      expect(world.world.snapshot()).toMatchObject({ swarms: [], agents: [], links: [], tasks: [] });
      expect(world.world.stats()).toMatchObject({ queued: 0, stale_agents: 0 });
    }),
    { numRuns: 100 },
  );
});

test('a new epoch changes refs and slots of nothing else', () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const [left, right] = [new WorldHarness(), new WorldHarness()];
      run(left, before);
      for (const next of before) take(right, next);
      right.world.newEpoch('e2');
      expectWhole(right.world.snapshot());
      for (const id of SERVERS) {
        expect(withoutRefs(right.world.snapshot(), id)).toEqual(withoutRefs(left.world.snapshot(), id));
      }
      const reader = new Reader(right.world.snapshot());
      for (const batch of run(right, after)) reader.apply(batch);
      expect(reader.state()).toEqual(stateOf(right.world.snapshot()));
    }),
    { numRuns: 60 },
  );
});

test('topology links are pairs of different members, each once, for any word and size', () => {
  const members: fc.Arbitrary<TopologyMember[]> = fc.array(
    fc.record({ id: fc.string(), lead: fc.constantFrom(true as const, undefined) }),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...TOPOLOGIES, 'odd'), members, (topology, of) => {
      const flat = topologyLinks(topology, of);
      const pairs = new Set<string>();
      for (let p = 0; p < flat.length; p += 2) {
        const [a = -1, b = -1] = flat.slice(p, p + 2);
        expect(a).not.toBe(b);
        expect(Math.min(a, b)).toBeGreaterThanOrEqual(0);
        expect(Math.max(a, b)).toBeLessThan(of.length);
        pairs.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
      }
      expect(pairs.size).toBe(flat.length / 2);
      expect(topologyLinks(topology, of)).toEqual(flat);
    }),
    { numRuns: 200 },
  );
});

/** Swarms of a batch that gained or lost agents, or whose slots were dealt anew. */
function regrouped(batch: ChangeBatch, swarmOf: Map<number, number>): Set<number> {
  const { added = [], updated = [], removed = [] } = batch.agents ?? {};
  for (const { ref, swarm } of added) swarmOf.set(ref, swarm);
  const moved = updated.filter((patch) => patch.slot !== undefined);
  const agents = [...added.map(({ ref }) => ref), ...moved.map(({ ref }) => ref), ...removed];
  const swarms = new Set(agents.map((ref) => swarmOf.get(ref) ?? -1));
  for (const ref of batch.swarms?.removed ?? []) swarms.delete(ref);
  return swarms;
}

/** A server's records with keys in place of refs, without slots, in an order of their own. */
function withoutRefs(snapshot: WorldSnapshot, serverId: string): unknown {
  const mine = <T extends { server_id: string }>(records: T[]) =>
    records.filter(({ server_id: server }) => server === serverId);
  const nameOf = new Map([...snapshot.agents, ...snapshot.swarms].map(({ ref, key }) => [ref, key]));
  const name = (ref: number | undefined) => (ref === undefined ? undefined : nameOf.get(ref));
  const prefix = `${serverId}/`;
  return {
    swarms: texts(mine(snapshot.swarms).map((swarm) => ({ ...swarm, ref: 0 }))),
    agents: texts(mine(snapshot.agents).map((agent) => ({ ...agent, ref: 0, slot: 0, swarm: name(agent.swarm) }))),
    tasks: texts(
      mine(snapshot.tasks).map((task) => ({
        ...task,
        ref: 0,
        swarm: name(task.swarm),
        assignees: task.assignees?.map(name),
      })),
    ),
    links: texts(
      snapshot.links
        .map((link) => {
          const ends = [name(link.from) ?? '', name(link.to) ?? ''];
          return { ...link, ref: 0, swarm: 0, from: 0, to: 0, ends: link.kind === 'topology' ? ends.toSorted() : ends };
        })
        .filter(({ ends }) => ends[0]?.startsWith(prefix)),
    ),
  };
}

function texts(records: unknown[]): string[] {
  return records.map((record) => JSON.stringify(record, sortKeys)).toSorted();
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
