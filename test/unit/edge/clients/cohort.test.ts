import { describe, expect, test, vi } from 'vitest';
import { agent, fakeEdge, SERVER, server, snapshot } from './fake-edge.ts';
import {
  expectConsecutive,
  expectWhole,
  frameTicks,
  Story,
  told,
  watch,
  watchMany,
  type Watched,
} from './watched-client.ts';

const three = () => snapshot([agent(0), agent(1), agent(2)]);

describe('who shares turns', () => {
  test('clients of one view do, whenever they came', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = Array.from({ length: 4 }, () => {
      story.go(3);
      return watch(edge);
    });
    story.go(2);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, 4]);
    story.go(100);
    for (const client of clients) {
      expectWhole(edge, client, story);
      expectConsecutive(told(client));
      expectConsecutive(frameTicks(client));
    }
  });

  test('also those who come to a phase in which others, who have left, stood before them', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const lone = watch(edge, { mode: 'high_frequency', filters: { include_neural: false } });
    const clients = watchMany(edge, 3);
    story.go(2);
    clients[1]?.send({ type: 'request_update' });
    lone.session.lost();
    story.go(3);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, 3]);
  });

  test('only those of one view, mode, coding and format, and none on demand or in a view of its own', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const groups = [{}, { include_neural: false }].flatMap((filters) =>
      (['json', 'msgpack'] as const).flatMap((coding) =>
        (['high_frequency', 'normal'] as const).flatMap((mode) =>
          (['q16', 'f32'] as const).map((positions) =>
            Array.from({ length: 2 }, () => watch(edge, { filters, mode, positions }, { coding })),
          ),
        ),
      ),
    );
    watch(edge, { mode: 'high_frequency', filters: { include_performance: false } });
    for (let i = 0; i < 2; i++) watch(edge, { mode: 'on_demand' });
    story.go(60);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([groups.length, 2 * groups.length]);
    expect(edge.clients.countByMode()).toEqual({ high_frequency: 17, normal: 16, low_frequency: 0, on_demand: 2 });
    const newest = groups.flat().map((client) => told(client).at(-1) ?? 0);
    expect(Math.min(...newest)).toBeGreaterThan(story.newest - 6);
    for (const [client] of groups) if (client?.session.mode === 'high_frequency') expectWhole(edge, client, story);
  });

  test('who shares its mode with nobody has turns of its own', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    watch(edge);
    story.go(10);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([0, 0]);
  });

  test('sixty-four at most: more are several cohorts', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 150);
    story.go(60);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([3, 150]);
    for (const client of clients) {
      expectWhole(edge, client, story);
      expectConsecutive(told(client));
      expectConsecutive(frameTicks(client));
    }
  });

  test('nobody while the view shows more than two thousand agents', () => {
    const edge = fakeEdge({}, snapshot(Array.from({ length: 2_001 }, (_, i) => agent(i))));
    const story = new Story(edge);
    const clients = watchMany(edge, 3);
    story.go(20);
    expect(edge.clients.cohortMembers()).toBe(0);
    edge.apply({ agents: { removed: [agent(2_000).ref] } });
    story.go(5);
    expect(edge.clients.cohortMembers()).toBe(3);
    for (const client of clients) expectWhole(edge, client, story);
  });
});

