import { describe, expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import type { ServerMessage } from '../../../../src/protocol/server-messages.ts';
import { until } from '../../../support/until.ts';
import { ANYBODY, agent, fakeEdge, FakeSocket, SERVER, server, snapshot, tokenOf, verdictOn } from './fake-edge.ts';

const HELLO = { type: 'hello', id: 'h', payload: {} };
const hello = (payload: object) => ({ ...HELLO, payload });
const three = () => snapshot([agent(0), agent(1), agent(2)]);
const of = <T extends ServerMessage['type']>(socket: FakeSocket, type: T) =>
  socket.messages.filter((message): message is ServerMessage & { type: T } => message.type === type);

describe('who it is', () => {
  const nowS = 1_700_000_000;
  const judged = (claims: object) => verdictOn({ iat: nowS, exp: nowS + 60, ...claims });

  test('the welcome says who, in which role, within which limits, until when', async () => {
    const { connect } = fakeEdge();
    const { socket, send } = connect(new FakeSocket(), await judged({ swarms: ['s1/w1'] }));
    send(HELLO);
    expect(of(socket, 'welcome')[0]?.payload.identity).toEqual({
      subject: 'ada',
      role: 'viewer',
      limits: { swarms: ['s1/w1'] },
      expires_at_ms: (nowS + 90) * 1_000,
    });
  });

  test.each([
    ['json', 'expired', { exp: nowS - 60 }],
    ['msgpack', 'wrong_audience', { aud: 'x' }],
  ] as const)('a bad token is told why and closed with 3500 (%s, %s)', async (coding, reason, claims) => {
    const { clients } = fakeEdge();
    const socket = new FakeSocket(coding);
    expect(clients.connect(socket, { verdict: await judged(claims), address: '' })).toBeUndefined();
    expect(of(socket, 'error')[0]?.payload).toMatchObject({
      code: 'unauthorised',
      message: expect.stringMatching(/token/),
    });
    expect(socket.closed?.code).toBe(3500);
    expect(clients.refusals.read()).toEqual({ [reason]: 1 });
    expect(clients.size).toBe(0);
  });

  test('an expired token that was not renewed: error, 3507', async () => {
    const { connect, tick, clients } = fakeEdge();
    const { socket, send } = connect(new FakeSocket(), await judged({}));
    send(HELLO);
    tick(60 * 89);
    expect(socket.closed).toBeUndefined();
    tick(60 * 3);
    expect(socket.messages.at(-1)).toMatchObject({ type: 'error', payload: { code: 'unauthorised' } });
    expect(socket.closed?.code).toBe(3507);
    expect(clients.refusals.read()).toEqual({ not_renewed: 1 });
  });

  const renewal = async (first: object, ...later: object[]) => {
    const edge = fakeEdge({}, three());
    const client = edge.connect(new FakeSocket(), await judged(first));
    client.send(HELLO);
    edge.tick(1);
    for (const [id, claims] of later.entries()) {
      client.send({ type: 'renew', id, payload: { token: await tokenOf({ iat: nowS, exp: nowS + 60, ...claims }) } });
      // Verification takes turns of the event loop that no clock of ours moves.
      await until(`the answer to renewal ${id}`, () =>
        client.socket.messages.some((message) => 'id' in message.payload && message.payload.id === id),
      );
    }
    return { ...edge, ...client };
  };

  test('a renewed token prolongs', async () => {
    const { socket, tick } = await renewal({}, { iat: nowS + 30, exp: nowS + 600 });
    expect(of(socket, 'ok').at(-1)?.payload).toMatchObject({
      of: 'renew',
      payload: { subject: 'ada', expires_at_ms: (nowS + 630) * 1_000 },
    });
    tick(60 * 120);
    expect(socket.closed).toBeUndefined();
  });

  test('an older token, replayed after a renewal, changes nothing', async () => {
    const old = { iat: nowS, exp: nowS + 60, role: 'viewer' };
    const { socket, tick, session, clients } = await renewal(
      old,
      { iat: nowS + 30, exp: nowS + 600, role: 'operator' },
      old,
    );
    expect(of(socket, 'error').at(-1)?.payload).toMatchObject({ id: 1, code: 'unauthorised' });
    expect(session.identity.role).toBe('operator');
    expect(clients.refusals.read()).toEqual({ stale_token: 1 });
    tick(60 * 120);
    expect(socket.closed).toBeUndefined();
  });

  test("somebody else's token and a bad one are refused; the connection stays as it was", async () => {
    const { socket, session } = await renewal({}, { sub: 'eve', exp: nowS + 600 }, { aud: 'x', exp: nowS + 600 });
    expect(of(socket, 'error').map(({ payload }) => payload.id)).toEqual([0, 1]);
    expect(session.identity.subject).toBe('ada');
    expect(socket.closed).toBeUndefined();
  });

  test('a renewal with other limits shows and hides at once', async () => {
    const { socket, tick } = await renewal({ fields: [] }, { swarms: ['s1/w2'], exp: nowS + 600 });
    tick(10);
    expect(of(socket, 'discovery').at(-1)?.payload).toMatchObject({ removed_swarms: [expect.any(Number)] });
    expect(of(socket, 'agent_update').at(-1)?.payload.removed).toHaveLength(3);
  });

  test('limits on connections: of an address, of a user, of all', async () => {
    const { clients } = fakeEdge({ max_clients_per_address: 2, max_clients_per_user: 3, max_clients: 6 });
    const verdict = await judged({});
    const code = (address: string, who = verdict) => {
      const socket = new FakeSocket();
      clients.connect(socket, { verdict: who, address });
      return socket.closed?.code;
    };
    expect([code('a', ANYBODY), code('a', ANYBODY), code('a', ANYBODY)]).toEqual([undefined, undefined, 3014]);
    expect([code('b'), code('c'), code('d'), code('e')]).toEqual([undefined, undefined, undefined, 3014]);
    expect([code('f', ANYBODY), code('g', ANYBODY)]).toEqual([undefined, 3013]);
    expect(clients.refusals.read()).toEqual({ clients_of_address: 1, clients_of_user: 1, clients_total: 1 });
    expect(clients.addresses).toBe(5);
    clients[Symbol.dispose]();
    expect(clients.addresses).toBe(0);
  });

  test('a reload that takes back what an identity rests on closes those who have it', async () => {
    const { clients, connect } = fakeEdge();
    const kept = connect(new FakeSocket(), await judged({}));
    const gone = connect();
    expect(clients.recheck(({ subject }) => subject !== 'anonymous')).toBe(1);
    expect(gone.socket.closed?.code).toBe(3500);
    expect(kept.socket.closed).toBeUndefined();
  });

  test('a flood of messages is answered within bounds, then closed', () => {
    const { connect, clients } = fakeEdge({ messages_per_second: 50, message_burst: 200 });
    const { socket, send } = connect();
    send(HELLO);
    for (let id = 0; id < 10_000; id++) send({ type: 'heartbeat', id });
    expect(socket.closed?.code).toBe(3501);
    expect(of(socket, 'error').length).toBeLessThanOrEqual(1_000);
    expect(clients.refusals.read()['flood']).toBe(1);
  });
});

describe('opening', () => {
  test('hello: ok, welcome, discovery, snapshot', () => {
    const { connect } = fakeEdge({}, { ...three(), servers: [{ ...server(), simulated: true }] });
    const { socket, send, session } = connect();
    expect(session.phase).toBe('opening');
    send(HELLO);
    expect(socket.log).toEqual(['ok', 'welcome', 'discovery', 'snapshot']);
    expect(of(socket, 'welcome')[0]?.payload).toMatchObject({
      client_id: session.id,
      protocol: 1,
      epoch: 'e1',
      cursor: '',
      follows: 'snapshot',
      simulated: true,
      limits: { max_message_bytes: 65_536 },
    });
    expect(session.phase).toBe('live');
  });

  test('silence means the defaults, after its time and not before', () => {
    const { connect, tick } = fakeEdge({ hello_timeout_ms: 250 });
    const { socket } = connect();
    tick(14);
    expect(socket.log).toEqual([]);
    tick(2);
    expect(socket.log.slice(0, 2)).toEqual(['welcome', 'discovery']);
  });

  test('another message first means the defaults and is then handled', () => {
    const { connect } = fakeEdge({}, three());
    const { socket, send } = connect();
    send({ type: 'heartbeat', id: 1 });
    expect(socket.log).toEqual(['welcome', 'discovery', 'snapshot', 'ok']);
  });

  test('what is refused does not count as a first message: a better hello may follow', () => {
    const { connect } = fakeEdge();
    const { socket, send } = connect();
    send(hello({ positions: 'q99' }));
    send('{');
    expect(socket.log).toEqual(['error', 'error']);
    send(hello({ mode: 'low_frequency' }));
    expect(of(socket, 'welcome')[0]?.payload).toMatchObject({ mode: 'low_frequency', effective_rate_hz: 1 });
  });

  test('raw28 is for JSON only', () => {
    const { connect } = fakeEdge();
    const { socket, send } = connect(new FakeSocket('msgpack'));
    send(hello({ positions: 'raw28' }));
    expect(of(socket, 'error')[0]?.payload).toMatchObject({ id: 'h', code: 'bad_payload' });
    send(hello({ positions: 'f32' }));
    expect(of(socket, 'welcome')[0]?.payload.positions).toBe('f32');
  });

  test('before the first snapshot of the hub everything waits, bounded', () => {
    const { connect, tick, reset } = fakeEdge({}, 'none');
    const edge = { connect, tick, reset };
    const { socket, send } = edge.connect();
    const silent = edge.connect();
    send(HELLO);
    for (let id = 0; id < 20; id++) send({ type: 'heartbeat', id });
    edge.tick(60);
    expect(socket.log.every((type) => type === 'error')).toBe(true);
    expect(of(socket, 'error').map(({ payload }) => [payload.id, payload.code])).toEqual(
      [16, 17, 18, 19].map((id) => [id, 'rate_limited']),
    );
    edge.reset(three());
    expect(socket.log.slice(4, 8)).toEqual(['ok', 'welcome', 'discovery', 'snapshot']);
    expect(of(socket, 'ok').map(({ payload }) => payload.id)).toEqual([
      'h',
      ...Array.from({ length: 16 }, (_, i) => i),
    ]);
    expect(silent.socket.log.slice(0, 3)).toEqual(['welcome', 'discovery', 'snapshot']);
  });

  test('resume: the discovery comes even when nothing changed', () => {
    const { connect, apply, tick } = fakeEdge({}, three());
    const first = connect();
    first.send(HELLO);
    const cursor = of(first.socket, 'snapshot')[0]?.cursor;
    const same = connect();
    same.send(hello({ resume: { cursor } }));
    expect(same.socket.log).toEqual(['ok', 'welcome', 'discovery']);
    apply({ agents: { removed: [agentRef(0, 1)] } });
    const later = connect();
    later.send(hello({ resume: { cursor } }));
    expect(later.socket.log).toEqual(['ok', 'welcome', 'discovery', 'agent_update']);
    const lost = connect();
    lost.send(hello({ resume: { cursor: 'nonsense' } }));
    expect(lost.socket.log).toEqual(['ok', 'welcome', 'discovery', 'snapshot']);
    expect(of(lost.socket, 'welcome')[0]?.payload.follows).toBe('snapshot');
    tick();
  });

  test('more distinct views than allowed', () => {
    const { connect, clients } = fakeEdge({ max_views: 1 }, three());
    const first = connect();
    first.send(HELLO);
    const second = connect();
    second.send(hello({ filters: { include_neural: false } }));
    expect(of(second.socket, 'error')[0]?.payload.code).toBe('rate_limited');
    expect(second.socket.closed?.code).toBe(3013);
    first.send({ type: 'update_filters', id: 1, payload: { include_neural: false } });
    expect(of(first.socket, 'error')[0]?.payload).toMatchObject({ id: 1, code: 'rate_limited' });
    expect(first.socket.closed).toBeUndefined();
    expect(clients.size).toBe(1);
  });
});

describe('requests', () => {
  test('a request without id gets no ok, and its effect', () => {
    const { connect, tick } = fakeEdge({}, three());
    const { socket, send } = connect();
    send({ type: 'hello' });
    send({ type: 'update_filters', payload: { agent_types: ['coder'] } });
    send({ type: 'ack', payload: { tick: 3 } });
    tick(6);
    expect(socket.log).toEqual(['welcome', 'discovery', 'snapshot', 'agent_update']);
  });

  test('filters are partial, ok has the effective ones, and comes before the effect', () => {
    const { connect, tick, views } = fakeEdge({}, three());
    const { socket, send } = connect();
    send(HELLO);
    send({ type: 'update_filters', id: 1, payload: { agent_types: ['coder'] } });
    send({ type: 'update_filters', id: 2, payload: { include_neural: false } });
    expect(socket.log.slice(4)).toEqual(['ok', 'ok']);
    expect(of(socket, 'ok')[2]?.payload.payload).toMatchObject({
      filters: { agent_types: ['coder'], include_neural: false, include_performance: true },
      unmatched: [],
    });
    tick(6);
    expect(socket.log.slice(6)).toEqual(['agent_update']);
    expect(of(socket, 'agent_update')[0]?.payload.removed).toEqual([agentRef(0, 1)]);
    expect(views.size).toBe(1);
  });

  test('there and back again leaves one view and nothing to send', () => {
    const { connect, tick, views } = fakeEdge({}, three());
    const { socket, send, session } = connect();
    send(HELLO);
    for (let i = 0; i < 10; i++)
      send({ type: 'update_filters', payload: { agent_types: i % 2 === 0 ? ['coder'] : [] } });
    tick(6);
    expect(socket.log).not.toContain('agent_update');
    expect(views.size).toBe(1);
    session.lost();
    expect(views.size).toBe(0);
  });

  test('mode: ok, then mode_changed', () => {
    const { connect, clients } = fakeEdge();
    const { socket, send, session } = connect();
    send(HELLO);
    const from = socket.log.length;
    send({ type: 'performance_mode', id: 1, payload: { mode: 'high_frequency' } });
    expect(socket.log.slice(from)).toEqual(['ok', 'mode_changed']);
    expect(of(socket, 'mode_changed')[0]?.payload).toEqual({
      mode: 'high_frequency',
      effective_rate_hz: 60,
      reason: 'client',
    });
    expect(session.mode).toBe('high_frequency');
    expect(clients.countByMode()).toMatchObject({ high_frequency: 1, normal: 0 });
  });

  test('hello a second time is refused', () => {
    const { connect } = fakeEdge();
    const { socket, send } = connect();
    send(HELLO);
    send(HELLO);
    expect(of(socket, 'error')[0]?.payload).toMatchObject({ id: 'h', code: 'bad_message' });
  });

  test('ping, before and after opening', () => {
    const { connect } = fakeEdge();
    const { socket, send } = connect();
    send('ping');
    send(HELLO);
    send('ping');
    expect(socket.log[0]).toBe('pong');
    expect(socket.log.at(-1)).toBe('pong');
  });

  test('discovery that fails says so and no more; a closed client is not answered', async () => {
    const { connect, discover } = fakeEdge();
    discover.answer = () => Promise.reject(new Error('secret'));
    const { socket, send } = connect();
    const gone = connect();
    send(HELLO);
    gone.send({ type: 'discover', id: 9 });
    send({ type: 'discover', id: 1 });
    gone.session.lost();
    await Promise.resolve();
    await Promise.resolve();
    expect(of(socket, 'error')[0]?.payload).toMatchObject({ id: 1, code: 'internal' });
    expect(JSON.stringify(socket.messages)).not.toContain('secret');
    expect(gone.socket.log).not.toContain('error');
  });
});

describe('backpressure', () => {
  const limits = { soft_limit_bytes: 100, hard_limit_bytes: 100_000 };

  test('a skipped turn loses nothing: what was missed comes in one, from what the client holds', () => {
    const { connect, tick, apply, clients } = fakeEdge(limits, three());
    const { socket, send, session } = connect();
    send(hello({ mode: 'high_frequency' }));
    socket.stalled = true;
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    tick();
    expect(socket.log.at(-1)).toBe('agent_update');
    const before = socket.log.length;
    apply({ agents: { updated: [{ ref: agentRef(0, 0), name: 'x' }] } });
    apply({ agents: { added: [agent(3)] } });
    apply({ agents: { removed: [agentRef(0, 3), agentRef(0, 2)] } });
    tick(5);
    expect(socket.log).toHaveLength(before);
    expect(clients.counters.skipsTotal).toBe(5);
    socket.drainTo(0);
    session.drained();
    tick();
    const updates = of(socket, 'agent_update');
    expect(updates.at(-1)?.payload.updated).toEqual([{ ref: agentRef(0, 0), name: 'x' }]);
    expect(updates.at(-1)?.payload.removed).toContain(agentRef(0, 2));
    expect(socket.log).toHaveLength(before + 1);
  });

  test('a send that was dropped advances nothing', () => {
    const { connect, tick, apply } = fakeEdge(limits, three());
    const { socket, send } = connect();
    send(hello({ mode: 'high_frequency' }));
    socket.dropping = true;
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    tick(3);
    socket.dropping = false;
    apply({ agents: { updated: [{ ref: agentRef(0, 1), status: 'error' }] } });
    tick();
    expect(of(socket, 'agent_update')).toHaveLength(1);
    const updated = of(socket, 'agent_update')[0]?.payload.updated ?? [];
    expect(new Map(updated.map(({ ref, status }) => [ref, status]))).toEqual(
      new Map([
        [agentRef(0, 0), 'busy'],
        [agentRef(0, 1), 'error'],
      ]),
    );
  });

  test('control waits in order, goes first when there is room, and state follows only then', () => {
    const { connect, tick, apply } = fakeEdge(limits, three());
    const { socket, send, session } = connect();
    send(hello({ mode: 'high_frequency' }));
    socket.stalled = true;
    send({ type: 'heartbeat', id: 'a' });
    const before = socket.log.length;
    send({ type: 'update_filters', id: 'c', payload: { agent_types: ['coder'] } });
    send({ type: 'heartbeat', id: 'd' });
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    tick(3);
    expect(socket.log).toHaveLength(before);
    socket.drainTo(90);
    session.drained();
    // Room for one, and then the socket is backed up again.
    expect(of(socket, 'ok').at(-1)?.payload.id).toBe('c');
    tick();
    expect(socket.log).toHaveLength(before + 1);
    socket.drainTo(0);
    session.drained();
    tick();
    expect(socket.log.slice(before)).toEqual(['ok', 'ok', 'agent_update']);
    expect(of(socket, 'agent_update').at(-1)?.payload).toMatchObject({ removed: [agentRef(0, 1)] });
  });

  test('a client that asks and never reads is closed at the bound of its outbox', () => {
    const { connect, clients, views } = fakeEdge(limits, three());
    const { socket, send } = connect();
    send(HELLO);
    socket.stalled = true;
    for (let id = 0; id < 100; id++) send({ type: 'heartbeat', id });
    expect(socket.closed?.code).toBe(3008);
    expect(clients.size).toBe(0);
    expect(views.size).toBe(0);
    expect(clients.counters.memoryLimitTotal).toBe(1);
  });

  test('a message that would pass the hard limit closes the client before it is buffered', () => {
    const { connect, tick, apply } = fakeEdge({ soft_limit_bytes: 1_000, hard_limit_bytes: 2_500 }, three());
    const { socket, send } = connect();
    send(hello({ mode: 'high_frequency' }));
    socket.stalled = true;
    apply({ agents: { updated: [{ ref: agentRef(0, 0), name: 'x'.repeat(500) }] } });
    tick();
    expect(socket.closed).toBeUndefined();
    const buffered = socket.bufferedAmount();
    apply({ agents: { updated: [{ ref: agentRef(0, 0), name: 'x'.repeat(2_400) }] } });
    tick();
    expect(socket.closed?.code).toBe(3008);
    expect(socket.bufferedAmount()).toBe(buffered);
  });

  test('a snapshot in parts is sent as the socket drains, and changes follow the last part', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => agent(i, { name: 'n'.repeat(100) }));
    const { connect, tick, apply } = fakeEdge(
      { soft_limit_bytes: 1_000, hard_limit_bytes: 10_000_000 },
      snapshot(many),
    );
    const { socket, send, session } = connect();
    socket.stalled = true;
    send(hello({ mode: 'high_frequency' }));
    const first = of(socket, 'snapshot').length;
    tick(10);
    expect(of(socket, 'snapshot')).toHaveLength(first);
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    for (let i = 0; i < 100 && of(socket, 'snapshot').at(-1)?.payload.last !== true; i++) {
      socket.drainTo(0);
      socket.stalled = true;
      session.drained();
    }
    const parts = of(socket, 'snapshot').map(({ payload }) => payload.part);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts).toEqual(parts.map((_, i) => i));
    socket.drainTo(0);
    session.drained();
    tick(2);
    expect(socket.log.at(-1)).toBe('agent_update');
  });

  test('lasting pressure demotes by one mode, calm promotes again; both are told', () => {
    const { connect, tick, apply } = fakeEdge(limits, three());
    const { socket, send, session } = connect();
    send(hello({ mode: 'high_frequency' }));
    socket.stalled = true;
    let status = 0;
    const change = (): void => {
      apply({ agents: { updated: [{ ref: agentRef(0, 0), current_task: `t${status++}` }] } });
    };
    for (let i = 0; i < 60; i++) {
      change();
      tick();
    }
    expect(session.mode).toBe('high_frequency');
    for (let i = 0; i < 90; i++) {
      change();
      tick();
    }
    expect(session.mode).toBe('normal');
    expect(of(socket, 'mode_changed')).toEqual([]);
    socket.drainTo(0);
    session.drained();
    expect(of(socket, 'mode_changed').map(({ payload }) => payload)).toEqual([
      { mode: 'normal', effective_rate_hz: 10, reason: 'slow_client' },
    ]);
    tick(60 * 9);
    expect(session.mode).toBe('normal');
    tick(60 * 2);
    expect(session.mode).toBe('high_frequency');
    expect(of(socket, 'mode_changed').at(-1)?.payload).toEqual({
      mode: 'high_frequency',
      effective_rate_hz: 60,
      reason: 'recovered',
    });
  });

  test('low_frequency is the lowest step', () => {
    const { connect, tick, apply } = fakeEdge(limits, three());
    const { socket, send, session } = connect();
    send(hello({ mode: 'low_frequency' }));
    socket.stalled = true;
    for (let i = 0; i < 600; i++) {
      apply({ agents: { updated: [{ ref: agentRef(0, 0), current_task: `t${i}` }] } });
      tick();
    }
    expect(session.mode).toBe('low_frequency');
    expect(socket.closed).toBeUndefined();
  });
});

