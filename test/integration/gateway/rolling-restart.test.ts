import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../../src/client/client.ts';
import { openTestServer } from '../../support/gateway.ts';
import { spawnGateway, type GatewayProcess } from '../../support/gateway-process.ts';

const CLIENTS_PER_GATEWAY = 60;

interface Watcher {
  client: SwarmcastClient;
  goodbyes: number[];
  hashes: (boolean | undefined)[];
}

function watch(url: string): Watcher {
  const client = connectSwarmcast({ url: `${url.replace('http', 'ws')}/ws`, mode: 'low_frequency', positions: 'none' });
  const watcher: Watcher = { client, goodbyes: [], hashes: [] };
  client.on('goodbye', ({ reconnect_after_ms }) => watcher.goodbyes.push(reconnect_after_ms));
  client.on('heartbeat', ({ matches }) => watcher.hashes.push(matches));
  return watcher;
}

const agentsOf = ({ client }: Watcher) => [...client.state.agents.values()].map(({ key }) => key).toSorted();

async function agentsAt({ url }: GatewayProcess): Promise<string[]> {
  const body = (await (await fetch(`${url}/api/bots/agents`)).json()) as { agents: { key: string }[] };
  return body.agents.map(({ key }) => key).toSorted();
}

/**
 * A free port below those that the system gives to outgoing connections: a client that knocks while its gateway is away
 * could be given the very port that it knocks at.
 */
async function quietPort(): Promise<number> {
  for (let port = 20_000 + (process.pid % 10_000); ; port += 1) if (await isFree(port)) return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

test('two gateways restarted one after the other: every client is told, spread, back, and holds what there is', async () => {
  // Nothing changes by itself, so that what clients hold can be compared with what the gateway has.
  const { simulator, server } = await openTestServer('sim', { agents: 20, eventsPerSecond: 0 });
  const environment = { SWARMCAST_SERVERS: JSON.stringify([server]) };
  const start = (port: number) =>
    spawnGateway({ 'server.port': port, 'clients.heartbeat_interval_ms': 500, 'log.level': 'warn' }, environment);
  const gateways = [await start(await quietPort()), await start(await quietPort())];
  const watchers = gateways.map(({ url }) => Array.from({ length: CLIENTS_PER_GATEWAY }, () => watch(url)));
  try {
    await Promise.all(watchers.flat().map(({ client }) => client.whenLive()));
    await vi.waitFor(() => watchers.flat().forEach((one) => expect(agentsOf(one)).toHaveLength(20)), {
      timeout: 20_000,
    });

    for (const [index, own] of watchers.entries()) {
      const before = simulator.stats;
      const epochs = new Set(own.map(({ client }) => client.welcome?.epoch));
      const old = gateways[index];
      if (old === undefined) throw new Error('no such gateway');
      old.child.kill('SIGTERM');
      expect(await old.exited, old.stderr()).toEqual({ code: 0, signal: null });
      const restarted = await start(old.port);
      gateways[index] = restarted;

      // Told when to come back, spread over 1 to 5 s: no half second takes more than a fifth of them.
      const delays = own.flatMap(({ goodbyes }) => goodbyes);
      expect(delays).toHaveLength(CLIENTS_PER_GATEWAY);
      const perHalfSecond = groups(delays);
      expect(Math.max(...perHalfSecond)).toBeLessThanOrEqual(CLIENTS_PER_GATEWAY / 5);

      // Back, in the new epoch, with exactly the agents that there are, and the hash of the gateway.
      await vi.waitFor(
        async () => {
          const agents = await agentsAt(restarted);
          expect(agents).toHaveLength(20);
          for (const one of own) {
            expect(one.client.status).toMatchObject({ status: 'live' });
            expect(epochs.has(one.client.welcome?.epoch)).toBe(false);
            expect(agentsOf(one)).toEqual(agents);
          }
        },
        { timeout: 40_000, interval: 250 },
      );
      for (const one of own) one.hashes.length = 0;
      await vi.waitFor(() => own.forEach(({ hashes }) => expect(hashes).toContain(true)), { timeout: 20_000 });
      for (const { hashes } of own) expect(hashes).not.toContain(false);

      // One connection to the server for one gateway, however many clients it has.
      const after = simulator.stats;
      expect(after.connectionsTotal - before.connectionsTotal).toBeLessThanOrEqual(2);
      expect(after.connections).toBe(2);
      // The other gateway's clients have not noticed.
      const other = watchers[1 - index] ?? [];
      for (const { client } of other) expect(client.status).toMatchObject({ status: 'live' });
    }
  } finally {
    await Promise.all(watchers.flat().map(({ client }) => client.close()));
    await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
    await simulator[Symbol.asyncDispose]();
  }
}, 180_000);

function groups(delays: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const delay of delays) counts.set(Math.floor(delay / 500), (counts.get(Math.floor(delay / 500)) ?? 0) + 1);
  return [...counts.values()];
}
