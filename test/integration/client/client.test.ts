import { describe, expect, test, vi } from 'vitest';
import { connectSwarmcast, type ConnectOptions, type SwarmcastClient } from '../../../src/client/client.ts';
import type { ClientEvents } from '../../../src/client/events.ts';
import { StateStore } from '../../../src/client/state-store.ts';
import type { ServerMessage } from '../../../src/protocol/server-messages.ts';
import {
  A,
  agent,
  agents,
  discovery,
  link,
  message,
  server,
  snapshot,
  swarm,
  welcome,
} from '../../unit/client/records.ts';
import { HandGateway, q16Frame, type Peer } from './hand-gateway.ts';

const FAST = { minDelayMs: 1, maxDelayMs: 5 };

const view = [
  discovery({ full: true, servers: [server(1)], swarms: [swarm(1)] }),
  snapshot({ agents: [agent(1), agent(2)], links: [link(1, 1, 2)] }, 'c1'),
];

function hashOf(messages: ServerMessage[]): string {
  const store = new StateStore();
  for (const one of messages) store.apply(one);
  return store.hash();
}

function next<K extends keyof ClientEvents>(
  client: SwarmcastClient,
  name: K,
  wanted: (value: ClientEvents[K]) => boolean = () => true,
): Promise<ClientEvents[K]> {
  return new Promise((resolve) => {
    const stop = client.on(name, (value) => {
      if (!wanted(value)) return;
      stop();
      resolve(value);
    });
  });
}

/** Connects and brings the view. */
async function live(gateway: HandGateway, options: Partial<ConnectOptions> = {}): Promise<[SwarmcastClient, Peer]> {
  const client = connectSwarmcast({ url: gateway.url, reconnect: FAST, ...options });
  const peer = await gateway.accept();
  peer.ok(await peer.next('hello'));
  peer.send(welcome(), ...view);
  await client.whenLive();
  return [client, peer];
}

describe.each(['json', 'msgpack'] as const)('a client (%s)', (coding) => {
  test('says hello with what it wants, and holds the view', async () => {
    await using gateway = await HandGateway.open();
    const filters = { agent_types: ['coder'] };
    await using client = connectSwarmcast({
      url: gateway.url,
      coding,
      token: 'a.b-c',
      mode: 'low_frequency',
      positions: 'f32',
      filters,
    });
    const peer = await gateway.accept();
    expect(peer.offered.replaceAll(' ', '')).toBe(`swarmcast.v1.${coding},bearer.a.b-c`);
    const hello = await peer.next('hello');
    expect(hello.payload).toStrictEqual({ protocol: 1, positions: 'f32', mode: 'low_frequency', filters });
    peer.ok(hello);
    peer.send(welcome(), ...view);
    await client.whenLive();
    expect(client.status).toStrictEqual({ status: 'live', resumed: false });
    expect([...client.state.agents.values()]).toStrictEqual([agent(1), agent(2)]);
    expect(client.stateHash()).toBe(hashOf(view));
    expect(client.cursor).toBe('c1');
    expect(client.stats.malformed).toBe(0);
  });

  test('interpolates positions and acknowledges the newest tick', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway, { coding });
    await using _ = client;
    const second = next(client, 'frame', ({ tick }) => tick === 61);
    peer.socket.send(q16Frame(60, 1_000, 10));
    peer.socket.send(q16Frame(61, 1_100, 20));
    await second;
    expect(client.positionAt(A + 1, 1_050)).toStrictEqual([7.5, -7.5, 0]);
    expect(client.positionAt(A + 2, 1_050)).toBeUndefined();
    expect((await peer.next('ack')).payload).toStrictEqual({ tick: 61 });
  });
});

