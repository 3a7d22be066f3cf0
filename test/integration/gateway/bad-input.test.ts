import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '../../../src/gateway.ts';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';
import { builtMain } from '../../support/built-main.ts';

let gateway: Gateway;
let simulator: AsyncDisposable;
beforeAll(async () => {
  const opened = await openTestServer('sim');
  simulator = opened.simulator;
  gateway = await openTestGateway({ servers: [opened.server] });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

describe('bad messages get an error that helps, and the connection goes on', () => {
  test.each([
    { note: 'bad JSON', raw: '{"type":', code: 'malformed', says: 'JSON' },
    { note: 'not an object', raw: '[1]', code: 'bad_message', says: 'type' },
    { note: 'unknown type', raw: '{"type":"dance","id":1}', code: 'unknown_type', says: 'update_filters' },
    {
      note: 'unknown filter value',
      raw: '{"type":"update_filters","id":1,"payload":{"server_types":["skynet"]}}',
      code: 'unknown_value',
      says: 'claude-flow',
    },
    {
      note: 'unknown filter',
      raw: '{"type":"update_filters","id":1,"payload":{"colour":["red"]}}',
      code: 'bad_payload',
      says: 'colour',
    },
    {
      note: 'wrong type',
      raw: '{"type":"update_filters","id":1,"payload":{"include_neural":"yes"}}',
      code: 'bad_payload',
      says: 'include_neural',
    },
    {
      note: 'unknown mode',
      raw: '{"type":"performance_mode","id":1,"payload":{"mode":"warp"}}',
      code: 'unknown_value',
      says: 'on_demand',
    },
    {
      note: 'a renewal without token',
      raw: '{"type":"renew","id":1,"payload":{}}',
      code: 'bad_payload',
      says: 'token',
    },
  ])('$note → $code', async ({ raw, code, says }) => {
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    client.sendRaw(raw);
    const error = await client.until('an error', () => client.of('error')[0]);
    expect(error.payload.code).toBe(code);
    expect(error.payload.message).toContain(says);
    expect((await client.request('heartbeat')).type).toBe('ok');
  });

  test('binary garbage → malformed', async () => {
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    client.sendRaw(new Uint8Array([0xc1, 0xff, 0x00, 0x13]));
    const error = await client.until('an error', () => client.of('error')[0]);
    expect(['malformed', 'bad_message']).toContain(error.payload.code);
    expect((await client.request('heartbeat')).type).toBe('ok');
  });

  test('a message above 64 KiB ends the connection, and no other', async () => {
    using bystander = await RecordingClient.connect(gateway.url);
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    client.sendRaw(JSON.stringify({ type: 'update_filters', payload: { agent_types: ['x'.repeat(100_000)] } }));
    const closed = await client.until('a close', () => client.closed);
    expect([3501, 1009, 1006]).toContain(closed.code);
    expect((await bystander.request('heartbeat')).type).toBe('ok');
  });

  test('a filter that matches nothing now says so, and shows nothing', async () => {
    using client = await RecordingClient.connect(gateway.url);
    await client.until('agents', () => agentsByKey(client).size > 0);
    const ok = await client.request('update_filters', { agent_types: ['no-such-type'] });
    expect(JSON.stringify(ok.payload)).toContain('no-such-type');
    await client.until('an empty view', () => agentsByKey(client).size === 0);
    await client.request('update_filters', { agent_types: [] });
    await client.until('everything again', () => agentsByKey(client).size > 0);
  });
});

function runStart(...argv: string[]): Promise<{ code: number | null; stderr: string; ms: number }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [builtMain(), 'start', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const begun = Date.now();
    child.once('close', (code) => resolve({ code, stderr, ms: Date.now() - begun }));
  });
}

describe('a start that can’t be', () => {
  test('port in use: exit 1, the port is named, nothing stays behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await runStart('--port', String(port), '--log-level', 'silent');
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).not.toContain('    at ');
    await new Promise((resolve) => taken.close(resolve));
  });

  test('unknown configuration key: exit 2 before anything starts', async () => {
    const { code, stderr } = await runStart('--set', 'server.prot=1');
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean "port"');
  });
});
