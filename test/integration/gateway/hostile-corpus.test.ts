/**
 * A server that says the whole corpus wherever a text is expected, through a whole gateway in a process of its own, to
 * every sink that has no browser: socket as JSON and msgpack, HTTP, metrics, logs, command line.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSwarmcast } from '../../../src/client/client.ts';
import { HOSTILE_TEXTS } from '../../corpus/hostile-text.ts';
import { builtMain } from '../../support/built-main.ts';
import { ask, OPERATOR_KEY } from '../../support/control.ts';
import { agentsByKey, RecordingClient } from '../../support/gateway.ts';
import { spawnGateway, type GatewayProcess } from '../../support/gateway-process.ts';
import { DEEP, FIELD_SECRETS, hostileServer, NAMED } from '../../support/hostile-server.ts';
import { provenByHeartbeat } from '../../support/proven.ts';
import { until } from '../../support/until.ts';
import { RawPeer } from '../hub/upstream/raw-peer.ts';

const SECRETS = [
  ...Object.values(FIELD_SECRETS),
  ...HOSTILE_TEXTS.flatMap(({ secret }) => secret ?? []),
  'hive-in-an-object',
];
const run = promisify(execFile);

let raw: RawPeer;
let gateway: GatewayProcess;
beforeAll(async () => {
  raw = await RawPeer.start(hostileServer());
  const server = { id: 'hostile', transport: 'tcp', port: raw.port, dialect: 'seed', poll_interval_ms: 500 };
  gateway = await spawnGateway(
    {
      'server.operator_key': OPERATOR_KEY,
      'log.level': 'debug',
      'log.format': 'json',
      'clients.heartbeat_interval_ms': 300,
      // All of it is pushed at the beginning and then no more.
      'world.stale_after_ms': 60_000,
      'world.remove_after_ms': 120_000,
    },
    { SWARMCAST_SERVERS: JSON.stringify([server]) },
  );
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await raw[Symbol.asyncDispose]();
});

/** Line ends, and in a terminal our own colours, are all that a sink may hold beside visible text. */
function expectHarmless(what: string, text: string): void {
  for (const secret of SECRETS) expect(text.includes(secret), `${what} leaks ${secret}`).toBe(false);
  const plain = text.replaceAll('\n', ' ');
  const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(plain);
  const around =
    control === null ? '' : JSON.stringify(plain.slice(Math.max(0, control.index - 40), control.index + 40));
  expect(around, `${what} holds a control character`).toBe('');
  expect(text.isWellFormed(), `${what} is well formed`).toBe(true);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

/** Beyond that, no text but an id, which stays as the server says it, holds what a page might run. */
function expectBroken(what: string, value: unknown): void {
  if (typeof value === 'string') {
    expect(value, what).not.toMatch(/<script|javascript:|data:text\/html|vbscript:|onload\s*=|onerror\s*=/i);
    expectHarmless(what, value);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const isId = /^(id|key|.*_id|from|to|from_agent|to_agent|assignees|swarm)$/.test(name);
      if (!isId) expectBroken(`${what}.${name}`, inner);
    }
  }
}

async function cli(...args: string[]): Promise<string> {
  const env = { ...process.env, SWARMCAST_SERVER_OPERATOR_KEY: OPERATOR_KEY, NO_COLOR: '1' };
  const { stdout, stderr } = await run(process.execPath, [builtMain(), ...args], { env, maxBuffer: 67_108_864 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
}

test('JSON: every agent is there, named or not, and every message is whole', async () => {
  using client = await RecordingClient.connect(gateway.url, { mode: 'high_frequency' });
  const named = await client.until('all agents', () => {
    const all = [...agentsByKey(client).values()].filter(({ id }) => /^[a-z-]+-\d+$/.test(String(id)));
    return all.filter(({ id }) => !String(id).startsWith('pushed')).length >= NAMED && all;
  });
  expect(named.filter(({ id }) => String(id).startsWith('pushed'))).toHaveLength(HOSTILE_TEXTS.length);
  await client.until('tasks', () =>
    client.messages.some((message) => message.type === 'task_update' || message.type === 'snapshot'),
  );
  for (const message of client.messages) {
    expectHarmless(message.type, JSON.stringify(message));
    expectBroken(message.type, message);
  }
  expect(JSON.stringify(client.messages)).toContain('<·script>');
  expect(client.closed).toBeUndefined();
});

test('msgpack: the state is the one that the gateway has', async () => {
  await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, coding: 'msgpack' });
  await client.whenLive();
  await until('all agents', () => client.state.agents.size > 2 * HOSTILE_TEXTS.length);
  await provenByHeartbeat(client);
  for (const agent of client.state.agents.values()) expectBroken(agent.key, agent);
  for (const task of client.state.tasks.values()) expectBroken(task.id, task);
  expectHarmless('state', JSON.stringify([...client.state.agents.values(), ...client.state.servers.values()]));
});

