import { describe, expect, test } from 'vitest';
import { runCli } from '../../../src/cli/cli.ts';
import { accessOf } from '../../support/access.ts';
import { fileOf, SECRET } from '../../support/tokens.ts';

async function run(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(argv, {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    signal: AbortSignal.abort('test'),
  });
  return { code, stdout, stderr };
}

const COMMANDS = ['start', 'watch', 'clients', 'probe', 'token', 'simulate', 'check-config'];

describe('swarmcast', () => {
  test('without a command explains itself', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(command);
  });

  test.each(COMMANDS)('%s --help teaches', async (command) => {
    const { code, stdout } = await run(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`swarmcast ${command}`);
    expect(stdout).toContain('--');
  });

  test.each([
    { note: 'unknown command', argv: ['strat'], says: 'commands: start' },
    { note: 'prototype word', argv: ['constructor'], says: 'unknown command' },
    { note: 'unknown flag', argv: ['start', '--prot', '1'], says: '--prot' },
    { note: 'malformed --set', argv: ['start', '--set', 'x'], says: 'PATH=VALUE' },
    { note: 'unknown verb', argv: ['clients', 'lst'], says: 'allowed: list, set, cap' },
    { note: 'mode that is no cap', argv: ['clients', 'cap', 'on_demand'], says: 'must be one of high_frequency' },
    { note: 'missing mode', argv: ['clients', 'set', 'x'], says: 'usage: swarmcast clients set ID MODE' },
    { note: 'a key without a name', argv: ['token', 'create'], says: '--id NAME' },
    { note: 'unknown role', argv: ['token', 'create', '--id', 'x', '--role', 'root'], says: 'viewer, operator' },
    { note: 'a bare swarm', argv: ['token', 'create', '--id', 'x', '--swarm', 's'], says: 'server/swarm' },
    { note: 'no token', argv: ['token', 'inspect', 'hello'], says: 'neither' },
    { note: 'bad url', argv: ['clients', '--url', 'nowhere'], says: "must be the gateway's" },
    { note: 'bad port', argv: ['start', '--port', '70000'], says: 'server.port (flag --port)' },
    { note: 'unknown setting', argv: ['check-config', '--set', 'log.lvl=1'], says: 'did you mean "level"' },
  ])('$note: exit code 2 and a message that helps', async ({ argv, says }) => {
    const { code, stderr } = await run(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });

  test('check-config prints values, sources and masks secrets', async () => {
    const { code, stdout } = await run('check-config', '--json', '--set', 'upstream.api_key=hunter2', '--port', '0');
    expect(code).toBe(0);
    const { settings } = JSON.parse(stdout) as { settings: { path: string; value: unknown; source: string }[] };
    expect(settings).toContainEqual({ path: 'server.port', value: 0, source: 'flag --port' });
    expect(settings.find(({ path }) => path === 'upstream.api_key')?.value).toBe('***');
  });
});

describe('swarmcast token', () => {
  test('what create prints is accepted by a gateway that was given its entry, until it is revoked', async () => {
    const made = await run('token', 'create', '--id', 'wall', '--swarm', 'a/s', '--field', 'name', '--json');
    const { key, entry } = JSON.parse(made.stdout) as { key: string; entry: { id: string } };
    const hashed = await run('token', 'hash', key);
    expect(entry).toEqual({
      id: 'wall',
      role: 'viewer',
      swarms: ['a/s'],
      fields: ['name'],
      sha256: hashed.stdout.trim(),
    });
    expect(await (await accessOf({ auth: { keys: [entry] } })).verify(key)).toMatchObject({ kind: 'identity' });
    const config = fileOf(JSON.stringify({ auth: { keys: [{ ...entry, revoked: true }] } }), 'config.yaml');
    const inspected = await run('token', 'inspect', key, '-c', config);
    expect(inspected.code).toBe(1);
    expect(inspected.stdout).toContain('reason: revoked');
    expect(inspected.stdout).not.toContain(key);
  });

  test('a signed token is accepted, and can be looked into', async () => {
    const file = fileOf(SECRET);
    const made = await run('token', 'create', '--jwt', '--subject', 'ada', '--role', 'operator', '--key-file', file);
    const config = fileOf(JSON.stringify({ auth: { jwt: { secret_file: file } } }), 'config.yaml');
    const { code, stdout } = await run('token', 'inspect', made.stdout.trim(), '--json', '-c', config);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      header: { alg: 'HS256' },
      claims: { sub: 'ada', aud: 'swarmcast' },
      verdict: { kind: 'identity', identity: { subject: 'ada', role: 'operator' } },
    });
  });
});
