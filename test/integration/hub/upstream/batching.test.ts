/* oxlint-disable unicorn/consistent-function-scoping -- each script of a peer stands beside what is expected of it */
import { describe, expect, test } from 'vitest';
import { seedDialect } from '../../../../src/hub/upstream/dialects/seed.ts';
import type { Call, Dialect } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { startUpstream } from '../../../../src/hub/upstream/upstream.ts';
import { startSimulator } from '../../../../src/simulator/simulator.ts';
import { politePeer, RawPeer, textResult, type Heard, type PeerSocket, type Script } from './raw-peer.ts';
import { plainDialect } from './plain-dialect.ts';
import { RecordingSink } from './recording-sink.ts';
import { upstreamOptions } from './upstream-options.ts';

/** A peer that lists one agent of the number that is asked for; in a batch too, unless `batch` does something else. */
function answering(batch: Script = answerBatch): Script {
  return politePeer((message, peer, raw) => {
    if (message.method === 'batch') batch(message, peer, raw);
    else peer.result(message, listed(message));
  });
}

const listed = ({ params }: Pick<Heard, 'params'>): Record<string, unknown> => {
  const { n } = (params?.['arguments'] ?? {}) as { n?: number };
  return textResult({ agents: [`agent-${n}`] });
};

function answerBatch(message: Heard, peer: PeerSocket): void {
  peer.result(message, { results: requestsOf(message).map((request) => ({ result: listed(request) })) });
}

/** The seeds' batch has a list as its params. */
const requestsOf = (message: Heard): Heard[] => message.params as unknown as Heard[];

/** Asks for so many agents in every fast round, each by a call of its own. */
function roundOf(count: number): Partial<Dialect> {
  const base = plainDialect();
  const calls = Array.from({ length: count }, (_, n): Call => ({ kind: 'tool', tool: 'agent_list', args: { n } }));
  const open: Dialect['open'] = (peer) => ({
    ...base.open(peer),
    plan: (cadence) => (cadence === 'fast' ? calls : []),
  });
  return { batches: true, open };
}

function watch(raw: RawPeer, count: number, upstream: Record<string, unknown> = {}) {
  const sink = new RecordingSink();
  const options = upstreamOptions({ port: raw.port }, sink, roundOf(count));
  return {
    sink,
    upstream: startUpstream({ ...options, limits: { ...options.limits, requests_per_second: 0, ...upstream } }),
  };
}

const batchesOf = (raw: RawPeer): Heard[] => raw.heard.filter(({ method }) => method === 'batch');

describe('a round of calls', () => {
  test('goes as batches of ten where the server takes them, each call read on its own', async () => {
    await using raw = await RawPeer.start(answering());
    const { sink, upstream } = watch(raw, 23);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 23);
    expect(
      batchesOf(raw)
        .slice(0, 3)
        .map((batch) => requestsOf(batch).length),
    ).toEqual([10, 10, 3]);
    expect(requestsOf(raw.heard.find(({ method }) => method === 'batch') as Heard)[0]).toEqual({
      method: 'tools/call',
      params: { name: 'agent_list', arguments: { n: 0 } },
    });
    expect(raw.methods).not.toContain('tool agent_list');
    expect(sink.health.at(-1)?.evidence).toMatchObject({ method: 'tools/call agent_list', consecutive_failures: 0 });
    await expect.poll(() => upstream.stats().batches).toBeGreaterThanOrEqual(3);
    const { batches, batchedCalls, requests, attempts, failures } = upstream.stats();
    expect(batchedCalls).toBeGreaterThan(5 * batches);
    // Limits count calls, the circuit counts messages.
    expect(requests).toBeGreaterThanOrEqual(batchedCalls);
    expect(attempts).toBeLessThan(requests / 5);
    expect(failures).toBe(0);
  });

  test('a call that fails in a batch fails alone', async () => {
    const script: Script = (message, peer) => {
      const results = requestsOf(message).map((request, n) =>
        n === 1 ? { error: { code: -32_000, message: 'no such agent' } } : { result: listed(request) },
      );
      peer.result(message, { results });
    };
    await using raw = await RawPeer.start(answering(script));
    const { sink, upstream } = watch(raw, 3);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 2);
    expect(sink.agents).toEqual(new Set(['agent-0', 'agent-2']));
    await expect.poll(() => upstream.stats().batches).toBeGreaterThan(1);
    const { failures, batches, circuitTrips, windowFailures } = upstream.stats();
    expect([failures, circuitTrips, windowFailures]).toEqual([batches, 0, 0]);
  });

  test('each call takes its turn of the rate limit, and none waits long for the others', async () => {
    await using raw = await RawPeer.start(answering());
    const { sink, upstream } = watch(raw, 8, { requests_per_second: 40, batch_wait_ms: 40 });
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 8);
    // Four at once, then one every 25 ms: none of the batches can have had all.
    expect(upstream.stats().rateLimited).toBeGreaterThanOrEqual(4);
    expect(Math.max(...batchesOf(raw).map((batch) => requestsOf(batch).length))).toBeLessThan(8);
  });

  test('a bare list is an answer too', async () => {
    const script: Script = (message, peer) => peer.result(message, requestsOf(message).map(listed));
    await using raw = await RawPeer.start(answering(script));
    const { sink, upstream } = watch(raw, 3);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 3);
    expect(raw.methods).not.toContain('tool agent_list');
  });
});

