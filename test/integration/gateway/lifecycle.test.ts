import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

/** What keeps this process alive, by kind, without what the test runner owns. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function childPids(): string[] {
  try {
    return execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('node') || line.includes('MainThread'));
  } catch {
    // ps exits with 1 when there is no child.
    return [];
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function listenerCount(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

describe('start and stop', () => {
  test('100 times with in-process servers leaves no timer, socket, thread or listener', async () => {
    const { simulator, server } = await openTestServer('sim', { agents: 3 });
    const cycle = async () => {
      const gateway = await openTestGateway({ servers: [server], 'world.flush_interval_ms': 5 });
      const client = await RecordingClient.connect(gateway.url);
      await client.until('welcome', () => client.of('welcome')[0]);
      await gateway[Symbol.asyncDispose]();
      await client.until('the close', () => client.closed);
      client[Symbol.dispose]();
    };
    await cycle();
    await settle();
    const [before, listeners] = [resources(), listenerCount()];
    for (let i = 0; i < 100; i++) await cycle();
    await settle();
    expect(resources()).toEqual(before);
    expect(listenerCount()).toBe(listeners);
    await simulator[Symbol.asyncDispose]();
  }, 400_000);

  test('5 times with simulators in child processes leaves no child', async () => {
    const before = childPids();
    for (let i = 0; i < 5; i++) {
      const gateway = await openTestGateway({ 'simulate.enabled': 'always' });
      const client = await RecordingClient.connect(gateway.url);
      const welcome = await client.until('welcome', () => client.of('welcome')[0]);
      expect(welcome.payload.client_id).toMatch(/^[0-9a-f-]{36}$/);
      await gateway[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    }
    expect(childPids()).toEqual(before);
  }, 60_000);

  test('clients are told before the end: goodbye, then close 3001', async () => {
    const { simulator, server } = await openTestServer('sim', { agents: 3 });
    const gateway = await openTestGateway({ servers: [server] });
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    const closing = gateway[Symbol.asyncDispose]();
    const goodbye = await client.until('goodbye', () => client.of('goodbye')[0]);
    expect(goodbye.payload.reconnect_after_ms).toBeGreaterThan(0);
    expect((await client.until('the close', () => client.closed)).code).toBe(3001);
    await closing;
    await simulator[Symbol.asyncDispose]();
  });
});
