/** What happens to swarms: each event once, with names that hold, and no move where something else is more likely. */
import { expect, test } from 'vitest';
import type { ChangeBatch } from '../../../../src/model/change.ts';
import { agentSeen, WorldHarness } from './world-harness.ts';

const told = (batch: ChangeBatch | undefined) =>
  (batch?.swarm_events ?? []).map(({ event, swarm, from, reason }) =>
    [event, swarm.key, from?.key, reason].filter((part) => part !== undefined).join(' '),
  );

test('a swarm is created, and dissolved when its server says so, lists it no more, or is gone', () => {
  const world = new WorldHarness().server();
  world.swarm('a').swarm('b').swarm('c').swarm('d');
  const created = world.flush();
  expect(told(created)).toEqual(['created s/a', 'created s/b', 'created s/c', 'created s/d']);
  expect(created?.swarm_events?.map(({ swarm }) => swarm.ref)).toEqual(created?.swarms?.added?.map(({ ref }) => ref));
  world.observe({ kind: 'swarm-list', scope: 'x', swarms: ['a', 'b', 'c'] }).flush();
  world.observe({ kind: 'swarm-gone', swarm: 'a' });
  expect(told(world.flush())).toEqual(['dissolved s/a ended']);
  world.observe({ kind: 'swarm-list', scope: 'x', swarms: ['c'] });
  expect(told(world.flush())).toEqual(['dissolved s/b ended']);
  world.pass(1).swarm('c').flush();
  world.pass(69_999).swarm('c');
  expect(told(world.flush())).toEqual(['dissolved s/d silent']);
  world.world.removeServer('s');
  expect(told(world.flush())).toEqual(['dissolved s/c server_removed']);
});

test('what came and went within one batch, and agents without a swarm, are no events', () => {
  const world = new WorldHarness().server();
  world.swarm('a').observe({ kind: 'swarm-gone', swarm: 'a' }).agent('loner');
  expect(told(world.flush())).toEqual([]);
  world.agent('b/loner');
  expect(told(world.flush())).toEqual(['created s/b']);
});

test.each(['old first', 'new first', 'at once'] as const)('a swarm that goes on elsewhere has moved: %s', (order) => {
  const world = new WorldHarness().server('s').server('t');
  world.observeOn('s', { kind: 'swarm', swarm: 'a', facts: {} }).flush();
  const end = () => world.observeOn('s', { kind: 'swarm-gone', swarm: 'a' });
  const begin = () => world.observeOn('t', { kind: 'swarm', swarm: 'a', facts: {} });
  const parts = order === 'new first' ? [begin, end] : [end, begin];
  const events = parts.flatMap((part) => {
    part();
    world.pass(1_000);
    return order === 'at once' ? [] : told(world.flush());
  });
  const all = [...events, ...told(world.flush())];
  expect(all.toSorted()).toEqual(['created t/a', 'dissolved s/a ended', 'moved t/a s/a']);
  expect(all.at(-1)).toBe('moved t/a s/a');
});

test('a swarm whose server fell silent has moved when it is dropped there, however late', () => {
  const world = new WorldHarness().server('s').server('t');
  world.observeOn('s', { kind: 'swarm', swarm: 'a', facts: {} }).flush();
  world.world.disconnected('s', world.nowMs);
  world.pass(5_000).observeOn('t', { kind: 'swarm', swarm: 'a', facts: {} }).flush();
  world.observeOn('t', agentSeen('a/x'));
  for (let n = 0; n < 10; n++) world.pass(5_000).observeOn('t', agentSeen('a/x')).flush();
  world.pass(5_000);
  expect(told(world.flush())).toEqual(['dissolved s/a silent', 'moved t/a s/a']);
});

test.each([
  ['too late', 11_000, {}],
  ['another, by its creation', 0, { created_at_ms: 5 }],
])('no move: %s', (_, gapMs, facts) => {
  const world = new WorldHarness().server('s').server('t');
  world.observeOn('s', { kind: 'swarm', swarm: 'a', facts: { created_at_ms: 4 } }).flush();
  world.observeOn('s', { kind: 'swarm-gone', swarm: 'a' }).flush();
  world.pass(gapMs).observeOn('t', { kind: 'swarm', swarm: 'a', facts });
  expect(told(world.flush())).toEqual(['created t/a']);
});

test('two servers that have had a swarm of one id for long are two swarms', () => {
  const world = new WorldHarness().server('s').server('t');
  for (const server of ['s', 't']) world.observeOn(server, { kind: 'swarm', swarm: 'daa', facts: {} });
  world.flush();
  world.pass(30_000).observeOn('s', { kind: 'swarm-gone', swarm: 'daa' });
  expect(told(world.flush())).toEqual(['dissolved s/daa ended']);
});

test('an agent that goes to another swarm has moved, with the ref that it has there', () => {
  const world = new WorldHarness().server();
  world.agent('a/x', { name: 'ann' }).agent('a/y').swarm('b').flush();
  world.agent('b/x', { name: 'ann' }).observe({ kind: 'agent-gone', swarm: 'a', agent: 'x' });
  const batch = world.flush();
  expect(told(batch)).toEqual(['agent_moved s/b s/a']);
  expect(batch?.swarm_events?.[0]?.agent).toBe(world.agentNow('b/x')?.ref);
  world.observe({ kind: 'agent-gone', swarm: 'b', agent: 'x' }).flush();
  world.agent('a/x', { name: 'bob' });
  expect(told(world.flush()), 'another name').toEqual([]);
  world.observe({ kind: 'agent-gone', swarm: 'a', agent: 'y' }).flush();
  world.agent('a/y');
  expect(told(world.flush()), 'back where it was').toEqual([]);
});

test('a message from swarm to swarm is told; one from or to what is not there is not', () => {
  const world = new WorldHarness().server();
  world.swarm('a').swarm('b').flush();
  world.world.messageBetweenSwarms('s/a', 's/b');
  world.world.messageBetweenSwarms('s/a', 's/nowhere');
  expect(told(world.flush())).toEqual(['message s/b s/a']);
});

test('events and remembered names are bounded, and forgotten in time', () => {
  const world = new WorldHarness({ max_agents: 10_000 }).server();
  for (let n = 0; n < 5_000; n++) world.swarm(`w${n}`);
  expect(world.flush()?.swarm_events).toHaveLength(1_000);
  expect(world.world.stats()).toMatchObject({ swarm_events_total: 5_000, swarm_events_dropped_total: 4_000 });
  expect(world.world.stats().remembered_moves).toBe(4_096);
  world.pass(80_001);
  expect(world.world.stats().remembered_moves).toBe(4_096);
  world.flush();
  world.pass(10_001);
  expect(world.world.stats().remembered_moves).toBe(0);
});

test('a new epoch begins without events of before', () => {
  const world = new WorldHarness().server();
  world.swarm('a');
  world.world.newEpoch('e2');
  expect(told(world.flush())).toEqual([]);
  expect(world.world.stats().remembered_moves).toBe(0);
});
