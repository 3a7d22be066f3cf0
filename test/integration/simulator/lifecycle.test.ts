import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { SimulatorStartError } from '../../../src/simulator/errors.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { LinePeer, connectMcp, transportTo } from '../../support/mcp-client.ts';
import { until } from '../../support/until.ts';

/** Handles of this process that a leak would add to. */
function handles(...kinds: string[]): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
}

// The pool of fetch keeps timers and sockets of its own, so over HTTP only the listeners can be counted.
test.each([
  { transport: 'tcp', kinds: ['TCPServerWrap', 'TCPSocketWrap', 'Timeout'] },
  { transport: 'http', kinds: ['TCPServerWrap'] },
] as const)('started, used and stopped many times over $transport, nothing stays', async ({ transport, kinds }) => {
  const run = async () => {
    await using simulator = await startSimulator({ face: 'seed', transport, swarms: 1, agents: 2 });
    await using client = await connectMcp(transportTo(simulator.endpoint));
    await client.listTools();
  };
  const before = handles(...kinds).length;
  for (let i = 0; i < 20; i++) await run();
  await until('as few handles as before', () => handles(...kinds).length <= before);
});

test('stopping cuts connections, also those that wait for an answer; stopping twice is fine', async () => {
  const simulator = await startSimulator({ face: 'seed', transport: 'tcp' });
  using peer = await LinePeer.connect(simulator.port);
  await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 10 });
  simulator.inject({ kind: 'late-answer', delayMs: 60_000 });
  peer.send('ping');
  await Promise.all([simulator[Symbol.asyncDispose](), simulator[Symbol.asyncDispose]()]);
  await simulator[Symbol.asyncDispose]();
  await simulator.closed;
  await until('the end', () => peer.closed);
  expect(simulator.stats.connections).toBe(0);
});

test('a port that is taken is said to be, and a strange address too', async () => {
  await using first = await startSimulator({ face: 'seed', transport: 'tcp' });
  for (const transport of ['tcp', 'http'] as const)
    await expect(startSimulator({ face: 'seed', transport, port: first.port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${first.port}: the port is in use`,
    );
  const strange = startSimulator({ face: 'seed', transport: 'tcp', host: '203.0.113.1' });
  await expect(strange).rejects.toBeInstanceOf(SimulatorStartError);
});

test('over a pair of streams: noise of ruv-swarm among the protocol, and the end with its peer', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await using simulator = await startSimulator({
    face: 'ruv-swarm',
    transport: 'stdio',
    stdio: { input, output },
    eventsPerSecond: 0,
  });
  const params = { name: 'agent_spawn', arguments: { type: 'coder', name: 'mine' } };
  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\n`);
  const lines = await until('the answer', () => text.includes('"id":1') && text.trim().split('\n'));
  expect(lines[0]).toBe('🧠 Initializing ruv-swarm with WASM capabilities...');
  expect(lines).toContain('🤖 Spawned agent: mine (coder)');
  const protocol = lines.filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line) as { method?: string });
  expect(protocol.map(({ method }) => method)).toEqual(['server.initialized', undefined]);
  const ended = once(output, 'finish');
  input.end();
  await Promise.all([ended, simulator.closed]);
  expect([simulator.port, simulator.endpoint, simulator.stats.connections]).toEqual([0, 'stdio:', 0]);
});

test('a clock of its own gives all times', async () => {
  const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
  await using simulator = await startSimulator({ face: 'seed', transport: 'tcp', clock });
  using peer = await LinePeer.connect(simulator.port);
  expect(await peer.call('ping')).toMatchObject({ result: { timestamp: 1_800_000_000_000 } });
});
