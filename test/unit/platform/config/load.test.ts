import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../../src/platform/config/errors.ts';
import { effectiveSettings, loadConfig } from '../../../../src/platform/config/load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarmcast-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function load(environment: Record<string, string> = {}, flags: Record<string, unknown> = {}, files: string[] = []) {
  return loadConfig({ files, flags, environment });
}

function problemsOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('layers', () => {
  test('defaults stand alone, and are safe: loopback, port 8080', () => {
    const { config, sourceOf } = load();
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8080, allowed_origins: [] });
    expect(sourceOf('server.port')).toBe('default');
  });

  test('file < environment < flag, each with its source', () => {
    const path = file('layers.yaml', 'server: { port: 1111, host: 127.0.0.2 }\nlog: { level: debug }\n');
    const loaded = load({ SWARMCAST_SERVER_PORT: '2222', SWARMCAST_LOG_LEVEL: 'warn' }, { 'log.level': 'error' }, [
      path,
    ]);
    expect(loaded.config.server).toMatchObject({ port: 2222, host: '127.0.0.2' });
    expect(loaded.config.log.level).toBe('error');
    expect(loaded.sourceOf('server.host')).toBe(path);
    expect(loaded.sourceOf('server.port')).toBe('environment SWARMCAST_SERVER_PORT');
    expect(loaded.sourceOf('log.level')).toBe('flag --log-level');
  });

  test('a later file wins over an earlier one', () => {
    const files = [file('a.yaml', 'server: { port: 1 }'), file('b.yaml', 'server: { port: 2 }')];
    expect(load({}, {}, files).config.server.port).toBe(2);
  });

  test('the result is frozen through and through', () => {
    const { config } = load({}, { servers: [{ id: 'a', transport: 'tcp' }] });
    expect(Object.isFrozen(config.servers[0])).toBe(true);
  });

  test('effective settings name every setting of the schema once', () => {
    const paths = effectiveSettings(load()).map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toContain('clients.idle_timeout_ms');
    expect(paths).toContain('servers');
  });
});

describe('the seeds’ environment names', () => {
  test.each([
    { note: 'MCP_HOST alone', env: { MCP_HOST: 'box' }, id: 'claude-flow', host: 'box', port: 9500 },
    { note: 'MCP_TCP_PORT alone', env: { MCP_TCP_PORT: '9' }, id: 'claude-flow', host: '127.0.0.1', port: 9 },
    {
      note: 'CLAUDE_FLOW_HOST wins',
      env: { MCP_HOST: 'a', CLAUDE_FLOW_HOST: 'b' },
      id: 'claude-flow',
      host: 'b',
      port: 9500,
    },
    { note: 'RUV_SWARM', env: { RUV_SWARM_HOST: 'r' }, id: 'ruv-swarm', host: 'r', port: 9501 },
    { note: 'DAA', env: { DAA_HOST: 'd', DAA_PORT: '77' }, id: 'daa', host: 'd', port: 77 },
  ])('$note', ({ env, id, host, port }) => {
    expect(load(env).config.servers).toMatchObject([{ id, transport: 'tcp', host, port }]);
  });

  test.each([
    { name: 'MCP_CONNECTION_TIMEOUT', value: '30000', path: 'connect_timeout_ms', expected: 30_000 },
    { name: 'MCP_TELEMETRY_INTERVAL', value: '200', path: 'telemetry_interval_ms', expected: 200 },
    { name: 'MCP_POOL_SIZE', value: '10', path: 'pool_size', expected: 10 },
    { name: 'MCP_KEEPALIVE', value: '30', path: 'heartbeat_interval_ms', expected: 30_000 },
  ] as const)('$name sets upstream.$path', ({ name, value, path, expected }) => {
    expect(load({ [name]: value }).config.upstream[path]).toBe(expected);
  });

  test('a SWARMCAST_ name wins over a seed name', () => {
    const { config } = load({ SWARMCAST_UPSTREAM_POOL_SIZE: '2', MCP_POOL_SIZE: '10' });
    expect(config.upstream.pool_size).toBe(2);
  });

  test('a seed name without effect is said to have none', () => {
    expect(load({ MCP_TELEMETRY_COMPRESSION: 'gzip' }).notes).toEqual([
      'MCP_TELEMETRY_COMPRESSION is understood and has no effect in this version',
    ]);
  });
});

