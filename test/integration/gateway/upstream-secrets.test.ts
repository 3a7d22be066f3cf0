/** Credentials towards servers, through a whole gateway: a reload takes new ones, and nobody else's are passed on. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { done, OPERATOR_KEY } from '../../support/control.ts';
import { agentsByKey, openTestGateway, RecordingClient } from '../../support/gateway.ts';
import { fileOf, SECRET, signToken } from '../../support/tokens.ts';
import { until } from '../../support/until.ts';
import { HttpPeer, reply } from '../hub/upstream/http-peer.ts';
import { politePeer, RawPeer, textResult } from '../hub/upstream/raw-peer.ts';

const stateOf = (client: RecordingClient) => {
  const known = client.messages.flatMap((message) => {
    if (message.type === 'discovery') return message.payload.servers.map(({ health }) => health);
    return message.type === 'health_update' ? [message.payload] : [];
  });
  return known.at(-1);
};

test('a reload reads secrets again; one that cannot be read is refused, and the old one stays', async () => {
  let wanted = 'token-1';
  await using peer = await HttpPeer.start((asked) => reply(asked, { result: textResult({ agents: [] }) }));
  peer.gate = ({ request, response }) => {
    if (request.headers.authorization === `Bearer ${wanted}`) return false;
    response.writeHead(401).end();
    return true;
  };
  const file = fileOf('token-1\n');
  await using gateway = await openTestGateway({
    servers: [{ id: 'web', transport: 'http', url: peer.url, dialect: 'claude-flow', bearer: { file } }],
  });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('healthy', () => stateOf(client)?.state === 'healthy');
  wanted = 'token-2';
  await client.until('refused', () => stateOf(client)?.reason.includes('authentication refused: HTTP 401'));

  writeFileSync(file, '');
  expect(await gateway.reload()).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('servers.0.bearer'),
  });
  writeFileSync(file, 'token-2\n');
  expect(await gateway.reload()).toMatchObject({ outcome: 'applied', servers: { changed: ['web'] } });
  await client.until('healthy again', () => stateOf(client)?.state === 'healthy');
});

test('a token of a client never travels to a server', async () => {
  let bytes = '';
  await using raw = await RawPeer.start(
    politePeer(
      (message, peer) => peer.result(message, textResult({ agents: [], agentId: 'a-1', success: true })),
      ['agent_list', 'agent_spawn', 'swarm_status', 'task_list'],
    ),
    { onConnect: ({ socket }) => socket.on('data', (chunk: Buffer) => (bytes += chunk.toString())) },
  );
  await using gateway = await openTestGateway({
    servers: [{ id: 'one', transport: 'tcp', port: raw.port, dialect: 'claude-flow', api_key: 'own-key' }],
    'server.operator_key': OPERATOR_KEY,
    'auth.jwt.secret': SECRET,
  });
  const token = await signToken({ role: 'operator' });
  const ready = async () => {
    const answer = await fetch(`${gateway.url}/api/health/mcp`, { headers: { authorization: `Bearer ${token}` } });
    return (await answer.text()).includes('"healthy"');
  };
  await expect.poll(ready, { timeout: 15_000 }).toBe(true);
  await done(gateway.url, 'agent.spawn', { server_id: 'one', type: 'coder', name: 'ann' });
  const body = JSON.stringify({ server_id: 'one', type: 'coder', name: 'bob' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', cookie: 'a=cookie-1' };
  const spawned = await fetch(`${gateway.url}/api/operations/agent.spawn`, { method: 'POST', headers, body });
  expect(spawned.status).toBe(200);
  await until('both spawns at the server', () => raw.methods.filter((one) => one === 'tool agent_spawn').length === 2);
  expect(bytes).toContain('own-key');
  for (const secret of [token, OPERATOR_KEY, 'cookie-1', SECRET]) expect(bytes).not.toContain(secret);
});

test('what a server quotes of what it was given reaches nobody: not as a name, a type, an id, an answer or an event', async () => {
  const SECRET_KEY = 'own-key-of-one';
  const agents = [
    { agent_id: 'a-1', swarm_id: 'w', name: `ann ${SECRET_KEY}`, type: SECRET_KEY },
    { agent_id: `id-${SECRET_KEY}`, swarm_id: 'w', name: 'bob' },
  ];
  await using raw = await RawPeer.start(
    politePeer((message, peer) => {
      if (message.method === 'agent.list') peer.result(message, { agents });
      else if (message.method === 'task.results') peer.result(message, { results: { said: [SECRET_KEY] } });
      else if (message.method === 'telemetry.subscribe') {
        peer.result(message, { subscription_id: 's', success: true });
        const data = { agent_id: 'a-2', swarm_id: 'w', type: 'coder', name: `eve ${SECRET_KEY}` };
        peer.say({ type: 'agent.spawned', timestamp: new Date().toISOString(), data });
      } else peer.error(message, -32_601, `Method not found, says ${SECRET_KEY}`);
    }, []),
  );
  await using gateway = await openTestGateway({
    servers: [{ id: 'one', transport: 'tcp', port: raw.port, dialect: 'seed', api_key: SECRET_KEY }],
    'server.operator_key': OPERATOR_KEY,
  });
  using client = await RecordingClient.connect(gateway.url, { mode: 'high_frequency' });
  const has = (name: string) => () => [...agentsByKey(client).values()].some((agent) => agent['name'] === name);
  await client.until('ann, without it', has('ann ***'));
  await client.until('eve, of an event, without it', has('eve ***'));
  expect([...agentsByKey(client).keys()].toSorted()).toEqual(['one/w/a-1', 'one/w/a-2']);
  expect(await done(gateway.url, 'task.results', { server_id: 'one', task_id: 't' })).toMatchObject({
    results: { said: ['***'] },
  });
  const everything = await Promise.all(
    ['/api/bots/agents', '/api/health/mcp', '/api/audit', '/metrics'].map(async (path) => {
      const headers = { authorization: `Bearer ${OPERATOR_KEY}` };
      return (await fetch(`${gateway.url}${path}`, { headers })).text();
    }),
  );
  expect(everything.join('\n') + JSON.stringify(client.messages)).not.toContain(SECRET_KEY);
  expect(everything.at(-1)).toMatch(/swarmcast_upstream_secrets_redacted_total\{server="one"\} [1-9]/);
  expect(everything.at(-1)).toMatch(/swarmcast_upstream_refused_observations_total\{server="one"\} /);
});