describe('a server that does not take batches', () => {
  const refusals: [string, Script][] = [
    ['does not know the method', (message, peer) => peer.error(message, -32_601, 'Method not found')],
    ['answers something else', (message, peer) => peer.result(message, { results: [] })],
  ];

  test.each(refusals)('%s: asked one by one from then on, and anew after a reconnect', async (_what, script) => {
    await using raw = await RawPeer.start(answering(script));
    const { sink, upstream } = watch(raw, 4);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 4);
    await expect.poll(() => raw.methods.filter((method) => method === 'tool agent_list').length).toBeGreaterThan(12);
    expect(batchesOf(raw)).toHaveLength(1);
    expect(upstream.stats()).toMatchObject({ batches: 0, batchedCalls: 0, failures: 4, windowFailures: 0 });
    expect(sink.state('one')).toBe('healthy');
    for (const { socket } of raw.sockets) socket.destroy();
    await expect.poll(() => batchesOf(raw).length).toBe(2);
  });

  test('is silent: one failure, then one by one, also after a reconnect', async () => {
    await using raw = await RawPeer.start(answering(() => undefined));
    const { sink, upstream } = watch(raw, 4);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 4);
    expect(upstream.stats()).toMatchObject({ windowFailures: 1, circuitTrips: 0, state: 'online', retries: 0 });
    for (const { socket } of raw.sockets) socket.destroy();
    await expect.poll(() => upstream.stats().reconnects).toBe(1);
    const before = raw.heard.length;
    await expect.poll(() => raw.methods.slice(before).filter((m) => m === 'tool agent_list').length).toBeGreaterThan(8);
    expect(batchesOf(raw)).toHaveLength(1);
  });

  test('hangs up: connected to anew and not asked again', async () => {
    await using raw = await RawPeer.start(answering((_message, peer) => peer.socket.destroy()));
    const { sink, upstream } = watch(raw, 4);
    await using _ = upstream;
    await sink.until(() => sink.agents.size === 4);
    expect(batchesOf(raw)).toHaveLength(1);
    expect(upstream.stats()).toMatchObject({ reconnects: 1, state: 'online', batches: 0 });
  });

  test('of a kind that has none, or with batches of one: never asked', async () => {
    await using raw = await RawPeer.start(answering());
    for (const [dialect, batch_size] of [
      [{ ...roundOf(4), batches: false }, 10],
      [roundOf(4), 1],
    ] as const) {
      const sink = new RecordingSink();
      const options = upstreamOptions({ port: raw.port }, sink, dialect);
      await using _ = startUpstream({ ...options, limits: { ...options.limits, batch_size } });
      await sink.until(() => sink.agents.size === 4);
    }
    expect(batchesOf(raw)).toEqual([]);
  });
});

describe('a batch that is lost', () => {
  test('is one failure, repeated as one, and costs no connection', async () => {
    let lost = 0;
    const script: Script = (message, peer) => {
      if (batchesHeard++ === 3) lost += 1;
      else answerBatch(message, peer);
    };
    let batchesHeard = 0;
    await using raw = await RawPeer.start(answering(script));
    const { sink, upstream } = watch(raw, 8);
    await using _ = upstream;
    await expect.poll(() => upstream.stats().retriedSuccesses, { timeout: 5_000 }).toBe(1);
    expect(lost).toBe(1);
    expect(upstream.stats()).toMatchObject({ windowFailures: 1, circuitTrips: 0, reconnects: 0, retries: 1 });
    expect(sink.health.find(({ state }) => state === 'degraded')?.evidence).toMatchObject({
      last_error: 'no reply to batch of 8 (tools/call agent_list, …) within 150 ms',
    });
    await sink.until(() => sink.state('one') === 'healthy');
  });
});

describe('the simulated server of the seeds', () => {
  const seeds = { face: 'seed', transport: 'tcp', swarms: 30, agents: 2, eventsPerSecond: 0 } as const;

  test.each([true, false])('takes batches: %s', async (takes) => {
    await using simulator = await startSimulator(seeds);
    const fault = takes
      ? undefined
      : simulator.inject({ kind: 'method-not-found', on: 'batch', times: Number.POSITIVE_INFINITY });
    const sink = new RecordingSink();
    const options = upstreamOptions({ port: simulator.port, poll_interval_ms: 100 }, sink);
    const timing = { ...seedDialect.timing, slowMs: 100 };
    await using upstream = startUpstream({ ...options, dialects: [{ ...seedDialect, timing }] });
    await sink.until(() => sink.agents.size === 60);
    // Swarms by their status, sixteen in a round.
    const swarms = (): number =>
      new Set(sink.batches.flatMap(({ observations: all }) => all.flatMap((o) => (o.kind === 'swarm' ? o.swarm : []))))
        .size;
    await sink.until(() => swarms() === 30);
    await expect.poll(() => upstream.stats().calls).toBeGreaterThan(40);
    const { batches, batchedCalls } = upstream.stats();
    if (takes) expect(batchedCalls).toBeGreaterThan(2 * batches);
    else expect([batches, fault?.fired]).toEqual([0, 1]);
  });
});
