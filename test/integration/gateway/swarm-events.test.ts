/** What happens to swarms reaches watching clients over their sockets: created, dissolved, moved, spoken to. */
import { expect, test } from 'vitest';
import { connectSwarmcast, type ClientEvents, type SwarmcastClient } from '../../../src/client/client.ts';
import { ask, done, OPERATOR_KEY } from '../../support/control.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { politePeer, RawPeer } from '../hub/upstream/raw-peer.ts';

type Event = ClientEvents['swarms']['events'][number];

/** A server of the seeds' dialect that lists these swarms and their agents, as they are when it is asked. */
async function openLister(swarms: Map<string, string[]>) {
  return RawPeer.start(
    politePeer((message, peer) => {
      const ids = [...swarms.keys()];
      if (message.method === 'swarm.list') peer.result(message, { swarms: ids.map((swarm_id) => ({ swarm_id })) });
      else if (message.method === 'agent.list') {
        const agents = ids.flatMap((swarm_id) =>
          (swarms.get(swarm_id) ?? []).map((agent_id) => ({ agent_id, swarm_id })),
        );
        peer.result(message, { agents });
      } else peer.error(message, -32_601, 'Method not found');
    }, []),
  );
}

const entry = (id: string, { port }: { port: number }) => ({
  id,
  transport: 'tcp',
  host: '127.0.0.1',
  port,
  dialect: 'seed',
  poll_interval_ms: 50,
});