describe('requests', () => {
  test('resolve with the payload of ok; errors carry code and retry', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway);
    await using _ = client;
    const mode = client.setMode('high_frequency');
    peer.ok(await peer.next('performance_mode'), { mode: 'high_frequency', effective_rate_hz: 60 });
    expect(await mode).toStrictEqual({ mode: 'high_frequency', effective_rate_hz: 60 });
    const discovered = client.discover();
    peer.refuse(await peer.next('discover'), 'rate_limited', 'too many discovery requests');
    await expect(discovered).rejects.toMatchObject({ code: 'rate_limited', of: 'discover', retryAfterMs: 1_500 });
    const updated = client.requestUpdate();
    peer.ok(await peer.next('request_update'));
    expect(await updated).toStrictEqual({});
  });

  test('errors without id, garbage and unknown types harm nothing', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway);
    await using _ = client;
    const errors: string[] = [];
    client.on('error', ({ code }) => errors.push(code));
    peer.send(message('error', { code: 'bad_message', message: 'no' }), { type: 'of_a_later_version', payload: {} });
    peer.socket.send('{"type": ');
    peer.socket.send('[1]');
    peer.socket.send(Buffer.from([0x01, 0x07, 0, 0]));
    peer.socket.send(Buffer.from([0xc1]));
    const beat = next(client, 'heartbeat');
    peer.send(message('heartbeat', { state_hash: hashOf(view), cursor: 'c2' }));
    expect(await beat).toStrictEqual({ state_hash: hashOf(view), cursor: 'c2', matches: true });
    expect(errors).toStrictEqual(['bad_message', 'malformed', 'malformed', 'malformed', 'malformed']);
    expect(client.stats.malformed).toBe(4);
    expect(client.cursor).toBe('c2');
  });

  test('pending ones are rejected when the connection ends, and none can be sent while there is none', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway, { reconnect: { minDelayMs: 60_000 } });
    await using _ = client;
    const pending = client.requestUpdate();
    await peer.next('request_update');
    const ended = next(client, 'status');
    peer.socket.close(3001, 'shutdown');
    await expect(pending).rejects.toMatchObject({ code: 'closed' });
    expect(await ended).toMatchObject({ status: 'reconnecting', code: 3001, reason: 'shutdown', attempt: 1 });
    await expect(client.setMode('normal')).rejects.toMatchObject({ code: 'not_connected' });
  });

  test('pending ones are rejected by close(), and by silence', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway, { requestTimeoutMs: 30 });
    await expect(client.requestUpdate()).rejects.toMatchObject({ code: 'timeout' });
    const pending = Promise.allSettled([client.discover()]);
    await client.close();
    expect(await pending).toMatchObject([{ status: 'rejected', reason: { code: 'closed' } }]);
    expect((await peer.closed).code).toBe(1000);
  });

  test('at most 64 wait at once', async () => {
    await using gateway = await HandGateway.open();
    const [client] = await live(gateway);
    const waiting = Promise.allSettled(Array.from({ length: 65 }, () => client.requestUpdate()));
    await client.close();
    const codes = (await waiting).map((each) =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : 'ok',
    );
    expect(codes.filter((code) => code === 'too_many_pending')).toHaveLength(1);
    expect(codes.filter((code) => code === 'closed')).toHaveLength(64);
  });

  test('a hello that came too late is said once more, on a new connection, without the cursor of the wrong view', async () => {
    await using gateway = await HandGateway.open();
    const filters = { agent_types: ['coder'] };
    await using client = connectSwarmcast({ url: gateway.url, reconnect: FAST, filters });
    const first = await gateway.accept();
    const late = await first.next('hello');
    first.send(welcome(), ...view);
    first.refuse(late, 'bad_message', 'hello is only the first message');
    const second = await gateway.accept();
    const hello = await second.next('hello');
    expect(hello.payload).toMatchObject({ filters });
    expect(hello.payload['resume']).toBeUndefined();
    second.ok(hello);
    second.send(welcome(), ...view);
    await next(client, 'status', ({ status }) => status === 'live');
    expect(client.stats.reconnects).toBe(1);
  });

  test('a refused hello closes the client: it would show a view that nobody asked for', async () => {
    await using gateway = await HandGateway.open();
    const client = connectSwarmcast({ url: gateway.url, reconnect: FAST });
    const peer = await gateway.accept();
    const failed = Promise.allSettled([client.whenLive()]);
    peer.refuse(await peer.next('hello'), 'unknown_value', 'hello: filters.statuses.0 must be one of: idle');
    expect(await failed).toMatchObject([{ reason: { name: 'ClientClosedError', code: 3501 } }]);
    await peer.closed;
  });
});