describe('a turn', () => {
  test('brings all of them state, health, positions and a heartbeat, in this order, and in one piece', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 300 }, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 5);
    story.go(3);
    expect(edge.clients.cohortMembers()).toBe(5);
    const before = clients.map(({ socket }) => [socket.pieces.length, socket.log.length]);
    story.go(60, () => story.turnHealth());
    const plain = ['agent_update', 'health_update', 'frame'];
    clients.forEach(({ socket }, i) => {
      const [pieces = 0, log = 0] = before[i] ?? [];
      const since = socket.pieces.slice(pieces);
      // Health turned after each tick but the last, and is told with the next.
      expect(since[0]).toEqual(['agent_update', 'frame']);
      const beats = since.slice(1).filter((piece) => piece.at(-1) === 'heartbeat');
      expect(beats.length).toBeGreaterThanOrEqual(3);
      for (const piece of beats) expect(piece).toEqual([...plain, 'heartbeat']);
      for (const piece of since.slice(1)) expect(piece.slice(0, 3)).toEqual(plain);
      expect(since).toHaveLength(60);
      expect(since.flat()).toEqual(socket.log.slice(log));
    });
    expect(edge.clients.cohortMembers()).toBe(5);
  });

  test('of nothing but a frame is not corked, and one of nothing is none', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 60_000 }, three());
    const clients = watchMany(edge, 5);
    edge.moveAll();
    edge.tick(3);
    const before = clients.map(({ socket }) => [socket.corks, socket.frameCount, socket.log.length] as const);
    edge.tick(50);
    edge.settle();
    edge.tick(50);
    expect(edge.clients.cohortMembers()).toBe(5);
    clients.forEach(({ socket }, i) => {
      const [corks = 0, frames = 0, log = 0] = before[i] ?? [];
      expect([socket.corks - corks, socket.frameCount - frames, socket.log.length - log]).toEqual([0, 50, 50]);
    });
  });
});

describe('what is counted', () => {
  /** Everything that the sockets took, by mode and kind of view. */
  const expectCounted = (edge: ReturnType<typeof fakeEdge>, clients: readonly Watched[]): void => {
    const { counters } = edge.clients;
    const sum = (field: 'frameCount' | 'frameBytes' | 'messageCount' | 'messageBytes'): number =>
      clients.reduce((all, { socket }) => all + socket[field], 0);
    expect({
      frames: counters.sum('frames'),
      frameBytes: counters.sum('frameBytes'),
      messages: counters.sum('messages'),
      messageBytes: counters.sum('messageBytes'),
    }).toEqual({
      frames: sum('frameCount'),
      frameBytes: sum('frameBytes'),
      messages: sum('messageCount'),
      messageBytes: sum('messageBytes'),
    });
  };

  test('is what the sockets took, to the byte, whoever left and joined meanwhile', () => {
    const edge = fakeEdge({ soft_limit_bytes: 1_500, heartbeat_interval_ms: 300 }, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 9);
    story.go(100, () => {
      const { newest } = story;
      const one = clients[newest % 9];
      if (newest % 11 === 0) one?.send({ type: 'request_update', id: newest });
      if (newest % 17 === 0) story.turnHealth();
      if (newest % 23 === 0 && one !== undefined) one.socket.stalled = true;
      if (newest % 23 === 7)
        for (const { socket, session } of clients) {
          socket.drainTo(0);
          session.drained();
        }
      if (newest === 50) clients.push(watch(edge));
      expectCounted(edge, clients);
    });
  });

  test('so is what was not accepted, or not all of it', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 5);
    story.go(3);
    const [, whole, half] = clients;
    if (whole === undefined || half === undefined) throw new Error('five were made');
    whole.socket.dropping = true;
    half.socket.stalled = true;
    half.socket.accepts = 1;
    const taken = half.socket.bytes;
    story.go(1);
    expect(edge.clients.cohortMembers()).toBe(3);
    expectCounted(edge, clients);
    const buffered = half.socket.bytes - taken;
    expect(buffered).toBeGreaterThan(0);
    const listed = edge.clients.list(-1, 10).map(({ buffered_bytes: bytes }) => bytes);
    expect(listed).toEqual([0, 0, buffered, 0, 0]);
  });

  test('turns: one of each client a tick; and the meters are those of mode and view', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    watchMany(edge, 5);
    watchMany(edge, 3, { mode: 'normal', positions: 'none' });
    story.go(12);
    expect(edge.clients.cohortMembers()).toBe(8);
    const { counters } = edge.clients;
    const before = { all: counters.turns, meters: counters.meters.map(({ turns }) => turns) };
    story.go(60);
    const since = counters.meters.map(({ mode, view, turns }, i) => [mode, view, turns - (before.meters[i] ?? 0)]);
    expect(since.filter(([, , turns]) => turns !== 0)).toEqual([
      ['high_frequency', 'whole', 300],
      ['normal', 'state', 30],
    ]);
    expect(counters.turns - before.all).toBe(330);
    // One of 31 is timed, all those of its cohort with it.
    expect(counters.meters.reduce((sum, { sampledTurns }) => sum + sampledTurns, 0)).toBeGreaterThan(0);
  });

  test("a client's bytes per second are those that its socket took between two looks", () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 700 }, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 5);
    story.go(3);
    const looks = clients.map(() => ({ rate: 0, bytes: 0, atMs: 0, seen: 0 }));
    for (let tick = 0; tick < 400; tick++) {
      const taken = clients.map(({ socket }) => socket.bytes);
      const unlucky = clients[2];
      // One turn that it takes the first message of, and no more.
      if (unlucky !== undefined) unlucky.socket.accepts = tick === 150 ? 1 : Number.POSITIVE_INFINITY;
      // Longer and longer, so that no two rates are the same. The looks come before the turns.
      story.change({ name: 'n'.repeat(tick) });
      edge.tick();
      edge.clients.list(-1, 10).forEach(({ bytes_per_second: rate }, i) => {
        const look = looks[i];
        if (look === undefined || rate === look.rate) return;
        const atMs = Math.floor(edge.now());
        const bytes = (taken[i] ?? 0) - look.bytes;
        if (look.seen++ > 0) expect(rate).toBe(Math.round((bytes * 1_000) / (atMs - look.atMs)));
        Object.assign(look, { rate, atMs, bytes: taken[i] ?? 0 });
      });
    }
    expect(edge.clients.cohortMembers()).toBe(5);
    for (const { seen } of looks) expect(seen).toBeGreaterThan(5);
  });
});

