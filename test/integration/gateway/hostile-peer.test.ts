/**
 * A TCP server that does everything wrong which real ones were seen to do, one behaviour per request by a seed: what it
 * says to the wrong connection, or under another's id, names agents that do not exist. None of it may reach a client.
 */
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectSwarmcast } from '../../../src/client/client.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';
import { provenByHeartbeat } from '../../support/proven.ts';
import { until } from '../../support/until.ts';
import { politePeer, RawPeer, textResult, type Heard, type PeerSocket } from '../hub/upstream/raw-peer.ts';

const TRUE_AGENTS = ['one', 'two', 'three'];
const WRONGS = ['broadcast', 'others-ids', 'bare-error', 'silence', 'cut-by-age'] as const;
type Wrong = (typeof WRONGS)[number];
const BUSY_AGE_MS = 100;
const OTHERS_COUNT_TO = 60;

class HostilePeer {
  readonly fired: Record<Wrong, number> = {
    broadcast: 0,
    'others-ids': 0,
    'bare-error': 0,
    silence: 0,
    'cut-by-age': 0,
  };
  isHonest = false;
  readonly #pending = new Map<PeerSocket, { message: Heard; sinceMs: number }[]>();
  #turn = 0;
  #poison = 0;

  /** Answers one request, or does what is next in turn. */
  readonly answer = (message: Heard, peer: PeerSocket, raw: RawPeer): void => {
    const truth = textResult({ agents: TRUE_AGENTS.map((id) => ({ id, status: 'idle' })) });
    const wrong = this.isHonest ? undefined : WRONGS[this.#turn++ % WRONGS.length];
    switch (wrong) {
      case 'broadcast':
        this.fired.broadcast += 1;
        for (const other of raw.sockets) other.result(message, other === peer ? truth : this.#lie());
        return;
      case 'others-ids':
        // Other clients count from 0.
        for (let id = 0; id < OTHERS_COUNT_TO; id += 1) {
          for (const theirs of [id, String(id)]) peer.say({ jsonrpc: '2.0', id: theirs, result: this.#lie() });
        }
        for (const [other, asked] of this.#pending) {
          if (other === peer) continue;
          // Ids that the peer never gave to this connection, though another waits for them.
          for (const { message: theirs } of asked) {
            this.fired['others-ids'] += 1;
            peer.result(theirs, this.#lie());
          }
        }
        peer.result(message, truth);
        return;
      case 'bare-error':
        this.fired['bare-error'] += 1;
        peer.socket.end('{"error": "overloaded, and agents: [poison]"}\n');
        return;
      case 'silence':
        this.fired.silence += 1;
        this.#wait(message, peer);
        return;
      case 'cut-by-age':
        this.#wait(message, peer);
        this.#cutOld(raw);
        return;
      case undefined:
        peer.result(message, truth);
    }
  };

  #lie() {
    return textResult({ agents: [{ id: `poison-${this.#poison++}`, status: 'busy' }] });
  }

  #wait(message: Heard, peer: PeerSocket): void {
    const waiting = this.#pending.get(peer) ?? [];
    waiting.push({ message, sinceMs: performance.now() });
    this.#pending.set(peer, waiting);
    peer.socket.once('close', () => this.#pending.delete(peer));
  }

  /** Connections on which somebody has waited for long. */
  #cutOld(raw: RawPeer): void {
    const now = performance.now();
    for (const [peer, asked] of this.#pending) {
      if (!raw.sockets.has(peer) || !asked.some(({ sinceMs }) => now - sinceMs > BUSY_AGE_MS)) continue;
      this.fired['cut-by-age'] += 1;
      peer.socket.destroy();
    }
  }
}

/** Asks on connections of his own, each replaced after a while, whatever becomes of it. */
function askAsStranger(port: number): () => void {
  let socket: Socket | undefined;
  let id = 0;
  const timer = setInterval(() => {
    if (socket === undefined || socket.destroyed || id % 10 === 0) {
      socket?.destroy();
      socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.resume();
    }
    const params = { name: 'list_agents', arguments: {} };
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: id++, method: 'tools/call', params })}\n`);
  }, 70);
  return () => {
    clearInterval(timer);
    socket?.destroy();
  };
}

test('nothing wrong reaches a client, another server notices nothing, and the server heals when it behaves', async () => {
  const hostile = new HostilePeer();
  await using raw = await RawPeer.start(politePeer(hostile.answer, ['list_agents']));
  const { simulator, server } = await openTestServer('calm', { agentsChange: false });
  await using _ = simulator;
  await using gateway = await openTestGateway({
    servers: [{ id: 'hostile', transport: 'tcp', port: raw.port, poll_interval_ms: 50 }, server],
    // Several connections, so that there are others whose answers it may mix up.
    'upstream.pool_min': 3,
    'upstream.request_timeout_ms': 250,
    'upstream.connect_timeout_ms': 1_000,
    'upstream.reconnect_min_ms': 20,
    'upstream.reconnect_max_ms': 60,
    'resilience.recovery_ms': 100,
    'resilience.retry_min_ms': 10,
    'world.stale_after_ms': 1_000,
    'world.remove_after_ms': 60_000,
    'clients.heartbeat_interval_ms': 300,
  });
  // Somebody else asks too: to him goes what is ours, and to us what is his.
  const stopStranger = askAsStranger(raw.port);
  await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  const shown = new Set<string>();
  const told: { server: string; state: string }[] = [];
  const stale: string[] = [];
  client.on('agents', ({ added, updated }) => {
    for (const { server_id, id } of added) if (server_id === 'hostile') shown.add(id);
    for (const { ref, stale: isStale } of updated) {
      const agent = client.state.agents.get(ref);
      if (isStale === true && agent?.server_id === 'calm') stale.push(agent.id);
    }
  });
  client.on('health', ({ server_id, state, reason }) => {
    told.push({ server: server_id, state });
    // What it said before it closed may be quoted as a reason, never as more.
    expect(reason.length).toBeLessThan(600);
  });
  const isWell = (id: string) =>
    [...client.state.servers.values()].find((one) => one.id === id)?.health.state === 'healthy';
  const statsOf = async (wanted: string) => {
    const { servers } = (await (await fetch(`${gateway.url}/api/health/mcp`)).json()) as {
      servers: { id: string; stats: Record<string, number> }[];
    };
    return servers.find(({ id }) => id === wanted)?.stats;
  };
  try {
    await client.whenLive();
    await until('the calm one', () => isWell('calm'));
    const calmSince = told.length;
    const enough = () => WRONGS.every((wrong) => hostile.fired[wrong] >= 5);
    await until(`every wrong five times: ${JSON.stringify(hostile.fired)}`, enough, 40_000);
    // All five may have gone to the stranger.
    await expect.poll(async () => (await statsOf('hostile'))?.['noiseLines'], { timeout: 20_000 }).toBeGreaterThan(0);
    expect(told.some(({ server: id, state }) => id === 'hostile' && state !== 'healthy')).toBe(true);
    hostile.isHonest = true;
    await until('healed', () => isWell('hostile'), 20_000);
    await until('its agents are fresh', () => {
      const agents = [...client.state.agents.values()].filter(({ server_id }) => server_id === 'hostile');
      return agents.length === TRUE_AGENTS.length && agents.every((agent) => agent.stale !== true);
    });
    expect([...shown].toSorted()).toEqual(TRUE_AGENTS.toSorted());
    expect(told.slice(calmSince).filter(({ server: id }) => id === 'calm')).toEqual([]);
    expect(stale).toEqual([]);
    await provenByHeartbeat(client);
    const stats = await statsOf('hostile');
    expect(stats?.['droppedReplies'], 'lies that arrived and were dropped').toBeGreaterThanOrEqual(5);
  } finally {
    stopStranger();
  }
}, 90_000);
