import { describe, expect, test } from 'vitest';
import { UnsupportedFaultError } from '../../../src/simulator/errors.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { LinePeer } from '../../support/mcp-client.ts';
import { until } from '../../support/until.ts';

async function open(options: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({
    face: 'seed',
    transport: 'tcp',
    swarms: 1,
    agents: 3,
    eventsPerSecond: 0,
    ...options,
  });
  const peer = await LinePeer.connect(simulator.port);
  // The session is loaded lazily; a first answer says that it is there.
  await peer.call('ping');
  return { simulator, peer };
}

/** A peer, as soon as somebody listens. */
async function untilConnected(port: number): Promise<LinePeer> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await LinePeer.connect(port);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function startHttp() {
  return startSimulator({ face: 'generic', transport: 'http', eventsPerSecond: 0 });
}

describe('over TCP', () => {
  test('never-answer: the request is never answered, the next one is', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'never-answer', on: 'agent.list' });
    const lost = peer.send('agent.list');
    await armed.whenFired();
    expect(await peer.call('agent.list')).toMatchObject({ result: { total_count: 3 } });
    expect(peer.answers(lost)).toEqual([]);
    expect([armed.fired, simulator.stats.faultsFired]).toEqual([1, 1]);
  });

  test('method-not-found: the error of a server that does not know what it is asked', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'method-not-found', on: 'batch' });
    const batch = [{ method: 'agent.list', params: {} }];
    expect(await peer.call('batch', batch)).toMatchObject({ error: { code: -32_601, message: 'Method not found' } });
    expect(await peer.call('batch', batch)).toMatchObject({ result: { results: [{ result: { total_count: 3 } }] } });
    expect(armed.fired).toBe(1);
  });

  test('late-answer: other answers overtake it', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'late-answer', delayMs: 120, on: 'agent.list' });
    const startedMs = performance.now();
    const late = peer.send('agent.list');
    await peer.call('ping');
    expect(peer.answers(late)).toEqual([]);
    await peer.answer(late);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(115);
    expect(armed.fired).toBe(1);
  });

  test('close-mid-reply: half a line, then the end', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'close-mid-reply', on: 'agent.list' });
    const id = peer.send('agent.list');
    await until('the end', () => peer.closed);
    expect(peer.answers(id)).toEqual([]);
    const last = peer.lines.at(-1) ?? '';
    expect(last.length).toBeGreaterThan(50);
    expect(() => JSON.parse(last) as unknown).toThrow(SyntaxError);
    expect([armed.fired, simulator.stats.connections]).toEqual([1, 0]);
  });

  test.each<{ fault: Fault; sees: (peer: LinePeer, id: number) => unknown; expected: unknown }>([
    {
      fault: { kind: 'garbage-line', on: 'agent.list' },
      sees: (peer, id) => [peer.answers(id).length, peer.lines.length - peer.messages.length],
      expected: [1, 1],
    },
    {
      fault: { kind: 'over-long-line', bytes: 300_000, on: 'agent.list' },
      sees: (peer, id) => [peer.answers(id).length, peer.lines.some((line) => line.length >= 300_000)],
      expected: [1, true],
    },
    {
      fault: { kind: 'wrong-id', on: 'agent.list' },
      sees: (peer, id) => [peer.answers(id).length, peer.answers(id + 1_000_003).length],
      expected: [0, 1],
    },
    {
      fault: { kind: 'duplicate-reply', on: 'agent.list' },
      sees: (peer, id) => peer.answers(id).length,
      expected: 2,
    },
  ])('$fault.kind', async ({ fault, sees, expected }) => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject(fault);
    const id = peer.send('agent.list');
    await peer.call('ping');
    expect(sees(peer, id)).toEqual(expected);
    expect(armed.fired).toBe(1);
  });

  test('split-frames: the same answer in tiny pieces, with nothing in between', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 400 });
    await using _ = simulator;
    using __ = peer;
    await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 50 });
    const armed = simulator.inject({ kind: 'split-frames', bytes: 16, on: 'agent.list' });
    const before = peer.chunks.length;
    const answer = await peer.call('agent.list');
    expect(answer).toMatchObject({ result: { total_count: 3 } });
    expect(peer.chunks.length - before).toBeGreaterThan(20);
    expect(peer.messages).toHaveLength(peer.lines.length);
    expect(armed.fired).toBe(1);
  });

  test('joined-frames: several answers in one chunk', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'joined-frames', count: 3 });
    const ids = [0, 1, 2].map(() => peer.send('ping'));
    const before = peer.chunks.length;
    await Promise.all(ids.map((id) => peer.answer(id)));
    expect(peer.chunks.length - before).toBe(1);
    expect(armed.fired).toBe(1);
  });

  test('event-flood: that many lines at once, to whoever is there', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'event-flood', events: 5_000 });
    await until('the flood', () => peer.messages.filter(({ type }) => type === 'heartbeat').length === 5_000);
    expect([armed.fired, simulator.stats.eventsPushed]).toEqual([1, 5_000]);
  });

  test('freeze: no answer, no event and no change until it thaws; then all answers', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 400 });
    await using _ = simulator;
    using __ = peer;
    await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 50 });
    await until('events', () => peer.messages.some(({ type }) => type === 'agent.status'));
    let changes = 0;
    simulator.world.onEvent(() => changes++);
    const armed = simulator.inject({ kind: 'freeze', ms: 400 });
    const id = peer.send('ping');
    using late = await LinePeer.connect(simulator.port);
    late.send('ping');
    const before = [changes, peer.lines.length];
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect([changes, peer.lines.length]).toEqual(before);
    expect(late.lines).toEqual([]);
    await Promise.all([peer.answer(id), late.answer(1)]);
    await until('changes', () => changes > 0);
    expect(armed.fired).toBe(1);
  });

  test('restart: away for a while, then there again with the same agents', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    const before = await peer.call('agent.list');
    simulator.inject({ kind: 'restart', ms: 300 });
    await until('the end', () => peer.closed);
    await expect(LinePeer.connect(simulator.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const again = await untilConnected(simulator.port);
    using ___ = again;
    expect((await again.call('agent.list'))['result']).toMatchObject({
      total_count: (before['result'] as { total_count: number }).total_count,
    });
  });

  test('half-open: the connection stays and is dead, a new one works', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 400 });
    await using _ = simulator;
    using __ = peer;
    await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 50 });
    const armed = simulator.inject({ kind: 'half-open' });
    const lost = peer.send('ping');
    const before = peer.lines.length;
    using other = await LinePeer.connect(simulator.port);
    await other.call('telemetry.subscribe', { events: ['*'], interval_ms: 50 });
    await until('events elsewhere', () => other.lines.length > 3);
    expect([peer.answers(lost), peer.lines.length, peer.closed, armed.fired]).toEqual([[], before, false, 1]);
  });

  test('foreign-reply and broadcast-reply: answers go where nobody asked', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    using other = await LinePeer.connect(simulator.port);
    await other.call('ping');
    simulator.inject({ kind: 'foreign-reply', on: 'agent.list' });
    const foreign = peer.send('agent.list');
    await until('the stray', () =>
      other.answers(foreign).some((answer) => 'total_count' in (answer['result'] as object)),
    );
    simulator.inject({ kind: 'broadcast-reply', on: 'swarm.monitor' });
    peer.send('swarm.monitor');
    const last = peer.send('ping');
    await peer.answer(last);
    expect(peer.answers(foreign)).toEqual([]);
    await until('the copy', () => other.answers(foreign + 1).length === 1);
    expect(peer.answers(foreign + 1)).toHaveLength(1);
  });

  test('error-and-close, cut-by-age, exit-mid-reply', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    simulator.inject({ kind: 'error-and-close', on: 'agent.list' });
    peer.send('agent.list');
    await until('the end', () => peer.closed);
    expect(JSON.parse(peer.lines.at(-1) ?? '')).toEqual({ error: { message: 'server is shutting down' } });
    using young = await LinePeer.connect(simulator.port);
    const cut = simulator.inject({ kind: 'cut-by-age', ageMs: 150 });
    await young.call('ping');
    expect(cut.fired).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 170));
    young.send('ping');
    await until('the cut', () => young.closed);
    using last = await LinePeer.connect(simulator.port);
    simulator.inject({ kind: 'exit-mid-reply', on: 'agent.list' });
    last.send('agent.list');
    await simulator.closed;
    await until('the death', () => last.closed);
    expect(() => JSON.parse(last.lines.at(-1) ?? '') as unknown).toThrow(SyntaxError);
    expect(simulator.stats.faultsFired).toBe(3);
  });

  test('slow-drip: the same answer, in time', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    simulator.inject({ kind: 'slow-drip', bytes: 64, everyMs: 10 });
    const startedMs = performance.now();
    expect(await peer.call('agent.list')).toMatchObject({ result: { total_count: 3 } });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(50);
  });

  test('a flood that lasts comes bit by bit, and can be of real agents', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    simulator.inject({ kind: 'event-flood', events: 2_000, overMs: 200, of: 'agent.status' });
    await until('the flood', () => peer.messages.filter(({ type }) => type === 'agent.status').length === 2_000);
    const ids = new Set(peer.messages.map(({ data }) => (data as { agent_id?: string } | undefined)?.agent_id));
    for (const id of simulator.world.agents.keys()) expect(ids).toContain(id);
  });

  test('clock-skew: its times are wrong, and right again', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 400 });
    await using _ = simulator;
    using __ = peer;
    await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 50 });
    const lastMs = () =>
      Date.parse(String(peer.messages.findLast(({ timestamp }) => timestamp !== undefined)?.['timestamp']));
    simulator.inject({ kind: 'clock-skew', byMs: -3_600_000, ms: 300 });
    await until('old times', () => lastMs() < Date.now() - 3_500_000);
    await until('right times', () => Math.abs(lastMs() - Date.now()) < 60_000);
  });

  test('exit on a request: the connection is cut and the port is free', async () => {
    const codes: number[] = [];
    const { simulator, peer } = await open({ exit: (code) => codes.push(code) });
    await using _ = simulator;
    using __ = peer;
    const armed = simulator.inject({ kind: 'exit', code: 3, on: 'agent.list' });
    const id = peer.send('agent.list');
    await until('the end', () => peer.closed);
    await simulator.closed;
    expect([peer.answers(id), codes, armed.fired]).toEqual([[], [3], 1]);
    await expect(LinePeer.connect(simulator.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('faults of the options are armed before the first client', async () => {
    await using simulator = await startSimulator({
      face: 'seed',
      transport: 'tcp',
      faults: [{ kind: 'never-answer', on: 'initialize' }],
    });
    using peer = await LinePeer.connect(simulator.port);
    const id = peer.send('initialize', { protocolVersion: '2024-11-05' });
    await peer.call('ping');
    expect([peer.answers(id), simulator.stats.faultsFired]).toEqual([[], 1]);
  });
});

describe('over HTTP', () => {
  const list = { jsonrpc: '2.0', id: 5, method: 'tools/list', params: {} };
  const post = (endpoint: string, signal?: AbortSignal) =>
    fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(list),
      signal: signal ?? null,
    });
  test.each<{ fault: Fault; body: (text: string) => unknown; expected: unknown }>([
    {
      fault: { kind: 'late-answer', delayMs: 50 },
      body: (text) => (JSON.parse(text) as { id: unknown }).id,
      expected: 5,
    },
    { fault: { kind: 'garbage-line' }, body: (text) => text.includes('this is not JSON'), expected: true },
    { fault: { kind: 'wrong-id' }, body: (text) => (JSON.parse(text) as { id: unknown }).id, expected: 1_000_008 },
    { fault: { kind: 'over-long-line', bytes: 100_000 }, body: (text) => text.length >= 100_000, expected: true },
    {
      fault: { kind: 'split-frames', bytes: 7 },
      body: (text) => (JSON.parse(text) as { id: unknown }).id,
      expected: 5,
    },
  ])('$fault.kind', async ({ fault, body, expected }) => {
    await using simulator = await startHttp();
    const armed = simulator.inject(fault);
    expect(body(await (await post(simulator.endpoint)).text())).toEqual(expected);
    expect(armed.fired).toBe(1);
    const next = (await (await post(simulator.endpoint)).json()) as { id: unknown };
    expect(next.id).toBe(5);
  });

  test('never-answer, close-mid-reply and exit', async () => {
    await using simulator = await startHttp();
    const silent = simulator.inject({ kind: 'never-answer' });
    const waiting = new AbortController();
    const lost = post(simulator.endpoint, waiting.signal);
    await silent.whenFired();
    waiting.abort();
    await expect(lost).rejects.toThrow('aborted');
    simulator.inject({ kind: 'close-mid-reply' });
    await expect(post(simulator.endpoint).then((response) => response.text())).rejects.toThrow('terminated');
    simulator.inject({ kind: 'exit', on: 'tools/list' });
    await expect(post(simulator.endpoint)).rejects.toThrow('fetch failed');
    await simulator.closed;
    expect(simulator.stats.faultsFired).toBe(3);
  });

  test('freeze holds requests back', async () => {
    await using simulator = await startHttp();
    simulator.inject({ kind: 'freeze', ms: 200 });
    const startedMs = performance.now();
    expect((await post(simulator.endpoint)).status).toBe(200);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(150);
  });

  test('rate-limited: 429 with Retry-After, then well again', async () => {
    await using simulator = await startHttp();
    simulator.inject({ kind: 'rate-limited', retryAfterS: 2 });
    const limited = await post(simulator.endpoint);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await limited.json()).toMatchObject({ error: { code: -32_000, data: { retryAfter: 2 } } });
    expect((await post(simulator.endpoint)).status).toBe(200);
  });

  test('restart and error-and-close', async () => {
    await using simulator = await startHttp();
    simulator.inject({ kind: 'error-and-close' });
    expect((await post(simulator.endpoint)).status).toBe(500);
    simulator.inject({ kind: 'restart', ms: 100 });
    await expect(post(simulator.endpoint)).rejects.toThrow('fetch failed');
    const deadline = Date.now() + 10_000;
    let status: number | undefined;
    while (status === undefined && Date.now() < deadline) {
      status = await post(simulator.endpoint).then(
        (response) => response.status,
        () => undefined,
      );
    }
    expect(status).toBe(200);
  });

  test('what it cannot show is refused', async () => {
    await using simulator = await startHttp();
    expect(() => simulator.inject({ kind: 'duplicate-reply' })).toThrow(UnsupportedFaultError);
    const options = { face: 'seed', transport: 'http', faults: [{ kind: 'event-flood', events: 1 }] } as const;
    await expect(startSimulator(options)).rejects.toThrow(UnsupportedFaultError);
  });
});