describe('reconnect', () => {
  test('resumes from the last complete group, with the mode and filters in force', async () => {
    await using gateway = await HandGateway.open();
    const [client, first] = await live(gateway);
    await using _ = client;
    const filtered = client.setFilters({ statuses: ['busy'] });
    first.ok(await first.next('update_filters'));
    await filtered;
    expect(client.cursor, 'a cursor of other filters is no use').toBe('');
    const complete = next(client, 'tasks');
    const half = next(client, 'agents', ({ added }) => added.length > 0);
    first.send(agents({ removed: [A + 2] }), message('task_update', { tasks: [], removed: [] }, 'c7'));
    await complete;
    first.send(agents({ added: [agent(9)] }));
    await half;
    first.socket.terminate();

    const second = await gateway.accept();
    const hello = await second.next('hello');
    expect(hello.payload).toMatchObject({ resume: { cursor: 'c7' }, filters: { statuses: ['busy'] } });
    const resumed = next(client, 'status', ({ status }) => status === 'live');
    second.ok(hello);
    second.send(
      welcome({ follows: 'resume', cursor: 'c7' }),
      discovery({ full: true, servers: [server(1)], swarms: [swarm(1)] }),
    );
    expect(await resumed).toStrictEqual({ status: 'live', resumed: true });
    const caughtUp = next(client, 'agents');
    second.send(agents({ added: [agent(9), agent(3)], removed: [A + 55] }, 'c8'));
    await caughtUp;
    expect([...client.state.agents.keys()].map((ref) => ref - A)).toStrictEqual([1, 9, 3]);
    expect(client.cursor).toBe('c8');
    expect(client.stats.reconnects).toBe(1);
  });

  test('a lost connection in mid-snapshot has nothing to resume from and shows nothing of it', async () => {
    await using gateway = await HandGateway.open();
    const [client, first] = await live(gateway);
    await using _ = client;
    first.send(welcome(), snapshot({ snapshot_id: 5, last: false, agents: [agent(7)] }));
    const gone = next(client, 'status');
    first.socket.close(3004, '');
    await gone;
    const second = await gateway.accept();
    expect((await second.next('hello')).payload).not.toHaveProperty('resume');
    expect([...client.state.agents.keys()].map((ref) => ref - A)).toStrictEqual([1, 2]);
  });

  test('goodbye says when to come back', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway);
    await using _ = client;
    const status = next(client, 'status');
    peer.send(message('goodbye', { reason: 'restart', reconnect_after_ms: 40_000 }));
    peer.socket.close(3001, 'restart');
    const end = await status;
    expect(end).toMatchObject({ status: 'reconnecting', code: 3001 });
    expect((end as { delayMs: number }).delayMs).toBeGreaterThanOrEqual(40_000);
  });

  const terminal = [
    { note: 'unauthorised', code: 3500 },
    { note: 'bad request', code: 3501 },
  ];
  test.each(terminal)('$note is the end', async ({ code }) => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway);
    const status = next(client, 'status');
    peer.socket.close(code, 'no');
    expect(await status).toStrictEqual({ status: 'closed', code, reason: 'no' });
    await expect(client.whenLive()).rejects.toMatchObject({ code });
    await client.close();
  });

  test('nobody listens: it says so, tries again, and finds a gateway that comes up', async () => {
    const probe = await HandGateway.open();
    const { port } = probe;
    await probe[Symbol.asyncDispose]();
    await using client = connectSwarmcast({ url: `ws://127.0.0.1:${port}/ws`, reconnect: FAST });
    const failed = await next(client, 'status');
    expect(failed).toMatchObject({ status: 'reconnecting', code: 1006, attempt: 1 });
    expect((failed as { reason: string }).reason).toContain('ECONNREFUSED');
    await using gateway = await HandGateway.open(port);
    const peer = await gateway.accept();
    peer.send(welcome(), ...view);
    await client.whenLive();
    expect(client.state.agents.size).toBe(2);
  });
});

