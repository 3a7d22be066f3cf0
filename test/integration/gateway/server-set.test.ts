/** Operators change which servers are watched, by every way that operations have. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { connectSwarmcast } from '../../../src/client/client.ts';
import { builtMain } from '../../support/built-main.ts';
import { ask, done, OPERATOR_KEY } from '../../support/control.ts';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { politePeer, RawPeer, textResult, type Heard, type PeerSocket } from '../hub/upstream/raw-peer.ts';

const run = promisify(execFile);
const healthOf = (client: RecordingClient, id: string) =>
  client.messages
    .flatMap((message) => {
      if (message.type === 'discovery')
        return message.payload.servers.filter((one) => one.id === id).map(({ health }) => health);
      return message.type === 'health_update' && message.payload.server_id === id ? [message.payload] : [];
    })
    .at(-1);
const agentsOf = (client: RecordingClient, id: string) =>
  [...agentsByKey(client).values()].filter((agent) => agent['server_id'] === id);

test('a server is added, shown, drained, resumed and removed; the others do not notice', async () => {
  const [first, second] = await Promise.all([openTestServer('first'), openTestServer('second', { seed: 2 })]);
  await using _first = first.simulator;
  await using _second = second.simulator;
  await using gateway = await openTestGateway({
    servers: [first.server],
    'server.operator_key': OPERATOR_KEY,
    'world.stale_after_ms': 60_000,
    'world.remove_after_ms': 120_000,
  });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('first', () => healthOf(client, 'first')?.state === 'healthy');

  const port = second.simulator.port;
  const added = await done(gateway.url, 'server.add', { server_id: 'lab', transport: 'tcp', port });
  expect(added).toEqual({ server_id: 'lab', endpoint: `tcp://127.0.0.1:${port}`, lasts: 'until the gateway ends' });
  await client.until('its agents', () => agentsOf(client, 'lab').length >= 6);

  // By the command line and by the SDK over the socket.
  const env = { ...process.env, SWARMCAST_SERVER_OPERATOR_KEY: OPERATOR_KEY };
  const { stdout } = await run(
    process.execPath,
    [builtMain(), 'do', 'server.drain', '--server', 'lab', '--url', gateway.url],
    { env },
  );
  expect(JSON.parse(stdout)).toMatchObject({ result: { server_id: 'lab', unanswered: 0 } });
  await client.until('down', () => healthOf(client, 'lab')?.reason === 'drained by an operator');
  await client.until('stale', () => agentsOf(client, 'lab').every(({ stale }) => stale === true));
  expect(agentsOf(client, 'lab').length).toBeGreaterThanOrEqual(6);
  const refused = await ask(gateway.url, 'POST', '/api/operations/agent.spawn', { server_id: 'lab', type: 'coder' });
  expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect(await ask(gateway.url, 'POST', '/api/operations/server.drain', { server_id: 'lab' })).toMatchObject({
    status: 503,
  });

  await using operator = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, token: OPERATOR_KEY });
  await operator.whenLive();
  expect(await operator.command('server.resume', { server_id: 'lab' })).toMatchObject({ result: { resumed: true } });
  await client.until('healthy again', () => healthOf(client, 'lab')?.state === 'healthy');
  await client.until('fresh', () => agentsOf(client, 'lab').some(({ stale }) => stale !== true));

  expect(await done(gateway.url, 'server.remove', { server_id: 'lab' })).toMatchObject({ removed: true });
  await client.until('gone', () => agentsOf(client, 'lab').length === 0);
  expect(await ask(gateway.url, 'POST', '/api/operations/server.remove', { server_id: 'lab' })).toMatchObject({
    status: 404,
    body: { code: 'no_such_server' },
  });
  expect(healthOf(client, 'first')?.state).toBe('healthy');
  const audit = await ask(gateway.url, 'GET', '/api/audit');
  const noted = (audit.body['entries'] as { operation: string; outcome: string; target: unknown }[]).filter(
    ({ operation }) => operation.startsWith('server.'),
  );
  expect(noted.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
    'server.add ok',
    'server.drain ok',
    'server.drain unavailable',
    'server.resume ok',
    'server.remove ok',
    'server.remove no_such_server',
  ]);
  expect(noted[0]?.target).toEqual({ server_id: 'lab' });
});

test('a drain waits for what is under way, lets nothing new in, and ends what is never answered', async () => {
  const waiting: [Heard, PeerSocket][] = [];
  const tools = ['agent_list', 'agent_spawn', 'swarm_status', 'task_list'];
  await using raw = await RawPeer.start(
    politePeer((message, peer) => {
      if (message.params?.['name'] === 'agent_spawn') waiting.push([message, peer]);
      else peer.result(message, textResult({ agents: [], tasks: [] }));
    }, tools),
  );
  await using gateway = await openTestGateway({
    servers: [{ id: 'slow', transport: 'tcp', port: raw.port, dialect: 'claude-flow' }],
    'server.operator_key': OPERATOR_KEY,
    'upstream.request_timeout_ms': 3_000,
  });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('healthy', () => healthOf(client, 'slow')?.state === 'healthy');
  const spawn = () => ask(gateway.url, 'POST', '/api/operations/agent.spawn', { server_id: 'slow', type: 'coder' });
  const drain = () => ask(gateway.url, 'POST', '/api/operations/server.drain', { server_id: 'slow' });

  const underWay = spawn();
  await until('the call at the server', () => waiting.length === 1);
  const drained = drain();
  await expect.poll(async () => (await spawn()).body['code'], { timeout: 15_000 }).toBe('unavailable');
  expect(raw.sockets.size).toBeGreaterThan(0);
  for (const [message, peer] of waiting) peer.result(message, textResult({ success: true, agentId: 'agent-1' }));
  expect((await underWay).status).toBe(200);
  expect(await drained).toMatchObject({ status: 200, body: { result: { unanswered: 0 } } });
  await until('the connection closed', () => raw.sockets.size === 0);

  await done(gateway.url, 'server.resume', { server_id: 'slow' });
  await client.until('healthy again', () => healthOf(client, 'slow')?.state === 'healthy');
  waiting.length = 0;
  const never = spawn();
  await until('the call at the server', () => waiting.length === 1);
  const { body } = await drain();
  expect((body['result'] as { unanswered: number }).unanswered).toBeLessThanOrEqual(1);
  expect((await never).status).toBe(504);
});

test('a reload keeps what was added and brings back what was removed or drained', async () => {
  const opened = await Promise.all(['a', 'b', 'c'].map((id, seed) => openTestServer(id, { seed: seed + 1 })));
  const [a, b, c] = opened;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three were opened');
  {
    await using gateway = await openTestGateway({
      'server.operator_key': OPERATOR_KEY,
      servers: [a.server, b.server],
    });
    using client = await RecordingClient.connect(gateway.url);
    const all = (...ids: string[]) => ids.every((id) => healthOf(client, id)?.state === 'healthy');
    await client.until('both', () => all('a', 'b'));
    await done(gateway.url, 'server.add', { server_id: 'c', transport: 'tcp', port: c.simulator.port });
    await client.until('the third', () => all('c'));
    expect(await done(gateway.url, 'server.remove', { server_id: 'a' })).toMatchObject({ lasts: 'until a reload' });
    await done(gateway.url, 'server.drain', { server_id: 'b' });
    await client.until('removed', () => agentsOf(client, 'a').length === 0);
    await client.until('drained', () => healthOf(client, 'b')?.state === 'down');

    expect(await gateway.reload()).toMatchObject({ outcome: 'applied' });
    await client.until('as configured', () => all('b', 'c') && agentsOf(client, 'a').length >= 6);
  }
  await Promise.all(opened.map(({ simulator }) => simulator[Symbol.asyncDispose]()));
});

test.each([
  ['an id that is taken', { server_id: 'one', transport: 'tcp', port: 1 }, 'there is a server one already'],
  ['the same place again', { server_id: 'two', transport: 'tcp', port: 9 }, 'one is the same server'],
  ['a process to start', { server_id: 'x', transport: 'stdio', command: 'sh' }, 'transport'],
  [
    'a secret',
    { server_id: 'x', transport: 'http', url: 'https://a.example/', bearer: { file: '/etc/shadow' } },
    'bearer',
  ],
  ['a password in the url', { server_id: 'x', transport: 'http', url: 'https://u:p@a.example/' }, 'user or a password'],
  ['another scheme', { server_id: 'x', transport: 'http', url: 'file:///etc/passwd' }, 'url'],
  ['fields of the other transport', { server_id: 'x', transport: 'tcp', url: 'http://a.example/' }, 'url'],
  ['what clouds keep secrets at', { server_id: 'x', transport: 'http', url: 'http://169.254.169.254/' }, 'link-local'],
  ['… as IPv6', { server_id: 'x', transport: 'http', url: 'http://[::ffff:169.254.169.254]/' }, 'link-local'],
  ['… as one number', { server_id: 'x', transport: 'http', url: 'http://2852039166/' }, 'link-local'],
  ['… by another cloud', { server_id: 'x', transport: 'tcp', host: 'fd00:ec2::254' }, 'metadata'],
  ['a link-local host', { server_id: 'x', transport: 'tcp', host: 'fe80::1' }, 'link-local'],
  ['an odd id', { server_id: '../x', transport: 'tcp' }, 'server_id'],
  ['prototype keys', JSON.parse('{"server_id":"x","transport":"tcp","__proto__":{"port":1}}') as object, '__proto__'],
])('%s is refused with a reason', async (_what, input, says) => {
  await using gateway = await openTestGateway({
    servers: [{ id: 'one', transport: 'tcp', port: 9 }],
    'server.operator_key': OPERATOR_KEY,
  });
  const body = JSON.stringify(input);
  const answer = await ask(gateway.url, 'POST', '/api/operations/server.add', body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'bad_input' } });
  expect(answer.body['detail']).toContain(says);
  expect((await ask(gateway.url, 'POST', '/api/operations/server.add', body, null)).status).toBe(401);
});

test('a name that leads to a link-local address is added, and never connected to', async () => {
  await using gateway = await openTestGateway({ 'server.operator_key': OPERATOR_KEY, 'simulate.agents': 2 });
  // Resolvers of systems take it for 169.254.169.254, though it is no address to look at.
  await done(gateway.url, 'server.add', { server_id: 'tcp', transport: 'tcp', host: '2852039166', port: 80 });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('the reason', () =>
    healthOf(client, 'tcp')?.reason.includes('2852039166 leads to 169.254.169.254, a link-local or metadata address'),
  );
});
