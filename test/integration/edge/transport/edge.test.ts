import { afterEach, describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { createApiKey, hashApiKey } from '../../../../src/platform/auth/api-keys.ts';
import { configSchema } from '../../../../src/platform/config/schema.ts';
import { until } from '../../../support/until.ts';
import { agent, HandClient, startHandHub, SWARM, world, type HandOptions } from './harness.ts';

const KEY = createApiKey();
const ENTRY = { id: 'test', sha256: hashApiKey(KEY), role: 'viewer', revoked: false } as const;

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).toReversed()) await one();
});

async function start(options: HandOptions = {}) {
  const hand = await startHandHub(options);
  cleanup.push(() => hand.dispose());
  return hand;
}

async function join(port: number, hello: object | undefined = {}, subprotocols: string[] = []) {
  const client = await HandClient.open(port, subprotocols);
  cleanup.push(() => client.close());
  if (hello !== undefined) client.send({ type: 'hello', id: 'h', payload: hello });
  return client;
}

describe('opening', () => {
  test.each([{ coding: 'json' }, { coding: 'msgpack' }])(
    'welcome, discovery, snapshot, positions, in this order ($coding)',
    async ({ coding }) => {
      const hand = await start({ auth: { keys: [ENTRY] } });
      hand.post(hand.layout.publish(5, { settled: true }));
      const client = await join(hand.edge.port, {}, [`swarmcast.v1.${coding}`, `bearer.${KEY}`]);
      expect(client.socket.protocol).toBe(`swarmcast.v1.${coding}`);
      const frame = await client.nextFrame();
      expect(client.types).toEqual(['ok', 'welcome', 'discovery', 'snapshot', 'frame']);
      expect(frame.sections[0]?.swarmRef).toBe(SWARM);
      expect([...(frame.sections[0]?.positions ?? [])].slice(0, 3)).toEqual([5, 0, -5]);
      const [, welcome, discovery, snapshot] = client.heard;
      expect(welcome).toMatchObject({
        message: {
          payload: { epoch: 'e1', follows: 'snapshot', mode: 'normal', effective_rate_hz: 10, simulated: false },
        },
      });
      expect(discovery).toMatchObject({ message: { payload: { full: true, servers: [{ id: 's1' }] } } });
      expect(snapshot).toMatchObject({
        message: { payload: { part: 0, last: true, agents: [agent(0), agent(1), agent(2)] } },
      });
    },
  );

  test('a client that says nothing gets the defaults', async () => {
    const hand = await start({ clients: { hello_timeout_ms: 30 } });
    const client = await HandClient.open(hand.edge.port);
    cleanup.push(() => client.close());
    const welcome = await client.next('welcome');
    expect(welcome.payload).toMatchObject({ mode: 'normal', positions: 'q16', follows: 'snapshot' });
    expect(client.socket.protocol).toBe('');
  });

  test('a client that connects before the hub is there waits, then is welcomed', async () => {
    const hand = await start({ late: true });
    const client = await join(hand.edge.port);
    client.send({ type: 'heartbeat', id: 1 });
    client.send('ping');
    await client.nextText();
    expect(client.types).toEqual(['pong']);
    hand.serve();
    await client.next('snapshot');
    const beat = await client.next('ok');
    expect(beat.payload).toMatchObject({ id: 1, of: 'heartbeat' });
    expect(client.types).toEqual(['pong', 'ok', 'welcome', 'discovery', 'snapshot', 'ok']);
  });

  test("the seeds' path serves the same", async () => {
    const hand = await start();
    const client = await HandClient.open(hand.edge.port, [], {}, '/api/multi-mcp/ws');
    cleanup.push(() => client.close());
    client.send({ action: 'request_agents' });
    await client.next('snapshot');
  });

  test('a resumed client gets the changes since its cursor and no snapshot', async () => {
    const hand = await start();
    const first = await join(hand.edge.port);
    const snapshot = await first.next('snapshot');
    first.close();
    hand.publish({ version: 11, agents: { removed: [agentRef(0, 1)], added: [agent(7)] } });
    const again = await join(hand.edge.port, { resume: { cursor: snapshot.cursor } });
    const welcome = await again.next('welcome');
    expect(welcome.payload).toMatchObject({ follows: 'resume', cursor: snapshot.cursor });
    const update = await again.next('agent_update');
    expect(update.payload.removed).toEqual([agentRef(0, 1)]);
    expect(update.payload.added.map(({ ref }) => ref)).toEqual([agentRef(0, 7)]);
    expect(again.types).not.toContain('snapshot');
  });
});