describe('proof', () => {
  test('a mismatch asks for one resync, which heals', async () => {
    await using gateway = await HandGateway.open();
    const [client, peer] = await live(gateway);
    await using _ = client;
    const truth = [view[0], snapshot({ snapshot_id: 2, agents: [agent(1)] }, 'c5')] as ServerMessage[];
    const beat = next(client, 'heartbeat');
    peer.send(message('heartbeat', { state_hash: hashOf(truth), cursor: 'c4' }));
    expect(await beat).toMatchObject({ matches: false });
    expect(client.cursor, 'a wrong state is not to be resumed from').toBe('');
    const resync = await peer.next('resync');
    const ignored = next(client, 'heartbeat');
    peer.send(message('heartbeat', { state_hash: hashOf(truth), cursor: 'c4' }));
    expect(await ignored, 'nothing is compared while a resync is under way').toMatchObject({ matches: undefined });
    const healed = next(client, 'snapshot');
    peer.ok(resync, { state_hash: hashOf(truth), cursor: 'c5' });
    peer.send(...truth);
    await healed;
    const good = next(client, 'heartbeat');
    peer.send(message('heartbeat', { state_hash: hashOf(truth), cursor: 'c6' }));
    expect(await good).toMatchObject({ matches: true });
    expect(client.cursor).toBe('c6');
    expect(client.stats.hashMismatches).toBe(1);
    const again = next(client, 'heartbeat');
    peer.send(message('heartbeat', { state_hash: '0123456789abcdef', cursor: 'c6' }));
    expect(await again).toMatchObject({ matches: false });
    const update = client.requestUpdate();
    peer.ok(await peer.next('request_update'));
    await update;
    expect(
      peer.received.filter(({ type }) => type === 'resync'),
      'a second one is not asked for so soon',
    ).toHaveLength(0);
  });
});

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap');
}

/** Every timer that is set from now on; `running` are those that have neither fired for the last time nor been cleared. */
function watchTimers(): { running: () => number } & Disposable {
  const spies = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')];
  return {
    running: () =>
      spies.flatMap((spy) => spy.mock.results).filter(({ value }) => !(value as { _destroyed: boolean })._destroyed)
        .length,
    [Symbol.dispose]: () => spies.forEach((spy) => spy.mockRestore()),
  };
}

describe('close()', () => {
  const moments: { note: string; reach: (gateway: HandGateway) => Promise<SwarmcastClient> }[] = [
    {
      note: 'while live, with frames to acknowledge',
      reach: async (gateway) => {
        const [client, peer] = await live(gateway);
        const frame = next(client, 'frame');
        peer.socket.send(q16Frame(1, 1, 1));
        await frame;
        return client;
      },
    },
    { note: 'while connecting', reach: (gateway) => Promise.resolve(connectSwarmcast({ url: gateway.url })) },
    {
      note: 'before welcome',
      reach: async (gateway) => {
        const client = connectSwarmcast({ url: gateway.url });
        await (await gateway.accept()).next('hello');
        return client;
      },
    },
    {
      note: 'while waiting to reconnect',
      reach: async (gateway) => {
        const [client, peer] = await live(gateway, { reconnect: { minDelayMs: 60_000 } });
        const status = next(client, 'status');
        peer.socket.terminate();
        await status;
        return client;
      },
    },
  ];
  test.each(moments)('leaves nothing running: $note', async ({ reach }) => {
    const before = sockets();
    using timers = watchTimers();
    {
      await using gateway = await HandGateway.open();
      const client = await reach(gateway);
      await Promise.all([client.close(), client.close()]);
      expect(client.status).toMatchObject({ status: 'closed', code: 1000 });
    }
    expect(timers.running()).toBe(0);
    expect(sockets()).toStrictEqual(before);
  });
});

describe('options that cannot work', () => {
  const rows = [
    { note: 'http', options: { url: 'http://127.0.0.1/ws' }, says: /ws:\/\// },
    { note: 'no URL', options: { url: 'gateway' }, says: /"gateway"/ },
    { note: 'token', options: { url: 'ws://127.0.0.1/ws', token: 'a b' }, says: /token/ },
  ];
  test.each(rows)('$note', ({ options, says }) => {
    expect(() => connectSwarmcast(options)).toThrow(says);
  });
});

test('renews a token given as text, and comes back with the newer one; a refused one changes nothing', async () => {
  await using gateway = await HandGateway.open();
  const [client, peer] = await live(gateway, { token: 'first' });
  const renewed = client.renew('second');
  const request = await peer.next('renew');
  expect(request.payload).toStrictEqual({ token: 'second' });
  const identity = { subject: 'ada', role: 'viewer', limits: {}, expires_at_ms: 5 };
  peer.ok(request, identity);
  expect(await renewed).toStrictEqual(identity);
  const refused = client.renew('third');
  peer.refuse(await peer.next('renew'), 'unauthorised', 'this token is older than the one in use');
  await expect(refused).rejects.toMatchObject({ code: 'unauthorised' });
  peer.socket.terminate();
  expect((await gateway.accept()).offered).toContain('bearer.second');
  await client.close();
});
