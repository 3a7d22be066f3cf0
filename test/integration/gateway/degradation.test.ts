/** What clients and operators see while servers fail and recover: levels step by step, what is known kept and then dropped. */
import { expect, test } from 'vitest';
import { FaultyProcess } from '../../support/faulty-process.ts';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

const SETTINGS = {
  'upstream.reconnect_min_ms': 20,
  'upstream.reconnect_max_ms': 100,
  'upstream.request_timeout_ms': 1_000,
  'resilience.recovery_ms': 300,
  'world.stale_after_ms': 60_000,
  'world.remove_after_ms': 1_500,
};

interface Network {
  degradation_level: string;
  degradation_stats: { switched_off: string[]; degradations_total: number; recoveries_total: number };
}
const networkOf = async (url: string): Promise<Network> =>
  (await (await fetch(`${url}/api/health/network`)).json()) as Network;

test('an emergency: agents stay, stale, and are dropped; retries stop; recovery climbs by way of partial', async () => {
  await using server = await FaultyProcess.start(['--swarms', '1', '--agents', '4', '--events-per-second', '0']);
  const entry = { id: 'only', transport: 'tcp', port: server.port, simulated: true, poll_interval_ms: 100 };
  await using gateway = await openTestGateway({ ...SETTINGS, servers: [entry] });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('its agents', () => agentsByKey(client).size === 4);
  const level = () => client.of('health_update').at(-1)?.payload.degradation_level;
  await client.until('all well', () => level() === 'fully_operational');
  await expect.poll(async () => (await networkOf(gateway.url)).degradation_stats.switched_off).toEqual([]);

  const told = client.of('health_update').length;
  server.signal('SIGKILL');
  await server.whenGone();
  await client.until('the emergency', () => level() === 'emergency');
  await client.until('all stale', () => {
    const agents = [...agentsByKey(client).values()];
    return agents.length === 4 && agents.every(({ stale }) => stale === true);
  });
  const circuitIsOpen = async () => {
    const { servers } = (await (await fetch(`${gateway.url}/api/health/mcp`)).json()) as {
      servers: { circuit: { trips_total: number } | null }[];
    };
    return (servers[0]?.circuit?.trips_total ?? 0) > 0;
  };
  await expect.poll(circuitIsOpen, { timeout: 10_000 }).toBe(true);
  await expect
    .poll(() => networkOf(gateway.url))
    .toMatchObject({
      degradation_level: 'emergency',
      degradation_stats: { switched_off: expect.arrayContaining(['retries', 'more_connections']) },
    });
  await client.until('dropped after their time', () => agentsByKey(client).size === 0);

  await server.respawn();
  await client.until('all well again', () => level() === 'fully_operational');
  await client.until('its agents again', () => agentsByKey(client).size === 4);
  const levels = client
    .of('health_update')
    .slice(told)
    .map(({ payload }) => payload.degradation_level);
  const steps = levels.filter((one, index) => one !== levels[index - 1]);
  expect(steps.at(0)).toBe('emergency');
  expect(steps.slice(-3)).toEqual(['emergency', 'partial', 'fully_operational']);
  await expect.poll(async () => (await networkOf(gateway.url)).degradation_stats.switched_off).toEqual([]);
  expect((await networkOf(gateway.url)).degradation_stats.recoveries_total).toBeGreaterThanOrEqual(2);
});

test('one of two: partial, the other goes on; only details of the one that fails are left out', async () => {
  const { simulator, server: calm } = await openTestServer('calm', { agentsChange: false });
  await using _ = simulator;
  await using server = await FaultyProcess.start(['--swarms', '1', '--agents', '4', '--events-per-second', '0']);
  const entry = { id: 'falls', transport: 'tcp', port: server.port, simulated: true, poll_interval_ms: 100 };
  await using gateway = await openTestGateway({ ...SETTINGS, servers: [calm, entry] });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('all agents', () => agentsByKey(client).size === 10);
  server.signal('SIGSTOP');
  await client.until('partial', () => client.of('health_update').at(-1)?.payload.degradation_level === 'partial');
  await expect
    .poll(async () => (await networkOf(gateway.url)).degradation_stats.switched_off)
    .toEqual(['details_of_unwell_servers']);
  server.signal('SIGCONT');
  await client.until(
    'all well again',
    () => client.of('health_update').at(-1)?.payload.degradation_level === 'fully_operational',
  );
  const calmStates = client.of('health_update').filter(({ payload }) => payload.server_id === 'calm');
  expect(calmStates.filter(({ payload }) => payload.state === 'down')).toEqual([]);
});
