import { expect, describe, test } from 'vitest';
import { ConfigError } from '../../../../src/platform/config/errors.ts';
import { loadConfig } from '../../../../src/platform/config/load.ts';
import { parseServers } from '../../../../src/platform/config/servers-file.ts';
import { maskSecrets } from '../../../../src/platform/config/settings-table.ts';
import { Authority } from '../../../support/certificates.ts';
import { fileOf } from '../../../support/tokens.ts';

const web = { id: 'web', transport: 'http', url: 'https://agents.example/mcp' };
const tcp = { id: 'tcp', transport: 'tcp', port: 9500 };

function load(server: object, environment: Record<string, string> = {}) {
  const { config, notes } = loadConfig({ files: [], flags: { servers: [server] }, environment });
  return { server: config.servers[0], notes };
}

function problemsOf(server: object, environment: Record<string, string> = {}) {
  try {
    load(server, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key, message }) => `${key}: ${message}`);
    throw error;
  }
  return [];
}

describe('secrets of servers', () => {
  test('come from the environment and from files, without the line end that editors add', () => {
    const { server, notes } = load(
      {
        ...web,
        api_key: { env: 'AGENTS_KEY' },
        bearer: { file: fileOf('token-1\n') },
        headers: { 'x-api-key': { env: 'AGENTS_KEY' }, accept: 'x/y' },
      },
      { AGENTS_KEY: 'key-1' },
    );
    expect(server).toMatchObject({
      api_key: 'key-1',
      bearer: 'token-1',
      headers: { 'x-api-key': 'key-1', accept: 'x/y' },
    });
    expect(notes).toEqual([]);
    const stdio = { id: 'own', transport: 'stdio', command: 'x', env: { MODE: 'a', API_KEY: { env: 'AGENTS_KEY' } } };
    expect(load(stdio, { AGENTS_KEY: 'key-1' }).server).toMatchObject({ env: { MODE: 'a', API_KEY: 'key-1' } });
  });

  test.each([
    ['a literal bearer', { ...web, bearer: 'hunter2' }, 'servers.0.bearer: a secret does not belong'],
    ['a literal key of a certificate', { ...tcp, tls: { key: 'hunter2' } }, 'servers.0.tls.key: a secret does not'],
    ['an environment name that is not set', { ...web, bearer: { env: 'NOPE' } }, 'servers.0.bearer: environment NOPE'],
    ['a file that is not there', { ...web, bearer: { file: '/nope/x' } }, 'servers.0.bearer: /nope/x cannot be read'],
    ['an empty file', { ...web, bearer: { file: fileOf('\n') } }, 'is empty'],
    ['both', { ...web, bearer: { env: 'A', file: 'b' } }, 'servers.0.bearer: must be { env: NAME } or { file: PATH }'],
    ['neither', { ...web, headers: { 'x-api-key': { value: 'x' } } }, 'servers.0.headers.x-api-key: must be { env:'],
    ['two lines in a header', { ...web, bearer: { file: fileOf('a\nb') } }, 'must be visible ASCII on one line'],
    ['a header with an odd name', { ...web, headers: { 'a b': 'c' } }, 'servers.0.headers.a b'],
    ['TLS settings for http', { ...web, url: 'http://agents.example/', tls: {} }, 'servers.0.tls: needs an https url'],
    [
      'an authority that is none',
      { ...tcp, tls: { ca: { file: fileOf('x') } } },
      'servers.0.tls.ca: is no certificate',
    ],
    ['a certificate alone', { ...tcp, tls: { cert: 'x' } }, 'servers.0.tls.key: is missing'],
    ['no way to leave certificates unverified', { ...tcp, tls: { insecure: true } }, 'servers.0.tls'],
  ])('%s is refused, by the name of its setting and without its value', (_what, server, says) => {
    const text = problemsOf(server).join('\n');
    expect(text).toContain(says);
    expect(text).not.toContain('hunter2');
  });

  test('a key that is not of its certificate is refused', () => {
    const authority = new Authority('one');
    const [a, b] = [authority.sign('a', []), authority.sign('b', [])];
    const tls = (keyFile: string) => ({ cert: { file: a.certFile }, key: { file: keyFile } });
    expect(load({ ...tcp, tls: tls(a.keyFile) }).server).toMatchObject({ tls: { cert: a.cert.trim() } });
    expect(problemsOf({ ...tcp, tls: tls(b.keyFile) }).join()).toContain('servers.0.tls: cannot be used');
  });

  test('what stands in the configuration, and what goes without TLS, is pointed out', () => {
    const { notes } = load({ ...tcp, host: 'agents.example', api_key: 'key-1' });
    expect(notes).toEqual([
      'secrets stand in the configuration: servers.0.api_key; better { env: NAME } or { file: PATH }',
      'these servers get their credentials without TLS: tcp',
    ]);
    expect(load({ ...web, headers: { Authorization: 'Bearer x', accept: 'y' } }).notes.join()).toContain(
      'servers.0.headers.Authorization;',
    );
    expect(load({ ...tcp, tls: true, host: 'agents.example', api_key: { env: 'K' } }, { K: 'x' }).notes).toEqual([]);
  });

  test('are masked wherever the configuration is shown', () => {
    const { cert, key } = new Authority('one').sign('a', []);
    const shown = JSON.stringify(
      maskSecrets(
        [load({ ...tcp, api_key: 'hunter2', tls: { cert, key: { env: 'K' } } }, { K: key }).server],
        'servers',
      ),
    );
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain('PRIVATE KEY');
    expect(JSON.stringify(maskSecrets([{ bearer: 'hunter2', tls: { key_passphrase: 'hunter2' } }]))).not.toContain(
      'hunter2',
    );
  });

  test('of discovered servers are read the same way', () => {
    const text = JSON.stringify([{ ...web, bearer: { env: 'T' } }]);
    expect(parseServers(text, 'list', { T: 'token-1' })).toMatchObject([{ bearer: 'token-1' }]);
    expect(() => parseServers(text, 'list', {})).toThrow('servers.0.bearer');
    expect(() => parseServers(JSON.stringify([{ ...tcp, tls: { cert: 'x' } }]), 'list', {})).toThrow('tls.key');
  });
});