test.each(['/api/bots/agents', '/api/health/mcp', '/api/metrics/mcp', '/api/bots/swarms', '/healthz', '/readyz'])(
  'HTTP %s',
  async (path) => {
    const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } });
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^(application\/(problem\+)?json|text\/plain)/);
    expectHarmless(path, text);
    if (text.startsWith('{')) expectBroken(path, JSON.parse(text));
  },
);

test('operations that the server refuses with the corpus are answered, audited, and harmless', async () => {
  for (let i = 0; i < HOSTILE_TEXTS.length; i += 10) {
    const { status, body } = await ask(gateway.url, 'POST', '/api/operations/agent.spawn', {
      server_id: 'hostile',
      swarm_id: 'swarm-1',
      type: 'coder',
      name: `a-${i}`,
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expectHarmless('problem', JSON.stringify(body));
    expectBroken('problem', body);
  }
  const audit = await ask(gateway.url, 'GET', '/api/audit');
  expect(audit.status).toBe(200);
  expectHarmless('audit', JSON.stringify(audit.body));
});

test('metrics: every line is one, secrets and suspicious content are counted by kind', async () => {
  const text = await (
    await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } })
  ).text();
  expectHarmless('metrics', text);
  for (const line of text.trim().split(/\n+/)) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-z_]+="[^"\\]*",?)+\})? [-+0-9.eNaInf]+)$/);
  }
  expect(text).not.toMatch(/^forged/m);
  for (const kind of ['script_tag', 'script_url', 'data_url', 'event_handler']) {
    const count = new RegExp(
      `^swarmcast_upstream_suspicious_total\\{server="hostile",kind="${kind}"\\} ([1-9]\\d*)$`,
      'm',
    );
    expect(text).toMatch(count);
  }
  expect(text).toMatch(/^swarmcast_upstream_secrets_redacted_total\{server="hostile"\} [1-9]/m);
  expect(text).toContain(`swarmcast_upstream_deep_lines_total{server="hostile"} ${DEEP.length}\n`);
  expect(text).toMatch(/^swarmcast_upstream_refused_observations_total\{server="hostile"\} /m);
});

test.each([
  ['watch', '--once'],
  ['watch', '--once', '--json'],
  ['watch', '--once', '--coding', 'msgpack'],
  ['clients'],
  ['do', 'agent.list', '--server', 'hostile'],
  ['do', 'task.status', '--server', 'hostile'],
  ['do', 'agent.spawn', '--server', 'hostile', '--type', 'coder'],
])('command line: %s %s %s', async (...args) => {
  const text = await cli(...args, '--url', gateway.url);
  expect(text.length).toBeGreaterThan(10);
  expectHarmless(args.join(' '), text);
});

test('command line: probe', async () => {
  expectHarmless('probe', await cli('probe', `tcp://127.0.0.1:${raw.port}`, '--tools'));
  expectHarmless('probe --json', await cli('probe', `tcp://127.0.0.1:${raw.port}`, '--json'));
});

test('logs: every line is one JSON object of ours', () => {
  const lines = gateway.stderr().trim().split('\n');
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const entry = JSON.parse(line) as Record<string, unknown>;
    expect(entry['level'], line).not.toBe(60);
    expect(entry).not.toHaveProperty('forged');
  }
  expectHarmless('log', lines.join('\n'));
});