async function watching(url: string): Promise<{ client: SwarmcastClient; events: Event[] }> {
  const client = connectSwarmcast({ url: `${url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  const events: Event[] = [];
  client.on('swarms', (told) => events.push(...told.events));
  await client.whenLive();
  return { client, events };
}

const seen = (events: readonly Event[], event: Event['event'], key: string) =>
  until(`${event} ${key}`, () => events.find((one) => one.event === event && one.swarm.key === key));

test('created and dissolved through an operator; in one mode as in another', async () => {
  const { simulator, server } = await openTestServer('sd', { eventsPerSecond: 0 });
  await using _simulator = simulator;
  await using gateway = await openTestGateway({ servers: [server], 'server.operator_key': OPERATOR_KEY });
  const { client, events } = await watching(gateway.url);
  await using _client = client;
  await using slow = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'on_demand' });
  const asked: Event[] = [];
  slow.on('swarms', (told) => asked.push(...told.events));
  await slow.whenLive();
  await until('the server', () => [...client.state.servers.values()].some(({ health }) => health.state === 'healthy'));

  const { swarm_id } = await done(gateway.url, 'swarm.init', { server_id: 'sd', topology: 'ring' });
  const created = await seen(events, 'created', `sd/${String(swarm_id)}`);
  expect(created).toMatchObject({ swarm: { id: swarm_id, server_id: 'sd' }, at_ms: expect.any(Number) });
  await done(gateway.url, 'swarm.dissolve', { swarm_id });
  expect(await seen(events, 'dissolved', created.swarm.key)).toMatchObject({ reason: 'ended', swarm: created.swarm });
  expect(asked).toEqual([]);
  await slow.requestUpdate();
  await seen(asked, 'dissolved', created.swarm.key);
  expect(asked.filter(({ swarm }) => swarm.ref === created.swarm.ref).map(({ event }) => event)).toEqual([
    'created',
    'dissolved',
  ]);
});

test('a swarm whose server changes, and an agent that changes swarm, have moved', async () => {
  const here = new Map([
    ['swarm-a', ['agent-1', 'agent-2']],
    ['swarm-b', ['agent-3']],
  ]);
  const there = new Map<string, string[]>([['swarm-c', []]]);
  await using one = await openLister(here);
  await using two = await openLister(there);
  await using gateway = await openTestGateway({
    servers: [entry('one', one), entry('two', two)],
    'server.operator_key': OPERATOR_KEY,
  });
  const { client, events } = await watching(gateway.url);
  await using _client = client;
  const agentNow = (key: string) => [...client.state.agents.values()].find((agent) => agent.key === key);
  await until('all agents', () => client.state.agents.size === 3);

  here.set('swarm-a', ['agent-1']);
  here.set('swarm-b', ['agent-3', 'agent-2']);
  const agentMoved = await seen(events, 'agent_moved', 'one/swarm-b');
  expect(agentMoved.from?.key).toBe('one/swarm-a');
  expect(agentMoved.agent).toBe((await until('it there', () => agentNow('one/swarm-b/agent-2'))).ref);

  there.set('swarm-b', here.get('swarm-b') ?? []);
  await seen(events, 'created', 'two/swarm-b');
  await done(gateway.url, 'server.remove', { server_id: 'one' });
  const moved = await seen(events, 'moved', 'two/swarm-b');
  expect(moved.from).toMatchObject({ key: 'one/swarm-b', server_id: 'one' });
  expect(await seen(events, 'dissolved', 'one/swarm-b')).toMatchObject({ reason: 'server_removed' });
  expect((await seen(events, 'dissolved', 'one/swarm-a')).swarm.id).toBe('swarm-a');
  expect(events.filter(({ event }) => event === 'moved')).toHaveLength(1);
  await until('its agents there', () => agentNow('two/swarm-b/agent-2'));
});

const swarmOn = (client: SwarmcastClient, id: string) =>
  until(`a swarm of ${id}`, () => [...client.state.swarms.values()].find((swarm) => swarm.server_id === id));

test('swarms speak to each other through the gateway, on one server and on two, and who sees both hears of it', async () => {
  const opened = await Promise.all([
    openTestServer('sd', { eventsPerSecond: 0 }),
    openTestServer('other', { eventsPerSecond: 0, seed: 2 }),
  ]);
  await using gateway = await openTestGateway({
    servers: opened.map(({ server }) => server),
    'server.operator_key': OPERATOR_KEY,
  });
  const { url } = gateway;
  try {
    const { client, events } = await watching(url);
    await using _client = client;
    const { client: filtered, events: told } = await watching(url);
    await using _filtered = filtered;
    await filtered.setFilters({ server_ids: ['sd'] });
    const [near, far] = await Promise.all(['sd', 'other'].map((id) => swarmOn(client, id)));
    const agents = [{ type: 'coordinator' }, { type: 'coder' }];
    const { swarm_id } = await done(url, 'swarm.init', { server_id: 'sd', agents });
    const second = `sd/${String(swarm_id)}`;
    await until('it', () => [...client.state.swarms.values()].some(({ key }) => key === second));

    const path = `/api/swarms/${encodeURIComponent(near?.key ?? '')}/messages/to/${encodeURIComponent(far?.key ?? '')}`;
    expect(await ask(url, 'POST', path, { message: 'hello' })).toMatchObject({
      status: 200,
      body: { server_id: 'other', asked: ['swarm.coordinate'], result: { from_swarm_id: near?.key } },
    });
    expect((await seen(events, 'message', far?.key ?? '')).from?.key).toBe(near?.key);
    const within = await done(url, 'swarm.message', { from_swarm_id: near?.key, swarm_id: second, message: { go: 1 } });
    expect(within).toMatchObject({ from_swarm_id: near?.key, swarm_id, delivered: 1 });
    expect((await seen(events, 'message', second)).from?.key).toBe(near?.key);
    // The later one has come; of the earlier, who sees one of its two swarms heard nothing.
    await seen(told, 'message', second);
    expect(told.filter(({ event, swarm }) => event === 'message' && swarm.server_id !== 'sd')).toEqual([]);
  } finally {
    await Promise.all(opened.map(({ simulator }) => simulator[Symbol.asyncDispose]()));
  }
});

test('a message between swarms that cannot be sent is refused with the reason; all is limited and audited', async () => {
  const opened = await Promise.all([
    openTestServer('sd', { eventsPerSecond: 0, swarms: 2 }),
    openTestServer('ruv', { face: 'ruv-swarm', eventsPerSecond: 0 }),
    openTestServer('cf', { face: 'claude-flow', eventsPerSecond: 0 }),
  ]);
  await using gateway = await openTestGateway({
    servers: opened.map(({ server }) => server),
    'server.operator_key': OPERATOR_KEY,
    'control.writes_per_minute': 30,
  });
  const { url } = gateway;
  try {
    const { client } = await watching(url);
    await using _client = client;
    const [near, ruv, cf] = await Promise.all(['sd', 'ruv', 'cf'].map((id) => swarmOn(client, id)));
    const from_swarm_id = near?.key;
    const answerTo = async (input: object, key: string | null = OPERATOR_KEY) => {
      const { status, body } = await ask(url, 'POST', '/api/operations/swarm.message', { message: 1, ...input }, key);
      return { status, code: body['code'], detail: String(body['detail']) };
    };
    expect(await answerTo({ from_swarm_id, swarm_id: ruv?.key })).toMatchObject({
      code: 'unsupported_by_server',
      detail: expect.stringMatching(/^ruv cannot do swarm\.message: .*; servers that can: .*sd/),
    });
    expect(await answerTo({ from_swarm_id, swarm_id: cf?.key })).toMatchObject({ code: 'unsupported_by_server' });
    expect(await answerTo({ from_swarm_id, swarm_id: from_swarm_id })).toMatchObject({ code: 'bad_input' });
    expect(await answerTo({ from_swarm_id: 'nowhere', swarm_id: from_swarm_id })).toMatchObject({
      code: 'no_such_swarm',
    });
    expect(await answerTo({ swarm_id: from_swarm_id })).toMatchObject({ status: 400, code: 'bad_input' });
    expect(await answerTo({ from_swarm_id, swarm_id: ruv?.key }, null)).toMatchObject({ status: 401 });
    expect(await answerTo({ from_swarm_id: ruv?.key, swarm_id: from_swarm_id })).toMatchObject({ status: 200 });

    const codes: unknown[] = [];
    while (codes.length < 40 && codes.at(-1) !== 'rate_limited')
      codes.push((await answerTo({ from_swarm_id, swarm_id: 'nowhere' })).code);
    expect(codes.at(-1)).toBe('rate_limited');
    const { body } = await ask(url, 'GET', '/api/audit?limit=100');
    const entries = (body['entries'] as { operation: string; outcome: string; target: object }[]).filter(
      ({ operation }) => operation === 'swarm.message',
    );
    const sent = entries.find(({ outcome }) => outcome === 'ok');
    expect(sent?.target).toEqual({ swarm_id: from_swarm_id, from_swarm_id: ruv?.key });
    expect(entries.map(({ outcome }) => outcome)).toEqual(
      expect.arrayContaining(['unsupported_by_server', 'bad_input', 'no_such_swarm', 'rate_limited']),
    );
  } finally {
    await Promise.all(opened.map(({ simulator }) => simulator[Symbol.asyncDispose]()));
  }
});
