import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateStore } from '../../../src/client/state-store.ts';
import type { AgentRecord } from '../../../src/model/agent.ts';
import type { LinkRecord } from '../../../src/model/link.ts';
import type { TaskRecord } from '../../../src/model/task.ts';
import { entityHash, formatHash, toggle } from '../../../src/protocol/state-hash.ts';
import type { ServerMessage } from '../../../src/protocol/server-messages.ts';
import { A, agent, agents, discovery, link, links, message, snapshot, swarm, task } from '../../unit/client/records.ts';

/** What the view shows at one moment: the truth that messages are made from. */
interface World {
  swarms: number;
  agents: Map<number, AgentRecord>;
  links: Map<number, LinkRecord>;
  tasks: Map<number, TaskRecord>;
}

const SWARMS = 3;

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const world: fc.Arbitrary<World> = fc
  .record({
    agents: fc.uniqueArray(
      fc.record({
        n: fc.integer({ min: 0, max: 9 }),
        swarm: fc.integer({ min: 1, max: SWARMS }),
        status: fc.constantFrom('idle', 'busy', 'error'),
        name: optional(fc.constantFrom('Ann', 'Zoë', 'a"b\\c', '中')),
        cpu: optional(fc.double({ min: 0, max: 1, noNaN: true })),
      }),
      { selector: ({ n }) => n, maxLength: 8 },
    ),
    links: fc.uniqueArray(
      fc.record({
        ref: fc.integer({ min: 0, max: 9 }),
        from: fc.nat(9),
        to: fc.nat(9),
        weight: optional(fc.double({ min: 0, max: 5, noNaN: true })),
      }),
      { selector: ({ ref }) => ref, maxLength: 8 },
    ),
    tasks: fc.uniqueArray(fc.record({ ref: fc.nat(5), status: fc.constantFrom('pending', 'completed') }), {
      selector: ({ ref }) => ref,
      maxLength: 4,
    }),
  })
  .map((made) => {
    const shown = new Map(
      made.agents.map(({ n, swarm: home, status, name, cpu }) => {
        const more = { swarm: home, status: status as AgentRecord['status'], ...(name === undefined ? {} : { name }) };
        return [A + n, agent(n, cpu === undefined ? more : { ...more, performance: { cpu_usage: cpu } })];
      }),
    );
    const ends = made.links.filter(({ from, to }) => shown.has(A + from) && shown.has(A + to));
    return {
      swarms: SWARMS,
      agents: shown,
      links: new Map(
        ends.map(({ ref, from, to, weight }) => [
          ref,
          link(ref, from, to, weight === undefined ? {} : { weight, at_ms: 5, half_life_ms: 9 }),
        ]),
      ),
      tasks: new Map(made.tasks.map(({ ref, status }) => [ref, task(ref, { status })])),
    };
  });

/** A group that takes a client from one world to another, as a gateway makes it. Links of removed agents are not named. */
function group(from: World, to: World, whole: boolean, cursor: string): ServerMessage[] {
  const added: AgentRecord[] = [];
  const updated = [];
  for (const [ref, record] of to.agents) {
    const old = from.agents.get(ref);
    if (old === undefined || whole || old.swarm !== record.swarm) added.push(record);
    else updated.push(patch(old, record));
  }
  const gone = (ref: number): boolean => !to.agents.has(ref);
  const unlinked = [...from.links.values()].filter(
    (each) => !to.links.has(each.ref) && !gone(each.from) && !gone(each.to),
  );
  return [
    agents({ added, updated, removed: [...from.agents.keys()].filter(gone) }),
    links({ linked: [...to.links.values()], unlinked: unlinked.map(({ ref }) => ref) }),
    message(
      'task_update',
      { tasks: [...to.tasks.values()], removed: [...from.tasks.keys()].filter((ref) => !to.tasks.has(ref)) },
      cursor,
    ),
  ];
}

function patch(old: AgentRecord, record: AgentRecord) {
  const changes: Record<string, unknown> = {};
  const before = old as unknown as Record<string, unknown>;
  const after = record as unknown as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) changes[key] = after[key] ?? null;
  }
  return { ...changes, ref: record.ref };
}

function oracle(shown: World): string {
  const sum = { high: 0, low: 0 };
  for (let ref = 1; ref <= shown.swarms; ref++) toggle(sum, entityHash('swarm', swarm(ref)));
  for (const record of shown.agents.values()) toggle(sum, entityHash('agent', record));
  for (const record of shown.links.values()) toggle(sum, entityHash('link', record));
  for (const record of shown.tasks.values()) toggle(sum, entityHash('task', record));
  return formatHash(sum);
}

const EMPTY: World = { swarms: SWARMS, agents: new Map(), links: new Map(), tasks: new Map() };
const swarms = discovery({ full: true, swarms: [1, 2, 3].map((ref) => swarm(ref)) });

function expectHeld(store: StateStore, shown: World): void {
  expect(Object.fromEntries(store.state.agents)).toEqual(Object.fromEntries(shown.agents));
  expect(Object.fromEntries(store.state.links)).toEqual(Object.fromEntries(shown.links));
  expect(Object.fromEntries(store.state.tasks)).toEqual(Object.fromEntries(shown.tasks));
  expect(store.hash()).toBe(oracle(shown));
}

describe('state store', () => {
  test('whatever a client was sent on the way, at the same cursor it holds the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(world, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 8 }), (steps) => {
        const each = new StateStore();
        const some = new StateStore();
        each.apply(swarms);
        some.apply(swarms);
        let before = EMPTY;
        let held = EMPTY;
        steps.forEach(([now, skips, asSnapshot], step) => {
          const cursor = `c${step}`;
          for (const one of group(before, now, false, cursor)) each.apply(one);
          expectHeld(each, now);
          expect(each.cursor).toBe(cursor);
          before = now;
          if (skips) return;
          if (asSnapshot) for (const one of parts(now, step, cursor)) some.apply(one);
          else for (const one of group(held, now, true, cursor)) some.apply(one);
          held = now;
          expectHeld(some, now);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('a group that is cut short and then sent again as a catch-up does no harm', () => {
    fc.assert(
      fc.property(world, world, fc.nat(2), (from, to, cut) => {
        const store = new StateStore();
        store.apply(swarms);
        for (const one of group(EMPTY, from, true, 'c1')) store.apply(one);
        for (const one of group(from, to, false, 'c2').slice(0, cut)) store.apply(one);
        expect(store.cursor).toBe('c1');
        for (const one of group(from, to, true, 'c2')) store.apply(one);
        expectHeld(store, to);
      }),
      { numRuns: 200 },
    );
  });
});

function parts(shown: World, id: number, cursor: string): ServerMessage[] {
  return [
    snapshot({ snapshot_id: id, last: false, agents: [...shown.agents.values()] }),
    snapshot({ snapshot_id: id, part: 1, last: false, links: [...shown.links.values()] }),
    snapshot({ snapshot_id: id, part: 2, tasks: [...shown.tasks.values()] }, cursor),
  ];
}