describe('a client that does not read, while the kernel takes everything', () => {
  const modes = [
    { mode: 'high_frequency', ticks: 1, withinMs: 4_100 },
    { mode: 'normal', ticks: 6, withinMs: 5_200 },
    { mode: 'low_frequency', ticks: 60, withinMs: 9_100 },
  ];
  const busy = (edge: ReturnType<typeof fakeEdge>, ticks: number, each: () => void = () => undefined): void => {
    for (let i = 0; i < ticks; i++) {
      edge.apply({ agents: { updated: [{ ref: agentRef(0, 0), current_task: `t${i} ${edge.replica.version}` }] } });
      edge.tick();
      each();
    }
  };

  test.each(modes)('$mode: is found by its pings, which it leaves unanswered', ({ mode, withinMs }) => {
    const edge = fakeEdge({ ping_interval_ms: 5_000 }, three());
    const { socket, send, session } = edge.connect();
    send(hello({ mode }));
    busy(edge, 600);
    expect(edge.clients.counters.behindSkipsTotal).toBe(0);
    socket.reading = false;
    busy(edge, Math.round((withinMs * 60) / 1_000));
    expect(edge.clients.counters.behindSkipsTotal).toBeGreaterThan(0);
    const sent = of(socket, 'agent_update').length;
    busy(edge, 600);
    expect(of(socket, 'agent_update')).toHaveLength(sent);
    expect(edge.clients.list(-1, 10)[0]).toMatchObject({ behind: true, buffered_bytes: 0 });
    expect(socket.closed).toBeUndefined();
    // It reads on: what it missed comes with its next turn, in one message.
    socket.read();
    expect(edge.clients.list(-1, 10)[0]).toMatchObject({ behind: false });
    busy(edge, 60);
    expect(of(socket, 'agent_update').length).toBeGreaterThan(sent);
    expect(session.mode).toBe('low_frequency');
  });

  test('one that acknowledges is found by its acknowledgements, two seconds after the last', () => {
    const edge = fakeEdge({ ping_interval_ms: 60_000 }, three());
    const { send, session, socket } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    const ack = (): void => send({ type: 'ack', payload: { tick: edge.replica.tick } });
    edge.moveAll();
    for (let i = 0; i < 10; i++) {
      edge.tick(30);
      ack();
    }
    expect(edge.clients.counters.behindSkipsTotal).toBe(0);
    const frames = () => socket.log.filter((type) => type === 'frame').length;
    expect(frames()).toBeGreaterThanOrEqual(300);
    const before = frames();
    socket.reading = false;
    edge.tick(600);
    expect(frames() - before).toBeGreaterThanOrEqual(119);
    expect(frames() - before).toBeLessThanOrEqual(122);
    expect(session.mode).not.toBe('high_frequency');
    const stuck = frames();
    ack();
    socket.read();
    edge.tick(60);
    expect(frames()).toBeGreaterThan(stuck);
  });

  test('at 1 Hz six frames may be unacknowledged, and a faster mode starts with the time that it allows', () => {
    const edge = fakeEdge({ ping_interval_ms: 60_000 }, three());
    const { send } = edge.connect();
    send(hello({ mode: 'low_frequency' }));
    edge.moveAll();
    edge.tick(60);
    send({ type: 'ack', payload: { tick: edge.replica.tick } });
    const { counters } = edge.clients;
    edge.tick(300);
    expect(counters.behindSkipsTotal).toBe(0);
    send({ type: 'performance_mode', payload: { mode: 'high_frequency' } });
    edge.tick(119);
    expect(counters.behindSkipsTotal).toBe(0);
    send({ type: 'performance_mode', payload: { mode: 'low_frequency' } });
    send({ type: 'ack', payload: { tick: edge.replica.tick } });
    edge.tick(6 * 60);
    expect(counters.behindSkipsTotal).toBe(0);
    edge.tick(2 * 60);
    expect(counters.behindSkipsTotal).toBeGreaterThan(0);
  });

  test('a pause of the layout, or of the client with nothing sent, is not held against it', () => {
    const edge = fakeEdge({}, three());
    const { send } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    edge.moveAll();
    edge.tick(10);
    send({ type: 'ack', payload: { tick: edge.replica.tick } });
    edge.settle();
    edge.tick(60 * 60);
    edge.moveAll();
    edge.tick(20);
    expect(edge.clients.counters.skipsTotal).toBe(0);
  });

  test('one that stopped to acknowledge and answers pings gets a turn a ping', () => {
    const edge = fakeEdge({ ping_interval_ms: 5_000, idle_timeout_ms: 600_000 }, three());
    const { send, socket } = edge.connect();
    send(hello({ mode: 'low_frequency' }));
    edge.moveAll();
    edge.tick(60);
    send({ type: 'ack', payload: { tick: 1 } });
    edge.tick(60 * 20);
    const before = socket.log.length;
    edge.tick(60 * 60);
    expect(socket.log.length - before).toBeGreaterThan(20);
    expect(socket.closed).toBeUndefined();
  });

  test('on_demand: what it asked for while it was behind comes when it answers', () => {
    const edge = fakeEdge({}, three());
    const { socket, send } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    socket.reading = false;
    busy(edge, 400);
    send({ type: 'performance_mode', id: 1, payload: { mode: 'on_demand' } });
    send({ type: 'request_update', id: 2 });
    busy(edge, 60);
    const before = of(socket, 'agent_update').length;
    socket.read();
    expect(of(socket, 'agent_update')).toHaveLength(before + 1);
  });

  test('a resync while it is behind is answered when its snapshot can come, with the hash of what that brings', () => {
    const edge = fakeEdge({ soft_limit_bytes: 100_000 }, three(), { entitiesPerMessage: 1, maxTurnBytes: 1 });
    const { socket, send } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    edge.tick();
    socket.reading = false;
    busy(edge, 400);
    const before = socket.log.length;
    for (let id = 1; id <= 20; id++) send({ type: 'resync', id });
    // More than may wait are refused.
    expect(socket.log.slice(before)).toEqual(Array.from({ length: 4 }, () => 'error'));
    busy(edge, 30);
    socket.read();
    const answers = of(socket, 'ok').filter(({ payload }) => payload.of === 'resync');
    expect(answers.map(({ payload }) => payload.id)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    // Changes go on while the parts are on their way: they follow the last part.
    busy(edge, 10);
    const last = of(socket, 'snapshot').findLast(({ payload }) => payload.last);
    expect(last?.cursor).toBe(answers[0]?.payload.payload['cursor']);
    const store = new StateStore();
    for (const message of socket.messages) {
      store.apply(message);
      if (message === last) break;
    }
    expect(store.hash()).toBe(answers[0]?.payload.payload['state_hash']);
  });

  test('health waits too, and is made good', () => {
    const edge = fakeEdge({}, three());
    const { socket, send } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    socket.reading = false;
    busy(edge, 400);
    edge.apply({ servers: { updated: [{ ref: SERVER, health: server('down').health }] } });
    edge.tick();
    expect(of(socket, 'health_update')).toHaveLength(0);
    socket.read();
    expect(of(socket, 'health_update')).toHaveLength(1);
  });
});

describe('withheld and pushed', () => {
  const health = (state: 'healthy' | 'down', successes = 1) => ({
    servers: {
      updated: [
        {
          ref: SERVER,
          health: { ...server(state).health, evidence: { consecutive_failures: 0, consecutive_successes: successes } },
        },
      ],
    },
  });

  test('a server whose health turns is told to everybody at once, also where they are many', () => {
    const edge = fakeEdge({}, three());
    const clients = Array.from({ length: 100 }, (_, i) => {
      const client = edge.connect();
      client.send(hello({ mode: i % 2 === 0 ? 'low_frequency' : 'on_demand' }));
      return client.socket;
    });
    edge.tick(2);
    const before = clients.map(({ log }) => log.length);
    edge.apply(health('down'));
    edge.tick();
    clients.forEach((socket, i) => expect(socket.log.slice(before[i])).toContain('health_update'));
    edge.tick(60);
    for (const socket of clients) expect(of(socket, 'health_update')).toHaveLength(1);
  });

  test.each(['high_frequency', 'low_frequency', 'on_demand'])(
    '%s: fresh evidence alone goes with the next heartbeat, the newest only',
    (mode) => {
      const edge = fakeEdge({ heartbeat_interval_ms: 2_000 }, three());
      const { socket, send } = edge.connect();
      send(hello({ mode }));
      edge.tick(130);
      while (socket.log.at(-1) !== 'heartbeat') edge.tick();
      const beats = of(socket, 'heartbeat').length;
      for (let n = 2; of(socket, 'heartbeat').length === beats; n++) {
        expect(of(socket, 'health_update')).toEqual([]);
        edge.apply(health('healthy', n));
        edge.tick();
      }
      expect(socket.log.slice(-2)).toEqual(['health_update', 'heartbeat']);
      expect(of(socket, 'health_update')).toHaveLength(1);
      expect(of(socket, 'health_update')[0]?.payload.evidence.consecutive_successes).toBeGreaterThan(50);
    },
  );

  test('on_demand: nothing but health and answers until it asks', () => {
    const { connect, tick, apply } = fakeEdge({}, three());
    const { socket, send } = connect();
    send(hello({ mode: 'on_demand' }));
    const from = socket.log.length;
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    tick(120);
    expect(socket.log.slice(from)).toEqual([]);
    apply({ servers: { updated: [{ ref: SERVER, health: server('degraded').health }] } });
    tick();
    expect(socket.log.slice(from)).toEqual(['health_update']);
    send({ type: 'request_update', id: 1 });
    tick();
    expect(socket.log.slice(from).slice(0, 2)).toEqual(['health_update', 'ok']);
    expect(socket.log).toContain('agent_update');
  });

  test('health that comes while the socket is backed up is made good', () => {
    const { connect, tick, apply } = fakeEdge({ soft_limit_bytes: 10 }, three());
    const { socket, send, session } = connect();
    send(hello({ mode: 'on_demand' }));
    socket.stalled = true;
    send({ type: 'heartbeat', id: 1 });
    const from = socket.log.length;
    apply({ servers: { updated: [{ ref: SERVER, health: server('down').health }] } });
    tick(10);
    expect(socket.log.slice(from)).toEqual([]);
    socket.drainTo(0);
    session.drained();
    expect(socket.log.slice(from)).toEqual(['health_update']);
  });

  test('heartbeats carry the hash of what the client holds, in every mode', () => {
    const { connect, tick, apply } = fakeEdge({ heartbeat_interval_ms: 500 }, three());
    const modes = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];
    const all = modes.map((mode) => {
      const client = connect();
      client.send(hello({ mode }));
      client.send({ type: 'resync', id: 'r' });
      return client;
    });
    const hashAtStart = all.map(({ socket }) => of(socket, 'ok').at(-1)?.payload.payload['state_hash'])[0];
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    tick(180);
    const last = all.map(({ socket }) => of(socket, 'heartbeat').at(-1)?.payload.state_hash);
    expect(last[0]).not.toBe(hashAtStart);
    expect(last[1]).toBe(last[0]);
    expect(last[2]).toBe(last[0]);
    expect(last[3]).toBe(hashAtStart);
  });

  test('a change to on_demand brings what is owed first, so that its heartbeats are known to be right', () => {
    const { connect, tick, apply } = fakeEdge({ heartbeat_interval_ms: 500 }, three());
    const { socket, send } = connect();
    send(hello({ mode: 'low_frequency' }));
    apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    send({ type: 'performance_mode', id: 1, payload: { mode: 'on_demand' } });
    tick(120);
    expect(of(socket, 'agent_update')).toHaveLength(1);
    const cursor = of(socket, 'agent_update')[0]?.cursor;
    expect(of(socket, 'heartbeat').length).toBeGreaterThan(1);
    for (const { payload } of of(socket, 'heartbeat').slice(-2)) expect(payload.cursor).toBe(cursor);
  });

  test('heartbeats are spread over the views, and nobody waits for one longer than an interval', () => {
    const { connect, tick } = fakeEdge({ heartbeat_interval_ms: 5_000, ping_interval_ms: 5_000 });
    const sockets = Array.from({ length: 50 }, (_, i) => {
      const { socket, send } = connect();
      send(hello({ filters: { swarm_ids: [`w${i % 25}`] } }));
      return socket;
    });
    const beats = ({ log }: FakeSocket): number => log.filter((type) => type === 'heartbeat').length;
    const perSecond = Array.from({ length: 15 }, () => 0);
    const lastAt = sockets.map(() => 0);
    // A turn at 10 Hz is six ticks.
    for (let turn = 0; turn < 150; turn++) {
      const before = sockets.map(beats);
      tick(6);
      const second = Math.floor(turn / 10);
      sockets.forEach((socket, i) => {
        if (beats(socket) === before[i]) return;
        expect(turn - (lastAt[i] ?? 0)).toBeLessThanOrEqual(51);
        lastAt[i] = turn;
        perSecond[second] = (perSecond[second] ?? 0) + beats(socket) - (before[i] ?? 0);
      });
    }
    // Those of one view get theirs together; who came to the others' time has had one early, at once.
    for (const count of perSecond.slice(1)) expect(Math.abs(count - 10)).toBeLessThanOrEqual(6);
    for (const last of lastAt) expect(last).toBeGreaterThanOrEqual(99);
    for (const { pings } of sockets) expect(pings).toBeGreaterThanOrEqual(1);
  });

  test('what a turn brings beside positions leaves in one piece with them', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 1_000 }, three());
    const { socket, send } = edge.connect();
    send(hello({ mode: 'high_frequency' }));
    edge.moveAll();
    edge.tick(30);
    const plain = socket.corks;
    while (socket.log.at(-1) !== 'heartbeat') {
      expect(socket.corks).toBe(plain);
      edge.tick();
    }
    expect(socket.corks).toBe(plain + 1);
    expect(socket.log.slice(-2)).toEqual(['frame', 'heartbeat']);
  });

  test('a new epoch: a discovery and a snapshot in every mode, and no health of the old', () => {
    const { connect, tick, reset, apply } = fakeEdge({}, three());
    const modes = ['high_frequency', 'on_demand'];
    const all = modes.map((mode) => {
      const client = connect();
      client.send(hello({ mode }));
      return client;
    });
    tick(3);
    reset(snapshot([agent(5)], 'e2'));
    apply({ servers: { updated: [{ ref: SERVER, health: server('down').health }] } });
    tick();
    for (const { socket } of all) {
      expect(socket.log.slice(4)).toEqual(['discovery', 'snapshot']);
      expect(
        of(socket, 'snapshot')
          .at(-1)
          ?.payload.agents.map(({ id }) => id),
      ).toEqual(['a5']);
    }
  });
});

