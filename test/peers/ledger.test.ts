/** claude-flow verifies and rewrites its ledger with each call: what the gateway says of it, and does against it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { ledgerLength, ledgerOf, putLedger, withLedgerLocked } from '../support/ledger.ts';
import { childrenWith, peerCommand } from '../support/peers.ts';
import { until } from '../support/until.ts';

const proxy = fileURLToPath(new URL('timing-proxy.mjs', import.meta.url));
const MCP = ['mcp', 'start', '--tools', 'agent,swarm,task,daa,hive-mind,coordination,system'];
/** About 0.045 ms each per call, where it was measured; the gateway finds more than 50 ms slow. */
const LONG = 8_000;
const MESSAGES = 200;

interface Told {
  health: { state: string; reason: string; evidence: { latency_ms?: number } };
  stats: { averageRoundTripMs: number; pollIntervalMs: number; adaptations: number; calls: number };
}

/** What `GET /api/health/mcp` says of claude-flow. */
async function ask(gateway: Gateway): Promise<Told> {
  const { servers } = (await (await fetch(`${gateway.url}/api/health/mcp`)).json()) as {
    servers: (Told & { id: string })[];
  };
  const found = servers.find(({ id }) => id === 'flow');
  if (found === undefined) throw new Error('claude-flow is not told of');
  return found;
}

/** Has the other server send messages, each after the one before was sent; resolves when the client has had all. */
async function exchange(simulator: Simulator, client: SwarmcastClient): Promise<number> {
  const [from, to] = simulator.world.roster.map(({ id }) => id);
  if (from === undefined || to === undefined) throw new Error('the other server has no agents');
  let seen = 0;
  const stop = client.on('flow', ({ messages }) => void (seen += messages.length));
  for (let i = 0; i < MESSAGES; i++) {
    simulator.world.sendMessage({ from, to, messageType: 'coordination', sizeBytes: 100, latencyMs: 5 }, Date.now());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until('all messages', () => seen >= MESSAGES);
  stop();
  return seen;
}

test('slowed by a long ledger, and held up at its lock: told as measured, polled less, others unharmed, healed', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'swarmcast-ledger-'));
  const report = join(cwd, 'calls.jsonl');
  const measured = (from: number) =>
    readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .slice(from)
      .map((line) => (JSON.parse(line) as { ms: number }).ms);
  const long = await ledgerOf(LONG);
  try {
    const { simulator, server } = await openTestServer('calm', { agentsChange: false, eventsPerSecond: 0 });
    await using _ = simulator;
    await using gateway = await openTestGateway({
      servers: [
        {
          id: 'flow',
          type: 'claude-flow',
          transport: 'stdio',
          command: process.execPath,
          args: [proxy, report, peerCommand('claude-flow'), ...MCP],
          // A folder of the user: nothing in it is the gateway's to remove.
          cwd,
        },
        server,
      ],
      'upstream.request_timeout_ms': 3_000,
      'resilience.recovery_ms': 1_000,
      // What is still adapted is the time between polls, in steps of twice.
      'resilience.adaptive': false,
    });
    await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
    await client.whenLive();
    const stateOf = (id: string) => [...client.state.servers.values()].find((one) => one.id === id)?.health.state;
    await until('both healthy', () => ['flow', 'calm'].every((id) => stateOf(id) === 'healthy'), 30_000);
    const told: { server: string; state: string; reason: string }[] = [];
    client.on('health', ({ server_id, state, reason }) => void told.push({ server: server_id, state, reason }));
    const before = await ask(gateway);

    await withLedgerLocked(cwd, () => putLedger(cwd, long));
    const callsBefore = measured(0).length;
    const slow = await until(
      'polled at its slowest, its latency that of a call as the proxy measured it',
      async () => {
        const now = await ask(gateway);
        const { latency_ms: latency = 0 } = now.health.evidence;
        // Beside the server's own time there is only the way to the proxy.
        const isMeasured = measured(callsBefore).some((ms) => ms > 50 && latency >= ms - 1 && latency < ms + 100);
        const isSpared = now.stats.pollIntervalMs === 5_000 && now.stats.adaptations >= 3;
        return isMeasured && isSpared && { latency, average: now.stats.averageRoundTripMs };
      },
      90_000,
    );
    expect(slow.average).toBeGreaterThan(before.stats.averageRoundTripMs);
    expect(await ledgerLength(cwd), 'the ledger was in use, and is left alone').toBeGreaterThan(LONG);
    expect(await exchange(simulator, client)).toBe(MESSAGES);

    const heard = told.length;
    const news = await withLedgerLocked(cwd, async () => {
      const first = await until(
        'the news',
        () => told.slice(heard).find((one) => one.server === 'flow' && one.state !== 'healthy'),
        30_000,
      );
      expect(await exchange(simulator, client)).toBe(MESSAGES);
      return first;
    });
    expect(['degraded', 'unhealthy']).toContain(news.state);
    expect(news.reason).toMatch(/no reply to tools\/call \S+ within 3000 ms/);

    await withLedgerLocked(cwd, () =>
      putLedger(cwd, '{"version":1,"mode":"legacy","rules":[],"budgets":[],"usage":[],"approvals":[],"receipts":[]}'),
    );
    await until('healthy again', () => stateOf('flow') === 'healthy', 60_000);
    await until(
      'its latency of now',
      async () => ((await ask(gateway)).health.evidence.latency_ms ?? slow.latency) < slow.latency / 2,
      30_000,
    );
    expect(told.filter((one) => one.server === 'calm' && one.state !== 'healthy')).toEqual([]);
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 3 });
  }
});

test('in the gateway’s own folder the ledger is taken away: it stays short over hundreds of calls', async () => {
  await using gateway = await openTestGateway({
    servers: [{ id: 'flow', type: 'claude-flow', transport: 'stdio', command: peerCommand('claude-flow'), args: MCP }],
  });
  await until('healthy', async () => (await ask(gateway)).health.state === 'healthy', 30_000);
  const [pid] = childrenWith('claude-flow');
  const cwd = await readlink(`/proc/${pid}/cwd`);
  const lengths: number[] = [];
  for (let call = 0; call < 300; call++) {
    await gateway.callTool('flow', 'agent_list', {});
    lengths.push(await ledgerLength(cwd));
  }
  expect(Math.max(...lengths), 'it is written').toBeGreaterThan(10);
  // It goes after 50 answers; what is in flight then is written once more with the old ones.
  expect(Math.max(...lengths)).toBeLessThanOrEqual(110);
  expect((await ask(gateway)).health.state).toBe('healthy');
});
