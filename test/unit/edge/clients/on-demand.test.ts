/** In on_demand a heartbeat proves what was last brought: never something that the client has left behind. */
import { describe, expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import { plainRef } from '../../../../src/model/ids.ts';
import { until } from '../../../support/until.ts';
import { agent, fakeEdge, snapshot, type FakeEdge } from './fake-edge.ts';
import { frameTicks, Story, told, watch, type Watched } from './watched-client.ts';

const INTERVAL_MS = 1_000;
const INTERVAL_TICKS = 60;
/** The frames of so many agents are larger than what one change leaves of the soft limit. */
const AGENTS = 60;
const SOFT_LIMIT_BYTES = 600;

interface Scene {
  edge: FakeEdge;
  story: Story;
  client: Watched;
}

/** A client in on_demand that has its first proof, and a world that goes on. */
function onDemand(softLimitBytes = 131_072): Scene {
  const limits = { heartbeat_interval_ms: INTERVAL_MS, soft_limit_bytes: softLimitBytes };
  const edge = fakeEdge(limits, snapshot(Array.from({ length: AGENTS }, (_, n) => agent(n))));
  const story = new Story(edge);
  const client = watch(edge, { mode: 'on_demand' });
  story.go(2 * INTERVAL_TICKS);
  expect(proofs(client).length).toBeGreaterThan(0);
  return { edge, story, client };
}

/** What each heartbeat said, and what the client held when it came: hash and cursor. */
function proofs({ socket }: Watched): { said: [string, string]; held: [string, string] }[] {
  const store = new StateStore();
  const all: ReturnType<typeof proofs> = [];
  for (const message of socket.messages) {
    store.apply(message);
    if (message.type !== 'heartbeat') continue;
    const { state_hash: hash, cursor } = message.payload;
    all.push({ said: [hash, cursor], held: [store.hash(), store.cursor] });
  }
  return all;
}

function expectProven(client: Watched): void {
  for (const { said, held } of proofs(client)) expect(said).toEqual(held);
}

const mode = (client: Watched, to: string): void => client.send({ type: 'performance_mode', payload: { mode: to } });

const drain = ({ client }: Scene): void => {
  client.socket.drainTo(0);
  client.session.drained();
};

/** It leaves pings unanswered until nothing more is put in flight. */
function holdBack({ edge, story, client }: Scene): void {
  client.socket.reading = false;
  story.go(400);
  expect(edge.clients.list(-1, 1)[0]?.behind).toBe(true);
}

/** Its socket takes no more, until nothing more is put in flight. */
function block({ story, client }: Scene): void {
  client.socket.stalled = true;
  story.go(INTERVAL_TICKS);
  expect(client.socket.bufferedAmount()).toBeGreaterThan(SOFT_LIMIT_BYTES);
}

/** Heartbeats go on, each of what it holds, and it holds the newest. */
function expectToBeat({ edge, story, client }: Scene): void {
  const before = proofs(client).length;
  const { newest } = story;
  edge.tick(3 * INTERVAL_TICKS);
  expect(told(client).at(-1)).toBe(newest);
  expect(proofs(client).length).toBeGreaterThan(before);
  expectProven(client);
}

test('at rest a heartbeat comes once an interval, of what was last brought, however the world goes on', () => {
  const { story, client } = onDemand();
  const brought = told(client);
  story.go(10 * INTERVAL_TICKS);
  const times = client.socket.messages.filter(({ type }) => type === 'heartbeat').map(({ timestamp }) => timestamp);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(gaps.length).toBeGreaterThanOrEqual(9);
  expect(gaps.map((ms) => Math.round(ms / INTERVAL_MS))).toEqual(gaps.map(() => 1));
  expect(told(client)).toEqual(brought);
  expectProven(client);
});

describe('a proof of an earlier time in on_demand is not sent in a later one', () => {
  test.each([
    { what: 'is held back', act: holdBack, undo: ({ client }: Scene) => client.socket.read() },
    { what: 'is blocked', act: block, undo: drain },
  ])('while the client, which was in another mode between, $what', ({ act, undo }) => {
    const scene = onDemand(SOFT_LIMIT_BYTES);
    const { story, client } = scene;
    mode(client, 'normal');
    story.go(20);
    const { length } = told(client);
    expect(length).toBeGreaterThan(1);
    act(scene);
    const before = proofs(client).length;
    mode(client, 'on_demand');
    story.go(3 * INTERVAL_TICKS);
    expect(proofs(client)).toHaveLength(before);
    undo(scene);
    expectProven(client);
    expectToBeat(scene);
  });
});

describe('a turn that was asked for, and came before its time in the queue', () => {
  test.each([
    { by: 'a drain', before: () => undefined, act: drain },
    {
      by: 'a resync',
      before: () => undefined,
      act: ({ client }: Scene) => client.send({ type: 'resync' }),
    },
    {
      by: 'a pong',
      before: (scene: Scene) => {
        mode(scene.client, 'normal');
        holdBack(scene);
        mode(scene.client, 'on_demand');
        // The turn that it owes is skipped.
        scene.edge.tick();
      },
      act: ({ client }: Scene) => client.socket.read(),
    },
  ])('by $by: what its place in the queue still brings is proven too', ({ before, act }) => {
    const scene = onDemand();
    const { edge, story, client } = scene;
    before(scene);
    story.change();
    client.send({ type: 'request_update' });
    expect(told(client).at(-1)).not.toBe(story.newest);
    act(scene);
    expect(told(client).at(-1)).toBe(story.newest);
    story.change();
    edge.tick();
    expectToBeat(scene);
  });
});

describe('what was brought in part', () => {
  test.each(['request_update', 'resync'])('by a %s, and positions not: nothing older is proven', (type) => {
    const scene = onDemand(SOFT_LIMIT_BYTES);
    const { edge, story, client } = scene;
    client.socket.stalled = true;
    story.change();
    client.send({ type });
    edge.tick();
    const before = proofs(client).length;
    const frames = frameTicks(client).length;
    expect(told(client).at(-1)).toBe(story.newest);
    edge.tick(3 * INTERVAL_TICKS);
    expect(frameTicks(client)).toHaveLength(frames);
    expect(proofs(client)).toHaveLength(before);
    drain(scene);
    expectProven(client);
    expect(frameTicks(client)).toHaveLength(frames + 1);
    expectToBeat(scene);
  });

  test('by a discovery, which shows swarms as they are now, and the rest not: nothing older is proven', async () => {
    const scene = onDemand(SOFT_LIMIT_BYTES);
    const { edge, client } = scene;
    client.socket.stalled = true;
    while (client.socket.bufferedAmount() <= SOFT_LIMIT_BYTES) client.send({ type: 'heartbeat', id: 'h' });
    edge.apply({ swarms: { updated: [{ ref: plainRef(0, 2), topology: 'ring' }] } });
    client.send({ type: 'discover', id: 'd' });
    await until('the discovery waits', () => edge.clients.counters.outboxPeak >= 2);
    const before = proofs(client).length;
    edge.tick(3 * INTERVAL_TICKS);
    drain(scene);
    expectProven(client);
    expect(proofs(client)).toHaveLength(before);
    expectToBeat(scene);
  });
});