describe('silence', () => {
  test('pings go out; a client that stays silent is closed 3012, one that speaks stays', () => {
    const { connect, tick, clients } = fakeEdge({ idle_timeout_ms: 10_000, ping_interval_ms: 1_000 });
    const silent = connect();
    const talks = connect();
    const pongs = connect();
    for (const { socket } of [silent, talks]) socket.reading = false;
    for (let second = 0; second < 14; second++) {
      tick(60);
      talks.send({ type: 'ack', payload: { tick: 1 } });
    }
    expect(silent.socket.closed?.code).toBe(3012);
    // A second ping would stand behind the first in the socket and could tell nothing more.
    expect(silent.socket.pings).toBe(1);
    expect(pongs.socket.pings).toBeGreaterThanOrEqual(13);
    expect(talks.socket.closed).toBeUndefined();
    expect(pongs.socket.closed).toBeUndefined();
    expect(clients.size).toBe(2);
  });

  test('who acknowledges is not pinged, and is again once it stops', () => {
    const { connect, tick } = fakeEdge({ ping_interval_ms: 1_000 });
    const { socket, send } = connect();
    for (let i = 0; i < 10; i++) {
      tick(30);
      send({ type: 'ack', payload: { tick: i } });
    }
    expect(socket.pings).toBeLessThanOrEqual(1);
    const before = socket.pings;
    tick(130);
    expect(socket.pings).toBeGreaterThan(before);
  });

  test('where pings are rarer than the idle time, silence is 3002', () => {
    const { connect, tick } = fakeEdge({ idle_timeout_ms: 1_000, ping_interval_ms: 600_000 });
    const { socket } = connect();
    tick(200);
    expect(socket.closed?.code).toBe(3002);
  });
});