describe('refusals name key, source, value and what is allowed', () => {
  test.each([
    {
      note: 'unknown name',
      env: { SWARMCAST_PROT: '1' },
      key: 'SWARMCAST_PROT',
      says: 'did you mean "SWARMCAST_PORT"',
    },
    { note: 'wrong type', env: { SWARMCAST_PORT: 'abc' }, key: 'server.port', says: '"abc"' },
    { note: 'out of range', env: { SWARMCAST_PORT: '99999' }, key: 'server.port', says: '<=65535' },
    { note: 'bad choice', env: { SWARMCAST_LOG_LEVEL: 'loud' }, key: 'log.level', says: '"warn"' },
    { note: 'bad seed port', env: { DAA_PORT: '0' }, key: 'servers', says: '1–65535' },
    {
      note: 'prototype word as a boolean-like value',
      env: { SWARMCAST_SIMULATE_SWARMS: 'constructor' },
      key: 'simulate.swarms',
      says: 'integer',
    },
  ])('environment: $note', ({ env, key, says }) => {
    const [problem] = problemsOf(() => load(env));
    expect(problem?.key).toBe(key);
    expect(problem?.message).toContain(says);
  });

  test.each([
    { note: 'unknown key', yaml: 'sever: {}', key: 'sever', says: 'did you mean "server"' },
    { note: 'unknown nested key', yaml: 'clients: { max_client: 3 }', key: 'clients.max_client', says: 'max_clients' },
    {
      note: 'unknown server key',
      yaml: 'servers: [{ id: a, transport: tcp, hots: x }]',
      key: 'servers.0.hots',
      says: '"host"',
    },
    {
      note: 'unknown transport',
      yaml: 'servers: [{ id: a, transport: carrier-pigeon }]',
      key: 'servers.0.transport',
      says: "'stdio'",
    },
    {
      note: 'duplicate id',
      yaml: 'servers: [{ id: a, transport: tcp }, { id: a, transport: tcp }]',
      key: 'servers.1.id',
      says: 'twice',
    },
    {
      note: 'generic without mapping',
      yaml: 'servers: [{ id: a, transport: tcp, dialect: generic }]',
      key: 'servers.0.mapping',
      says: 'missing',
    },
    {
      note: 'limits crossed',
      yaml: 'clients: { soft_limit_bytes: 9000000 }',
      key: 'clients.soft_limit_bytes',
      says: 'hard_limit_bytes',
    },
    { note: 'nothing to show', yaml: 'simulate: { enabled: never }', key: 'servers', says: 'empty' },
    { note: 'not YAML', yaml: 'a: [1', key: '(file)', says: 'is not YAML' },
    { note: 'not a map', yaml: '- 1', key: '(file)', says: 'map of settings' },
  ])('file: $note', ({ note, yaml, key, says }) => {
    const path = file(`${note}.yaml`, yaml);
    const problem = problemsOf(() => load({}, {}, [path])).find((candidate) => candidate.key === key);
    expect(problem?.message).toContain(says);
  });

  test('every problem is listed, not only the first', () => {
    const path = file('many.yaml', 'server: { port: -1 }\nlog: { level: loud }\nnope: 1\n');
    expect(
      problemsOf(() => load({}, {}, [path]))
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['log.level', 'nope', 'server.port']);
  });

  test('secrets are masked, also inside a refused server', () => {
    const path = file(
      'secret.yaml',
      'servers: [{ id: a, transport: nope, api_key: hunter2 }]\nupstream: { api_key: [hunter2] }',
    );
    const text = problemsOf(() => load({}, {}, [path]))
      .map(({ message }) => message)
      .join(' ');
    expect(text).toContain('refused');
    expect(text).not.toContain('hunter2');
  });

  test('a missing file is named', () => {
    const [problem] = problemsOf(() => load({}, {}, [join(folder, 'absent.yaml')]));
    expect(problem?.source).toContain('absent.yaml');
  });
});

describe('who may come', () => {
  const key = { id: 'k', sha256: 'a'.repeat(64) };
  const wide = { 'server.host': '0.0.0.0' };
  test.each([
    ['a wider address and nobody asked', wide, 'server.host'],
    ['a wider address, everybody a viewer', { ...wide, 'auth.anonymous': 'viewer' }, 'server.host'],
    [
      'a wider address, everybody an operator',
      { ...wide, 'auth.anonymous': 'operator', 'auth.keys': [key] },
      'auth.anonymous',
    ],
    ['two keys of one name', { 'auth.keys': [key, key] }, 'auth.keys.1.id'],
    ['a key that is no hash', { 'auth.keys': [{ id: 'k', sha256: 'secret' }] }, 'auth.keys.0.sha256'],
    ['two secrets', { 'auth.jwt.secret': 'x'.repeat(32), 'auth.jwt.secret_file': 'f' }, 'auth.jwt.secret_file'],
    ['a short secret', { 'auth.jwt.secret': 'short' }, 'auth.jwt.secret'],
  ])('%s is refused', (_, flags, where) => {
    expect(problemsOf(() => load({}, flags)).map(({ key: path }) => path)).toContain(where);
  });

  test.each([
    ['keys', { 'auth.keys': [key] }],
    ['tokens', { 'auth.jwt.secret': 'x'.repeat(32) }],
    ['an operator key', { 'server.operator_key': 'x'.repeat(16) }],
    ['keys, and viewers without one on purpose', { 'auth.keys': [key], 'auth.anonymous': 'viewer' }],
    ['the explicit word', { 'auth.allow_unauthenticated_network': true }],
  ])('a wider address with %s is accepted', (_, flags) => {
    expect(load({}, { ...wide, ...flags }).config.server.host).toBe('0.0.0.0');
  });

  test('a refusal shows no secret', () => {
    const [problem] = problemsOf(() => load({}, { 'auth.jwt.secret': 'short-secret' }));
    expect(JSON.stringify(problem)).not.toContain('short-secret');
  });
});
