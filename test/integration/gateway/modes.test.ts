import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '../../../src/gateway.ts';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

/** As performance.md defines it: (n − 1) / (t_last − t_first) by receive time. */
function rateOf(times: readonly number[]): number {
  const first = times.at(0) ?? 0;
  const last = times.at(-1) ?? 0;
  return ((times.length - 1) * 1_000) / (last - first);
}

let gateway: Gateway;
let simulator: AsyncDisposable;
beforeAll(async () => {
  // Enough agents and messages that the swarm keeps moving for the whole test.
  const opened = await openTestServer('sim', { agents: 30, eventsPerSecond: 200 });
  simulator = opened.simulator;
  gateway = await openTestGateway({ servers: [opened.server] });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

async function framesFor(client: RecordingClient, ms: number): Promise<number[]> {
  await client.until('a moving swarm', () => client.frames.length > 2, 20_000);
  const from = client.frames.length;
  await new Promise((resolve) => setTimeout(resolve, ms));
  return client.frames.slice(from).map(({ atMs }) => atMs);
}

describe('modes', () => {
  test('60, 10 and 1 Hz are each within 2 %', async () => {
    const modes = [
      { mode: 'high_frequency', hz: 60 },
      { mode: 'normal', hz: 10 },
      { mode: 'low_frequency', hz: 1 },
    ];
    const measured = await Promise.all(
      modes.map(async ({ mode }) => {
        using client = await RecordingClient.connect(gateway.url, { mode });
        return rateOf(await framesFor(client, mode === 'low_frequency' ? 20_500 : 8_000));
      }),
    );
    modes.forEach(({ hz }, index) => {
      expect(measured[index]).toBeGreaterThan(hz * 0.98);
      expect(measured[index]).toBeLessThan(hz * 1.02);
    });
  });

  test('on demand sends state and frames only when asked, but answers and heartbeats come', async () => {
    using client = await RecordingClient.connect(gateway.url, { mode: 'on_demand' });
    await client.until('the first picture', () => client.frames.length > 0 && client.of('snapshot').length > 0);
    const state = () =>
      client.messages.filter(({ type }) => !['heartbeat', 'ok', 'health_update'].includes(type)).length;
    const [framesBefore, stateBefore] = [client.frames.length, state()];
    await client.until('a heartbeat', () => client.of('heartbeat').length > 0);
    expect(client.frames.length).toBe(framesBefore);
    expect(state()).toBe(stateBefore);
    expect((await client.request('request_update')).type).toBe('ok');
    await client.until('positions now', () => client.frames.length > framesBefore);
    await client.until('state now', () => state() > stateBefore);
  });

  test('1,000 changes of mode leave the right rate', async () => {
    using client = await RecordingClient.connect(gateway.url, { mode: 'low_frequency' });
    const modes = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];
    for (let i = 0; i < 1_000; i++) {
      client.send({ type: 'performance_mode', payload: { mode: modes[i % 4] } });
      // Inside the client's message budget.
      if (i % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 850));
    }
    expect((await client.request('performance_mode', { mode: 'normal' })).type).toBe('ok');
    const rate = rateOf(await framesFor(client, 5_000));
    expect(rate).toBeGreaterThan(9.8);
    expect(rate).toBeLessThan(10.2);
  });
});