describe('ending', () => {
  test('drain says goodbye spread over 1–5 s, waits for the slow until its deadline, and refuses newcomers', async () => {
    const edge = fakeEdge({ soft_limit_bytes: 10 }, three());
    const quick = edge.connect();
    const slow = edge.connect();
    quick.send(HELLO);
    slow.send(HELLO);
    slow.socket.stalled = true;
    slow.send({ type: 'heartbeat', id: 1 });
    const drained = edge.clients.drain('upgrade', 1_000);
    expect(of(quick.socket, 'goodbye')[0]?.payload).toEqual({ reason: 'upgrade', reconnect_after_ms: 1_000 });
    expect(quick.socket.closed?.code).toBe(3001);
    expect(slow.socket.closed).toBeUndefined();
    const late = new FakeSocket();
    expect(edge.clients.connect(late, { verdict: ANYBODY, address: '' })).toBeUndefined();
    expect(late.closed?.code).toBe(3001);
    slow.socket.drainTo(0);
    slow.session.drained();
    expect(of(slow.socket, 'goodbye')[0]?.payload.reconnect_after_ms).toBe(3_000);
    await drained;
    expect(slow.socket.closed?.code).toBe(3001);
    expect(edge.clients.size).toBe(0);
  });

  test('a client that is lost while others are served leaves nothing behind', () => {
    const { connect, tick, clients, views } = fakeEdge({}, three());
    const all = Array.from({ length: 20 }, () => connect());
    for (const { send } of all) send(hello({ mode: 'high_frequency' }));
    all.forEach(({ session }, i) => {
      if (i % 2 === 0) session.lost();
    });
    tick(3);
    expect(clients.size).toBe(10);
    expect(clients.countByMode()).toMatchObject({ high_frequency: 10 });
    for (const { session } of all) session.lost();
    expect(clients.size).toBe(0);
    expect(views.size).toBe(0);
  });
});

