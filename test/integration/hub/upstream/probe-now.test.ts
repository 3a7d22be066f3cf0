/** What an operator orders of one server: ask it now, close its circuit. */
import { expect, test } from 'vitest';
import { startUpstream } from '../../../../src/hub/upstream/upstream.ts';
import { startUpstreams } from '../../../../src/hub/upstream/upstreams.ts';
import { politePeer, RawPeer, textResult } from './raw-peer.ts';
import { RecordingSink } from './recording-sink.ts';
import { limits, listing, upstreamOptions } from './upstream-options.ts';

const never = { reconnect_min_ms: 60_000, reconnect_max_ms: 60_000 };

test('a probe asks at once, on the path of real work, and answers with the evidence; two share one', async () => {
  const sink = new RecordingSink();
  await using raw = await RawPeer.start(politePeer(listing('a')));
  await using upstream = startUpstream(upstreamOptions({ port: raw.port, poll_interval_ms: 60_000 }, sink));
  await sink.until(() => sink.state('one') === 'healthy');
  const heard = raw.heard.length;
  const [answer, same] = await Promise.all([upstream.probe(), upstream.probe()]);
  expect(answer).toMatchObject({
    outcome: 'success',
    method: 'tools/call agent_list',
    health: { state: 'healthy', evidence: { consecutive_failures: 0 } },
    circuit: { state: 'closed' },
  });
  expect(same.outcome).toBe('success');
  expect(raw.methods.slice(heard)).toEqual(['tool agent_list']);
});

test('a probe of a server that refuses, and of one that hangs, fails with what was seen', async () => {
  const sink = new RecordingSink();
  let mode: 'well' | 'refuse' | 'hang' = 'well';
  await using raw = await RawPeer.start(
    politePeer((m, p) => {
      if (mode === 'well') p.result(m, textResult({ agents: ['a'] }));
      else if (mode === 'refuse') p.error(m, -32_603, 'out of order');
    }),
  );
  await using upstream = startUpstream(upstreamOptions({ port: raw.port, poll_interval_ms: 60_000 }, sink));
  await sink.until(() => sink.state('one') === 'healthy');
  mode = 'refuse';
  expect(await upstream.probe()).toMatchObject({
    outcome: 'failure',
    method: 'tools/call agent_list',
    error: expect.stringContaining('out of order'),
    health: { state: 'degraded' },
  });
  mode = 'hang';
  expect(await upstream.probe()).toMatchObject({
    outcome: 'failure',
    error: expect.stringContaining('no reply to tools/call agent_list within 150 ms'),
  });
  mode = 'well';
  expect((await upstream.probe()).outcome).toBe('success');
});

test('a probe connects where the next attempt is far away, and says so when nobody is there', async () => {
  const sink = new RecordingSink();
  const first = await RawPeer.start(() => undefined);
  const { port } = first;
  await first[Symbol.asyncDispose]();
  const options = { ...upstreamOptions({ port }, sink), limits: { ...limits, ...never } };
  await using upstream = startUpstream(options);
  await sink.until(() => sink.state('one') === 'down');
  await expect.poll(() => upstream.stats().state).toBe('waiting');
  expect(await upstream.probe()).toMatchObject({
    outcome: 'failure',
    method: 'connect',
    error: expect.stringContaining('ECONNREFUSED'),
    health: { state: 'down' },
  });
  await using _back = await RawPeer.start(politePeer(listing('b')), { port });
  expect(await upstream.probe()).toMatchObject({ outcome: 'success', health: { state: 'degraded' } });
});

test('an open circuit: a probe is refused and reaches nobody; closed by hand, the server is asked at once', async () => {
  const sink = new RecordingSink();
  const gone = await RawPeer.start(() => undefined);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const base = upstreamOptions({ port }, sink);
  const { server, ...shared } = base;
  const resilience = { ...base.resilience, recovery_ms: 600_000 };
  await using upstreams = startUpstreams({ ...shared, resilience, servers: [server] });
  await sink.until(() => sink.circuits.at(-1) === 'open');
  await using back = await RawPeer.start(politePeer(listing('b')), { port });
  const upstream = upstreams.get('one');
  expect(await upstream?.probe()).toMatchObject({ outcome: 'refused', circuit: { state: 'open' } });
  expect(back.connections).toBe(0);
  await expect.poll(() => upstream?.stats().state).toBe('waiting');
  expect(upstream?.resetCircuit()).toMatchObject({ before: { state: 'open' }, after: { state: 'closed' } });
  await sink.until(() => sink.state('one') === 'healthy');
  expect(upstream?.stats()).toMatchObject({ circuitTrips: 1, circuitRecoveries: 0, circuitResets: 1 });
});

test('a probe ends with its server', async () => {
  const sink = new RecordingSink();
  await using raw = await RawPeer.start(() => undefined);
  const upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
  const probe = upstream.probe();
  await upstream[Symbol.asyncDispose]();
  expect(await probe).toMatchObject({ outcome: 'no_answer' });
  expect(await upstream.probe()).toMatchObject({ outcome: 'no_answer' });
});