describe('heartbeats', () => {
  test.each([
    ['high_frequency', 1],
    ['normal', 6],
    ['low_frequency', 60],
  ])('%s: nobody waits longer than an interval and a turn, whoever leaves and joins', (mode, turnTicks) => {
    const edge = fakeEdge({ heartbeat_interval_ms: 2_000 }, three());
    const story = new Story(edge);
    const clients: Watched[] = [];
    const last = new Map<Watched, number>();
    const beats = new Map<Watched, number>();
    let joined = 0;
    story.go(60 * 30, () => {
      const { newest } = story;
      if (newest % 37 === 1 && clients.length < 12) {
        // Half of them begin in a view of their own, with heartbeats at times of their own.
        const client = watch(edge, { mode, filters: { include_neural: clients.length % 2 === 0 } });
        clients.push(client);
        last.set(client, newest);
      }
      if (newest % 29 === 0) clients[newest % clients.length]?.send({ type: 'request_update' });
      if (newest % 97 === 0) {
        const payload = { include_neural: newest % 2 === 0 };
        clients[newest % clients.length]?.send({ type: 'update_filters', payload });
      }
      joined = Math.max(joined, edge.clients.cohortMembers());
      for (const client of clients) {
        const count = client.socket.log.filter((type) => type === 'heartbeat').length;
        if (count > (beats.get(client) ?? 0)) {
          beats.set(client, count);
          last.set(client, newest);
        }
        expect(newest - (last.get(client) ?? 0)).toBeLessThanOrEqual(120 + turnTicks);
      }
    });
    expect(joined).toBeGreaterThan(6);
    for (const client of clients) expect(beats.get(client)).toBeGreaterThanOrEqual(5);
  });

  test('one that leaves and joins again has as many as the others', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 500 }, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 5);
    story.go(40);
    const beats = () => clients.map(({ socket }) => socket.log.filter((type) => type === 'heartbeat').length);
    const before = beats();
    story.go(600, () => {
      if (story.newest % 7 === 0) clients[2]?.send({ type: 'request_update' });
    });
    expect(beats().map((count, i) => count - (before[i] ?? 0))).toEqual([20, 20, 20, 20, 20]);
  });

  test('evidence of health goes with them, the newest only', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 1_000 }, three());
    const clients = watchMany(edge, 5);
    edge.tick(70);
    expect(edge.clients.cohortMembers()).toBe(5);
    const before = clients.map(({ socket }) => socket.log.length);
    for (let n = 2; n < 130; n++) {
      const { health } = server();
      const evidence = { consecutive_failures: 0, consecutive_successes: n };
      edge.apply({ servers: { updated: [{ ref: SERVER, health: { ...health, evidence } }] } });
      edge.tick();
    }
    clients.forEach(({ socket }, i) => {
      expect(socket.log.slice(before[i])).toEqual(['health_update', 'heartbeat', 'health_update', 'heartbeat']);
    });
  });
});