describe('large snapshots and storms', () => {
  const many = (count: number) => snapshot(Array.from({ length: count }, (_, i) => agent(i)));

  test('a snapshot in parts goes out over several turns, each of a bounded size, and others are served between', () => {
    const edge = fakeEdge({}, many(40), { entitiesPerMessage: 4, maxTurnBytes: 1_000 });
    const live = edge.connect();
    live.send(hello({ mode: 'high_frequency' }));
    edge.tick();
    const joining = edge.connect();
    joining.send(hello({ mode: 'low_frequency' }));
    const first = of(joining.socket, 'snapshot').length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(10);
    edge.tick();
    // Not at its own pace, which is one turn a second.
    expect(of(joining.socket, 'snapshot').map(({ payload }) => payload.last)).toEqual([
      ...Array.from({ length: 9 }, () => false),
      true,
    ]);
  });

  test('newcomers within a second share a snapshot and are told what changed since; a resync gets one of its own', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 100 }, many(40), { entitiesPerMessage: 4 });
    const join = () => {
      const client = edge.connect();
      client.send(HELLO);
      return client;
    };
    const idOf = ({ socket }: { socket: FakeSocket }) => of(socket, 'snapshot').at(-1)?.payload.snapshot_id;
    edge.tick();
    const first = join();
    edge.apply({ agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }], removed: [agentRef(0, 1)] } });
    edge.apply({ servers: { updated: [{ ref: SERVER, health: server('down').health }] } });
    edge.tick(30);
    const second = join();
    expect(idOf(second)).toBe(idOf(first));
    expect(second.socket.log.slice(-2)).toEqual(['agent_update', 'health_update']);
    expect(of(second.socket, 'agent_update')[0]?.payload).toMatchObject({
      updated: [{ ref: agentRef(0, 0), status: 'busy' }],
      removed: [agentRef(0, 1)],
    });
    second.send({ type: 'resync', id: 1 });
    expect(idOf(second)).not.toBe(idOf(first));
    const answer = of(second.socket, 'ok').at(-1)?.payload.payload;
    expect(of(second.socket, 'snapshot').at(-1)?.cursor).toBe(answer?.['cursor']);
    edge.tick(60);
    const third = join();
    expect(idOf(third)).not.toBe(idOf(first));
    edge.tick(60);
    const hashes = [first, second, third].map(({ socket }) => of(socket, 'heartbeat').at(-1)?.payload.state_hash);
    expect(new Set(hashes).size).toBe(1);
  });
});