describe('live', () => {
  test('changes and frames follow the ticks of the layout', async () => {
    const hand = await start();
    const client = await join(hand.edge.port, { mode: 'high_frequency' });
    await client.next('snapshot');
    hand.publish({ version: 11, agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    hand.post(hand.layout.publish(1));
    const update = await client.next('agent_update');
    expect(update.payload.updated).toEqual([{ ref: agentRef(0, 0), status: 'busy' }]);
    const one = await client.nextFrame();
    hand.post(hand.layout.publish(2));
    const two = await client.nextFrame();
    expect(two.tick).toBe(one.tick + 1);
    expect([...(two.sections[0]?.positions ?? [])].slice(0, 3)).toEqual([2, 0, -2]);
  });

  test('ok comes before what a change of filters brings, and hides what it hides', async () => {
    const hand = await start();
    const client = await join(hand.edge.port, { mode: 'high_frequency' });
    await client.next('snapshot');
    const from = client.heard.length;
    client.send({ type: 'update_filters', id: 5, payload: { agent_types: ['coder', 'nobody'] } });
    await client.next('ok');
    hand.post(hand.layout.publish(3));
    const update = await client.next('agent_update');
    expect(update.payload.removed).toEqual([agentRef(0, 1)]);
    const frame = await client.nextFrame();
    expect([...(frame.sections[0]?.slots ?? [])]).toEqual([0, 2]);
    expect(client.types.slice(from)).toEqual(['ok', 'agent_update', 'frame']);
    const [ok] = client.heard.slice(from);
    expect(ok).toMatchObject({
      message: { payload: { id: 5, of: 'update_filters', payload: { filters: { agent_types: ['coder', 'nobody'] } } } },
    });
    expect(JSON.stringify(ok)).toContain('nobody');
  });

  test('on_demand withholds until it is asked', async () => {
    const hand = await start();
    const client = await join(hand.edge.port, { mode: 'on_demand' });
    await client.next('snapshot');
    const from = client.heard.length;
    hand.publish({ version: 11, agents: { updated: [{ ref: agentRef(0, 0), status: 'busy' }] } });
    for (let i = 0; i < 70; i++) hand.post(hand.layout.publish(i));
    client.send({ type: 'heartbeat', id: 'sync' });
    await client.next('ok');
    expect(client.types.slice(from)).toEqual(['ok']);
    client.send({ type: 'request_update', id: 'now' });
    await client.nextFrame();
    expect(client.types.slice(from)).toEqual(['ok', 'ok', 'agent_update', 'frame']);
  });

  test('resync: the hash and a snapshot, then a heartbeat with the same hash', async () => {
    const hand = await start({ clients: { heartbeat_interval_ms: 100 } });
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    client.send({ type: 'resync', id: 1 });
    const ok = await client.next('ok');
    const hash = ok.payload.payload['state_hash'];
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    const snapshot = await client.next('snapshot');
    expect(snapshot.cursor).toBe(ok.payload.payload['cursor']);
    // No layout ticks here: the edge paces itself.
    const beat = await client.next('heartbeat');
    expect(beat.payload.state_hash).toBe(hash);
  });

  test('discovery asks the hub once for all, and is limited', async () => {
    const hand = await start({ clients: { discover_per_minute: 2 } });
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    for (let id = 0; id < 3; id++) client.send({ type: 'discover', id });
    const refused = await client.next('error');
    expect(refused.payload).toMatchObject({ id: 2, code: 'rate_limited' });
    expect(refused.payload.retry_after_ms).toBeGreaterThan(1_000);
    await expect.poll(() => client.types.filter((type) => type === 'discovery').length).toBe(3);
    expect(hand.discoveries).toBeLessThanOrEqual(2);
  });

  test('health goes to every mode at once', async () => {
    const hand = await start();
    const client = await join(hand.edge.port, { mode: 'on_demand' });
    await client.next('snapshot');
    const [server] = world(0).servers;
    hand.publish({
      version: 11,
      servers: {
        updated: [
          {
            ref: server?.ref ?? 0,
            health: {
              state: 'down',
              reason: 'closed',
              since_ms: 2,
              evidence: { consecutive_failures: 1, consecutive_successes: 0 },
            },
          },
        ],
      },
    });
    hand.post(hand.layout.next());
    const health = await client.next('health_update');
    expect(health.payload).toMatchObject({ server_id: 's1', state: 'down' });
  });

  test('a new epoch brings a discovery and a snapshot, in every mode', async () => {
    const hand = await start();
    const client = await join(hand.edge.port, { mode: 'on_demand' });
    await client.next('snapshot');
    hand.hub.reset({ ...world(1, 'e2'), version: 1 });
    await client.next('discovery');
    const snapshot = await client.next('snapshot');
    expect(snapshot.payload.agents).toHaveLength(1);
  });

  test('positions none and raw28', async () => {
    const hand = await start();
    const none = await join(hand.edge.port, { positions: 'none', mode: 'high_frequency' });
    const raw = await HandClient.open(hand.edge.port);
    cleanup.push(() => raw.close());
    await none.next('snapshot');
    const bytes = new Promise<Buffer>((resolve) => {
      raw.socket.prependListener('message', (data, isBinary) => {
        if (isBinary) resolve(data as Buffer);
      });
    });
    raw.send({ type: 'hello', payload: { positions: 'raw28', mode: 'high_frequency' } });
    await raw.next('snapshot');
    raw.socket.removeAllListeners('message');
    const later = new Promise<Buffer>((resolve) => {
      raw.socket.on('message', (data, isBinary) => {
        if (isBinary) resolve(data as Buffer);
      });
    });
    hand.post(hand.layout.publish(4));
    const record = await Promise.race([bytes, later]);
    expect(record.byteLength).toBe(3 * 28);
    expect(record.readUInt32LE(0)).toBe(agentRef(0, 0));
    expect(record.readFloatLE(4)).toBe(4);
    none.send({ type: 'heartbeat', id: 1 });
    await none.next('ok');
    expect(none.types).not.toContain('frame');
  });
});

describe('tokens', () => {
  test('none, a wrong one and a revoked one: told why, then 3500; refusals are counted', async () => {
    const revoked = createApiKey();
    const entries = [ENTRY, { ...ENTRY, id: 'lost', sha256: hashApiKey(revoked), revoked: true }];
    const hand = await start({ auth: { keys: entries } });
    for (const offered of [[], [`bearer.${createApiKey()}`], [`bearer.${revoked}`]]) {
      const client = await join(hand.edge.port, {}, ['swarmcast.v1.json', ...offered]);
      expect((await client.next('error')).payload.code).toBe('unauthorised');
      await until('the close', () => client.closed);
      expect(client.closed?.code).toBe(3500);
    }
    expect(hand.edge.status().refusals).toEqual({ no_token: 1, unknown_key: 1, revoked: 1 });
    const honest = await join(hand.edge.port, {}, ['swarmcast.v1.json', `bearer.${KEY}`]);
    expect((await honest.next('welcome')).payload.identity).toMatchObject({ subject: 'key:test', role: 'viewer' });
  });

  test('a key that is revoked by a reload takes its connections along', async () => {
    const hand = await start({ auth: { keys: [ENTRY] } });
    const client = await join(hand.edge.port, {}, ['swarmcast.v1.json', `bearer.${KEY}`]);
    await client.next('snapshot');
    const { auth } = configSchema.parse({ auth: { keys: [{ ...ENTRY, revoked: true }] } });
    await hand.edge.reload({ auth });
    await until('the close', () => client.closed);
    expect(client.closed?.code).toBe(3500);
  });
});

describe('bad input', () => {
  test('each gets its error and the connection stays', async () => {
    const hand = await start();
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    client.socket.send('{"type":');
    client.socket.send(Buffer.from([0xc1, 1, 2, 3]));
    client.send({ type: 'dance', id: 1 });
    client.send({ type: 'update_filters', id: 2, payload: { server_types: ['martian'] } });
    client.send({ type: 'renew', id: 3 });
    client.send({ type: 'hello', id: 4 });
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) codes.push((await client.next('error')).payload.code);
    expect(codes).toEqual(['malformed', 'malformed', 'unknown_type', 'unknown_value', 'bad_payload', 'bad_message']);
    client.send({ type: 'heartbeat', id: 'alive' });
    expect((await client.next('ok')).payload.id).toBe('alive');
  });

  test('a message of 100 KB: error, then close 3501', async () => {
    const hand = await start();
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    client.socket.send('x'.repeat(100_000));
    expect((await client.next('error')).payload).toMatchObject({ code: 'bad_message' });
    expect(await client.untilClosed()).toEqual({ code: 3501, reason: 'message too long' });
  });

  test('a message that is longer than what is read at all cuts the connection', async () => {
    const hand = await start();
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    client.socket.on('error', () => undefined);
    client.socket.send('x'.repeat(300_000));
    expect((await client.untilClosed()).code).toBe(1006);
    await expect.poll(() => hand.edge.status().clients).toBe(0);
  });

  test('too many messages are refused with their ids, and the connection stays', async () => {
    const hand = await start({ clients: { message_burst: 3, messages_per_second: 20 } });
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    for (let id = 0; id < 10; id++) client.send({ type: 'heartbeat', id });
    const error = await client.next('error');
    expect(error.payload).toMatchObject({ code: 'rate_limited' });
    expect(error.payload.id).toBeTypeOf('number');
    expect(error.payload.retry_after_ms).toBeGreaterThan(0);
  });
});

describe('ending', () => {
  test('a client that does not answer pings is closed', async () => {
    const hand = await start({ clients: { idle_timeout_ms: 1_000, ping_interval_ms: 200 } });
    const silent = new HandClient(hand.edge.port, [], { autoPong: false });
    const answers = await join(hand.edge.port);
    cleanup.push(() => silent.close());
    expect(await silent.untilClosed()).toEqual({ code: 3012, reason: 'no answer to pings' });
    expect(answers.closed).toBeUndefined();
    expect(hand.edge.status().metrics['idle_closes_total']).toBe(1);
  });

  test('too many clients: close 3013', async () => {
    const hand = await start({ clients: { max_clients: 1 } });
    const first = await join(hand.edge.port);
    await first.next('welcome');
    const second = await join(hand.edge.port);
    expect((await second.untilClosed()).code).toBe(3013);
    expect(first.closed).toBeUndefined();
  });

  test('drain: goodbye spread over time, close 3001, nobody new', async () => {
    const hand = await start();
    const clients = await Promise.all(Array.from({ length: 5 }, () => join(hand.edge.port)));
    for (const client of clients) await client.next('snapshot');
    const [statuses] = [await hand.hub.askEdges('status', {}, 1_000)];
    expect(statuses).toMatchObject([{ clients: 5, views: 1, clients_by_mode: { normal: 5 } }]);
    await hand.hub.askEdges('drain', { reason: 'upgrade', deadline_ms: 2_000 }, 3_000);
    const delays: number[] = [];
    for (const client of clients) {
      const goodbye = await client.next('goodbye');
      expect(goodbye.payload.reason).toBe('upgrade');
      delays.push(goodbye.payload.reconnect_after_ms);
      expect((await client.untilClosed()).code).toBe(3001);
    }
    expect(new Set(delays).size).toBe(5);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
    await expect(HandClient.open(hand.edge.port)).rejects.toThrow('ECONNREFUSED');
    expect(hand.edge.status()).toMatchObject({ clients: 0, views: 0 });
  });

  test('the hub goes: clients stay and are still answered', async () => {
    const hand = await start();
    const client = await join(hand.edge.port);
    await client.next('snapshot');
    await hand.hub[Symbol.asyncDispose]();
    client.send({ type: 'discover', id: 1 });
    expect((await client.next('error')).payload).toMatchObject({ id: 1, code: 'internal' });
    client.send({ type: 'resync', id: 2 });
    await client.next('snapshot');
    expect(hand.edge.status().metrics['hub_connected']).toBe(0);
  });
});