test.each(['high_frequency', 'low_frequency'])('%s: health that turns reaches each once, and at once', (mode) => {
  const edge = fakeEdge({ heartbeat_interval_ms: 600_000 }, three());
  const story = new Story(edge);
  const clients = watchMany(edge, 70, { mode });
  story.go(61);
  let members = 0;
  const states = ({ socket }: Watched): unknown[] =>
    socket.messages.flatMap((message) => (message.type === 'health_update' ? [message.payload.state] : []));
  const before = clients.map((client) => states(client).length);
  for (let n = 1; n <= 60; n++) {
    story.turnHealth();
    if (n % 3 === 0) clients[n]?.send({ type: 'request_update' });
    if (n % 5 === 0) story.change();
    edge.tick();
    members = Math.max(members, edge.clients.cohortMembers());
    clients.forEach((client, i) => expect(states(client).length - (before[i] ?? 0)).toBe(n));
    edge.tick(n % 8);
  }
  expect(members).toBeGreaterThan(60);
  for (const client of clients)
    expect(states(client)).toEqual(Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 'down' : 'healthy')));
});

describe('answers', () => {
  test.each([
    ['high_frequency', 900],
    ['low_frequency', 2_400],
  ])('%s: of those who pong and acknowledge make nobody alone', (mode, ticks) => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 9, { mode });
    story.go(61);
    story.go(ticks, () => {
      clients.forEach(({ send }, i) => {
        if (i % 2 === 0 && story.newest % 30 === i) send({ type: 'ack', payload: { tick: edge.replica.tick - 3 } });
      });
      expect(edge.clients.cohortMembers()).toBe(9);
    });
    expect(clients.filter(({ socket }) => socket.pings > 5)).toHaveLength(4);
  });

  test('that stay away while nothing more is sent make nobody alone either, whatever seat it takes over', () => {
    const edge = fakeEdge({ ping_interval_ms: 60_000, idle_timeout_ms: 600_000 }, three());
    const clients = watchMany(edge, 5);
    edge.moveAll();
    edge.tick(3);
    // The one in the first seat acknowledges, and so is not pinged for long; the others are after the last frame.
    const [, first] = clients;
    const others = clients.filter((client) => client !== first);
    first?.send({ type: 'ack', payload: { tick: edge.replica.tick } });
    edge.tick(200);
    first?.send({ type: 'ack', payload: { tick: edge.replica.tick } });
    edge.settle();
    for (const { socket } of others) socket.reading = false;
    const pings = others.map(({ socket }) => socket.pings);
    edge.tick(90);
    others.forEach(({ socket }, i) => expect(socket.pings).toBe((pings[i] ?? 0) + 1));
    first?.session.lost();
    edge.tick(300);
    expect(edge.clients.cohortMembers()).toBe(4);
    edge.moveAll();
    edge.tick(2);
    expect([edge.clients.cohortMembers(), edge.clients.counters.behindSkipsTotal > 0]).toEqual([0, true]);
    for (const { socket } of others) socket.read();
    edge.tick(3);
    expect(edge.clients.cohortMembers()).toBe(4);
  });
});

test('when all have left, no timer is left either', () => {
  vi.useFakeTimers();
  try {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 5);
    story.go(10);
    clients[1]?.send({ type: 'request_update' });
    expect(vi.getTimerCount()).toBe(1);
    for (const { session } of clients) session.lost();
    vi.runAllTimers();
    expect(vi.getTimerCount()).toBe(0);
    expect([edge.clients.cohorts, edge.clients.bulkSize, edge.clients.size, edge.views.size]).toEqual([0, 0, 0, 0]);
  } finally {
    vi.useRealTimers();
  }
});