describe('operators', () => {
  test('a cap holds for those who are there, who come, and who ask for more; lifting it gives back what was asked', () => {
    const { connect, clients, tick } = fakeEdge();
    const fast = connect();
    const slow = connect();
    fast.send(hello({ mode: 'high_frequency' }));
    slow.send(hello({ mode: 'low_frequency' }));
    expect(clients.setCap('normal')).toBe(1);
    expect(clients.countByMode()).toMatchObject({ normal: 1, low_frequency: 1 });
    tick();
    expect(of(fast.socket, 'mode_changed').at(-1)?.payload).toEqual({
      mode: 'normal',
      effective_rate_hz: 10,
      reason: 'server_limit',
    });
    expect(of(slow.socket, 'mode_changed')).toEqual([]);
    slow.send({ type: 'performance_mode', id: 1, payload: { mode: 'high_frequency' } });
    expect(of(slow.socket, 'ok').at(-1)?.payload.payload).toEqual({ mode: 'normal', effective_rate_hz: 10 });
    expect(of(slow.socket, 'mode_changed').at(-1)?.payload.reason).toBe('server_limit');
    const late = connect();
    late.send(hello({ mode: 'high_frequency' }));
    expect(of(late.socket, 'welcome')[0]?.payload).toMatchObject({ mode: 'normal', effective_rate_hz: 10 });
    expect(clients.countByMode()).toMatchObject({ normal: 3 });
    const quiet = connect();
    quiet.send(hello({ mode: 'on_demand' }));
    expect(quiet.session.mode).toBe('on_demand');
    expect(clients.setCap(undefined)).toBe(3);
    expect(clients.countByMode()).toMatchObject({ high_frequency: 3, on_demand: 1 });
  });

  test('many who are capped are told once, before anything comes under the cap', () => {
    const edge = fakeEdge({ heartbeat_interval_ms: 60_000 }, three());
    const sockets = Array.from({ length: 100 }, () => {
      const client = edge.connect();
      client.send(hello({ mode: 'high_frequency' }));
      return client.socket;
    });
    edge.moveAll();
    edge.tick(3);
    const before = sockets.map(({ log }) => log.length);
    expect(edge.clients.setCap('low_frequency')).toBe(100);
    edge.tick(61);
    sockets.forEach(({ log }, i) => {
      const since = log.slice(before[i]);
      expect(since.slice(0, 2)).toEqual(['mode_changed', 'frame']);
      expect(since.filter((type) => type === 'mode_changed')).toHaveLength(1);
    });
  });

  test('a choice for one client is told, stays within the cap, and its own next choice replaces it', () => {
    const { connect, clients } = fakeEdge();
    const { session, socket, send } = connect();
    expect(session.setMode('normal')).toBeUndefined();
    send(HELLO);
    expect(session.setMode('low_frequency')).toBe('low_frequency');
    expect(of(socket, 'mode_changed').at(-1)?.payload).toEqual({
      mode: 'low_frequency',
      effective_rate_hz: 1,
      reason: 'operator',
    });
    clients.setCap('normal');
    expect(session.setMode('high_frequency')).toBe('normal');
    send({ type: 'performance_mode', payload: { mode: 'low_frequency' } });
    expect(session.mode).toBe('low_frequency');
    expect(clients.list(-1, 10)[0]).toMatchObject({ mode: 'low_frequency', wanted_mode: 'low_frequency', skips: 0 });
  });

  test('a client that cannot follow is not made faster when a cap is lifted', () => {
    const { connect, tick, apply, clients } = fakeEdge({ soft_limit_bytes: 100 }, three());
    const { session, socket, send } = connect();
    send(hello({ mode: 'high_frequency' }));
    clients.setCap('normal');
    socket.stalled = true;
    for (let i = 0; i < 200; i++) {
      apply({ agents: { updated: [{ ref: agentRef(0, 0), current_task: `t${i}` }] } });
      tick();
    }
    expect(session.mode).toBe('low_frequency');
    expect(clients.setCap(undefined)).toBe(0);
    expect(session.mode).toBe('low_frequency');
  });

  test('a list is in the order of joining, from a serial on, and names views without their long filters', () => {
    const { connect, clients } = fakeEdge({}, three());
    const all = Array.from({ length: 5 }, () => connect());
    for (const { send } of all) {
      send(hello({ filters: { swarm_ids: ['a', 'b', 'c', 'd', 'e'.repeat(500)], include_neural: false } }));
    }
    all[1]?.session.lost();
    expect(clients.list(-1, 2).map(({ serial }) => serial)).toEqual([0, 2]);
    expect(clients.list(2, 10).map(({ serial }) => serial)).toEqual([3, 4]);
    expect(clients.list(-1, 1)[0]?.view).toBe('json q16 swarm_ids=a,b,c,+2 no neural');
  });
});
