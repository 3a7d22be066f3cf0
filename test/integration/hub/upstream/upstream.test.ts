/* oxlint-disable unicorn/consistent-function-scoping -- each script of a peer stands beside what is expected of it */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../src/hub/upstream/dialects/dialect.ts';
import type { ObservationSource } from '../../../../src/hub/upstream/observation-source.ts';
import { startUpstream, type Upstream } from '../../../../src/hub/upstream/upstream.ts';
import { startUpstreams } from '../../../../src/hub/upstream/upstreams.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { serverSchema, type ServerConfig } from '../../../../src/platform/config/schema.ts';
import { plainDialect } from './plain-dialect.ts';
import { politePeer, RawPeer, textResult, type Script } from './raw-peer.ts';
import { RecordingSink } from './recording-sink.ts';
import { limits, listing, upstreamOptions } from './upstream-options.ts';

describe('one server', () => {
  test('is introduced, identified, observed, found healthy, and let go', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer(listing('a', 'b')));
    const upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
    await sink.until(() => sink.state('one') === 'healthy');
    expect(sink.introduced).toEqual([
      { id: 'one', type: 'other', simulated: false, transport: 'tcp', endpoint: `tcp://127.0.0.1:${raw.port}` },
    ]);
    expect(sink.identities.find(({ dialect }) => dialect !== undefined)).toEqual({
      id: 'one',
      type: 'claude-flow',
      dialect: 'claude-flow',
      name: 'raw-peer',
      version: '0.0.1',
      protocol_version: '2024-11-05',
      capabilities: { tools: 1, push: false },
    });
    expect(sink.batches[0]).toMatchObject({
      server_id: 'one',
      observations: [{ agent: 'a' }, { agent: 'b' }, { agents: ['a', 'b'] }],
    });
    expect(sink.health.at(-1)?.evidence).toMatchObject({ method: 'tools/call agent_list', consecutive_failures: 0 });
    expect(upstream.stats()).toMatchObject({ state: 'online', failures: 0, reconnects: 0, droppedReplies: 0 });
    await upstream[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    expect(upstream.stats().state).toBe('stopped');
    await expect.poll(() => raw.sockets.size).toBe(0);
    await expect(upstream.callTool('agent_list', {})).rejects.toThrow('one is stopped');
  });

  test('reports hostile text cleaned and without unusable ids', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer(listing('\u202eevil\u0000', 'x'.repeat(300), '', 'ok')));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
    await sink.until(() => sink.batches.length > 0);
    expect(sink.agents).toEqual(new Set(['evil', 'ok']));
    expect(upstream.stats().refusedObservations).toBeGreaterThanOrEqual(2);
  });

  test('prepares in order: warm-up, bootstrap, then the poll', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer((m, p) => p.result(m, textResult({ agents: ['a'] }))));
    const base = plainDialect();
    const dialect: Partial<Dialect> = {
      open: (peer) => ({ ...base.open(peer), warmUp: () => [{ kind: 'tool', tool: 'memory_usage', args: {} }] }),
    };
    const bootstrap = [{ tool: 'swarm_init', args: { topology: 'mesh' } }, { tool: 'agent_spawn' }];
    await using _upstream = startUpstream(upstreamOptions({ port: raw.port, bootstrap }, sink, dialect));
    await sink.until(() => sink.state('one') === 'healthy');
    const tools = raw.methods.filter((method) => method.startsWith('tool '));
    expect(tools.slice(0, 4)).toEqual(['tool memory_usage', 'tool swarm_init', 'tool agent_spawn', 'tool agent_list']);
    expect(raw.heard.find(({ params }) => params?.['name'] === 'swarm_init')?.params?.['arguments']).toEqual({
      topology: 'mesh',
    });
  });

  test('a tool can be called: the reply is read, and a poll follows at once', async () => {
    const sink = new RecordingSink();
    const agents = ['a'];
    const script: Script = (m, p) => {
      if (m.params?.['name'] === 'agent_spawn') agents.push('b');
      p.result(m, textResult({ agents }));
    };
    await using raw = await RawPeer.start(politePeer(script));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port, poll_interval_ms: 3_600_000 }, sink));
    await sink.until(() => sink.agents.has('a'));
    expect(await upstream.callTool('agent_spawn', { type: 'coder' })).toEqual({
      ok: true,
      payload: { agents: ['a', 'b'] },
    });
    expect(sink.agents).toContain('b');
    await expect.poll(() => raw.methods.filter((method) => method === 'tool agent_list').length).toBe(2);
  });

  test('a dialect that throws is counted; the poll goes on', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer(listing('a')));
    const base = plainDialect();
    const read = (): never => {
      throw new TypeError('unexpected');
    };
    await using upstream = startUpstream(
      upstreamOptions({ port: raw.port }, sink, { open: (peer) => ({ ...base.open(peer), read }) }),
    );
    await expect.poll(() => upstream.stats().unreadable).toBeGreaterThan(2);
    expect(sink.state('one')).toBe('healthy');
  });

  test('no dialect: down, with the reason', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer(listing(), []));
    await using _upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
    await sink.until(() => sink.state('one') === 'down');
    expect(sink.health.at(-1)?.reason).toBe('no connection: no dialect understands raw-peer with 0 tools');
  });
});

describe('push', () => {
  const subscribing: Partial<Dialect> = {
    subscribe: ({ intervalMs, bufferSize }) => ({
      kind: 'method',
      method: 'telemetry.subscribe',
      params: { interval_ms: intervalMs, buffer_size: bufferSize },
    }),
  };

  test('where it is offered, events arrive and polling is a safety net', async () => {
    const sink = new RecordingSink();
    const script: Script = (m, p) => {
      if (m.method === 'telemetry.subscribe') {
        p.result(m, { subscribed: true });
        p.say({ jsonrpc: '2.0', method: 'agent.seen', params: { id: 'pushed' } });
        p.say({ type: 'agent.status', data: { id: 'bare' } });
      } else listing('polled')(m, p, raw);
    };
    await using raw = await RawPeer.start(politePeer(script));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink, subscribing));
    await sink.until(() => sink.agents.has('pushed') && sink.agents.has('bare') && sink.agents.has('polled'));
    await sink.until(() => sink.identities.at(-1)?.capabilities?.push === true);
    await expect.poll(() => upstream.stats().pollIntervalMs).toBeGreaterThanOrEqual(4_000);
    expect(upstream.stats().pollIntervalMs).toBeLessThanOrEqual(5_000);
    expect(upstream.stats().pushes).toBe(2);
    expect(raw.heard.find(({ method }) => method === 'telemetry.subscribe')?.params).toEqual({
      interval_ms: 100,
      buffer_size: 1_000,
    });
  });

  test('where it is refused, polling goes on at its pace', async () => {
    const sink = new RecordingSink();
    const script: Script = (m, p) => {
      if (m.method === 'telemetry.subscribe') p.error(m, -32601, 'Method not found');
      else listing('a')(m, p, raw);
    };
    await using raw = await RawPeer.start(politePeer(script));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink, subscribing));
    await expect.poll(() => raw.methods.filter((method) => method === 'tool agent_list').length).toBeGreaterThan(5);
    expect(upstream.stats().pollIntervalMs).toBeLessThanOrEqual(160);
    expect(sink.identities.at(-1)?.capabilities?.push).toBe(false);
  });

  test('a flood of 20,000 events arrives whole', async () => {
    const sink = new RecordingSink();
    const script: Script = (m, p) => {
      if (m.method !== 'telemetry.subscribe') return listing()(m, p, raw);
      p.result(m, {});
      p.say(
        Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ type: 'agent.status', data: { id: `a${i}` } })).join(
          '\n',
        ),
      );
    };
    await using raw = await RawPeer.start(politePeer(script));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink, subscribing));
    await expect.poll(() => upstream.stats().pushes, { timeout: 20_000 }).toBe(20_000);
    expect(sink.agents.size).toBe(20_000);
    expect(sink.batches.length).toBeLessThan(2_000);
  });
});

describe('a source beside MCP', () => {
  test('runs while connected, and polling relaxes', async () => {
    const sink = new RecordingSink();
    let running = 0;
    const source: ObservationSource = {
      start: (emit) => {
        running += 1;
        emit([{ kind: 'agent', swarm: 's', agent: 'from-file', facts: {} }], systemClock.now());
        return {
          [Symbol.asyncDispose]: async () => {
            running -= 1;
          },
        };
      },
    };
    await using raw = await RawPeer.start(politePeer(listing('a')));
    const upstream = startUpstream({ ...upstreamOptions({ port: raw.port }, sink), openSource: () => source });
    await sink.until(() => sink.agents.has('from-file') && sink.agents.has('a'));
    expect(running).toBe(1);
    expect(upstream.stats().pollIntervalMs).toBeGreaterThanOrEqual(4_000);
    expect(upstream.stats().pollIntervalMs).toBeLessThanOrEqual(5_000);
    await upstream[Symbol.asyncDispose]();
    expect(running).toBe(0);
  });

  test('one that fails to start is survived', async () => {
    const sink = new RecordingSink();
    const source: ObservationSource = { start: () => Promise.reject(new Error('no such directory')) };
    await using raw = await RawPeer.start(politePeer(listing('a')));
    await using _upstream = startUpstream({ ...upstreamOptions({ port: raw.port }, sink), openSource: () => source });
    await sink.until(() => sink.state('one') === 'healthy');
  });
});

describe('several connections', () => {
  test('the first is cut in the middle of an answer: asked again on another, and nobody notices', async () => {
    const sink = new RecordingSink();
    let cuts = 0;
    let isLeadCut = false;
    const script: Script = (m, p, peer) => {
      const [lead] = peer.sockets;
      if (peer.sockets.size === 2 && !isLeadCut && p === lead) {
        isLeadCut = true;
        cuts += 1;
        p.socket.destroy();
      } else listing('a')(m, p, peer);
    };
    await using raw = await RawPeer.start(politePeer(script));
    const base = upstreamOptions({ port: raw.port }, sink);
    await using upstream = startUpstream({ ...base, limits: { ...limits, pool_min: 2 } });
    await expect.poll(() => cuts).toBe(1);
    await expect.poll(() => upstream.stats().retriedSuccesses).toBeGreaterThanOrEqual(1);
    await expect.poll(() => upstream.stats().poolConnections).toBe(2);
    expect(upstream.stats()).toMatchObject({ poolBroken: 1, retriedFailures: 0, reconnects: 0, circuitTrips: 0 });
    expect(sink.disconnects).toEqual([]);
    expect(new Set(sink.health.map(({ state }) => state))).toEqual(new Set(['unknown', 'healthy']));
  });
});

describe('trouble', () => {
  test('a server that restarts is told as lost at once, and comes back without hands', async () => {
    const sink = new RecordingSink();
    const first = await RawPeer.start(politePeer(listing('before')));
    const { port } = first;
    await using upstream = startUpstream(upstreamOptions({ port }, sink));
    await sink.until(() => sink.state('one') === 'healthy');
    await first[Symbol.asyncDispose]();
    await sink.until(() => sink.state('one') === 'down');
    expect(sink.disconnects).toEqual(['one']);
    await using _second = await RawPeer.start(politePeer(listing('after')), { port });
    await sink.until(() => sink.agents.has('after'));
    await sink.until(() => sink.state('one') === 'healthy');
    expect(upstream.stats().reconnects).toBe(1);
  });

  test('a server that hangs is degraded, then down, then connected to anew', async () => {
    const sink = new RecordingSink();
    let hanging = true;
    const script: Script = (m, p) => {
      if (!hanging) listing('a')(m, p, raw);
    };
    await using raw = await RawPeer.start(politePeer(script));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
    await sink.until(() => sink.state('one') === 'degraded');
    expect(sink.health.at(-1)?.reason).toBe('failed: no reply to tools/call agent_list within 150 ms');
    await sink.until(() => sink.state('one') === 'down');
    // By the circuit that opened, and by the connection that was given up.
    expect(sink.disconnects).toEqual(['one', 'one']);
    expect(sink.circuits).toEqual(['closed', 'open']);
    hanging = false;
    await sink.until(() => sink.state('one') === 'healthy');
    await sink.until(() => sink.circuits.at(-1) === 'closed');
    expect(sink.circuits).toEqual(['closed', 'open', 'half_open', 'closed']);
    expect(upstream.stats()).toMatchObject({ state: 'online', reconnects: 1, circuitTrips: 1, circuitRecoveries: 1 });
  });

  test('half open: the peer is gone without a word', async () => {
    const sink = new RecordingSink();
    // A proxy that swallows everything from one moment on, without closing.
    await using raw = await RawPeer.start(politePeer(listing('a')));
    let swallowing = false;
    const proxy = createServer((inside) => {
      const outside = createConnection({ port: raw.port, host: '127.0.0.1' });
      inside.on('data', (chunk) => (swallowing ? undefined : outside.write(chunk)));
      outside.on('data', (chunk) => (swallowing ? undefined : inside.write(chunk)));
      for (const socket of [inside, outside])
        socket.on('error', () => undefined).on('close', () => [inside, outside].map((s) => s.destroy()));
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    const upstream = startUpstream(upstreamOptions({ port: typeof address === 'object' ? address?.port : 0 }, sink));
    await sink.until(() => sink.state('one') === 'healthy');
    swallowing = true;
    await sink.until(() => sink.state('one') === 'down');
    swallowing = false;
    await sink.until(() => sink.state('one') === 'healthy');
    await upstream[Symbol.asyncDispose]();
    proxy.close();
    await once(proxy, 'close');
  });

  test('a server that answers with errors is degraded, then unhealthy, and stays connected', async () => {
    const sink = new RecordingSink();
    await using raw = await RawPeer.start(politePeer((m, p) => p.error(m, -32603, 'Cannot read properties of null')));
    await using upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
    await sink.until(() => sink.state('one') === 'unhealthy');
    expect(sink.health.map(({ state }) => state)).not.toContain('healthy');
    expect(sink.health.at(-1)?.reason).toBe('fails repeatedly: Cannot read properties of null');
    expect(upstream.stats().state).toBe('online');
    expect(sink.disconnects).toEqual([]);
  });

  test('a server that is not well is spared the details, and asked for them again when it is healthy', async () => {
    const sink = new RecordingSink();
    let failing = true;
    const script: Script = (m, p, peer) => {
      if (failing && m.params?.['name'] === 'agent_list') p.error(m, -32603, 'not now');
      else listing('a')(m, p, peer);
    };
    await using raw = await RawPeer.start(politePeer(script));
    const base = plainDialect();
    const details: Partial<Dialect> = {
      timing: { ...base.timing, slowMs: 30 },
      open: (peer) => {
        const session = base.open(peer);
        const slow = [{ kind: 'tool', tool: 'details', args: {} } as const];
        return { ...session, plan: (cadence) => (cadence === 'slow' ? slow : session.plan(cadence)) };
      },
    };
    await using _upstream = startUpstream(upstreamOptions({ port: raw.port }, sink, details));
    await sink.until(() => sink.state('one') === 'unhealthy');
    expect(raw.methods.filter((method) => method === 'tool details').length).toBeLessThanOrEqual(1);
    failing = false;
    await sink.until(() => sink.state('one') === 'healthy');
    await expect.poll(() => raw.methods.filter((method) => method === 'tool details').length).toBeGreaterThan(2);
    expect(sink.health.map(({ state }) => state)).toContain('degraded');
  });

  test('stopping while connecting, waiting and hanging ends at once', async () => {
    const sink = new RecordingSink();
    await using silent = await RawPeer.start(() => undefined);
    const connecting = startUpstream(upstreamOptions({ port: silent.port }, sink));
    await expect.poll(() => silent.connections).toBe(1);
    await connecting[Symbol.asyncDispose]();
    await using hanging = await RawPeer.start(politePeer(() => undefined));
    const asking = startUpstream(upstreamOptions({ port: hanging.port }, sink));
    await expect.poll(() => hanging.methods).toContain('tool agent_list');
    await asking[Symbol.asyncDispose]();
    const { port } = silent;
    await silent[Symbol.asyncDispose]();
    const waiting = startUpstream({
      ...upstreamOptions({ port }, sink),
      limits: { ...limits, reconnect_min_ms: 60_000, reconnect_max_ms: 60_000 },
    });
    await expect.poll(() => waiting.stats().state).toBe('waiting');
    await waiting[Symbol.asyncDispose]();
  });

  test('a hundred starts and stops leave no timers and sockets', async () => {
    await using raw = await RawPeer.start(politePeer(listing('a')));
    const resources = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'TCPSocketWrap').length;
    const before = resources();
    for (let i = 0; i < 100; i += 1) {
      const sink = new RecordingSink();
      const upstream = startUpstream(upstreamOptions({ port: raw.port }, sink));
      await sink.until(() => sink.state('one') === 'healthy');
      await upstream[Symbol.asyncDispose]();
    }
    await expect.poll(() => raw.sockets.size).toBe(0);
    await expect.poll(resources).toBeLessThanOrEqual(before);
  });
});

describe('many servers', () => {
  test('bad ones take nothing from good ones; discover wakes those that wait', async () => {
    const sink = new RecordingSink();
    await using good = await RawPeer.start(politePeer(listing('a')));
    await using hangs = await RawPeer.start(() => undefined);
    await using garbles = await RawPeer.start((_m, p) => p.say('\u0000\u0001garbage'));
    const gone = await RawPeer.start(() => undefined);
    const { port: gonePort } = gone;
    await gone[Symbol.asyncDispose]();
    const servers = [
      { id: 'good', port: good.port },
      { id: 'hangs', port: hangs.port },
      { id: 'garbles', port: garbles.port },
      { id: 'gone', port: gonePort },
    ].map((server) => serverSchema.parse({ transport: 'tcp', ...server }));
    const { server: _one, ...shared } = upstreamOptions({ port: 1 }, sink);
    const slow = { ...limits, reconnect_min_ms: 60_000, reconnect_max_ms: 60_000 };
    const upstreams = startUpstreams({ ...shared, limits: slow, servers });
    await sink.until(() => sink.state('good') === 'healthy');
    await sink.until(() => ['hangs', 'garbles', 'gone'].every((id) => sink.state(id) === 'down'));
    expect(sink.state('good')).toBe('healthy');
    expect(upstreams.stats().map(({ serverId, state }) => [serverId, state])).toEqual([
      ['good', 'online'],
      ['hangs', 'waiting'],
      ['garbles', 'waiting'],
      ['gone', 'waiting'],
    ]);
    await using _back = await RawPeer.start(politePeer(listing('b')), { port: gonePort });
    upstreams.discover();
    await sink.until(() => sink.state('gone') === 'healthy');
    const upstream: Upstream | undefined = upstreams.get('good');
    expect(await upstream?.callTool('agent_list', {})).toMatchObject({ ok: true });
    await expect(upstreams.callTool('nobody', 'agent_list', {})).rejects.toThrow('no server nobody');
    await upstreams[Symbol.asyncDispose]();
    expect(new Set(upstreams.stats().map(({ state }) => state))).toEqual(new Set(['stopped']));
  });

  test('come, go and change without a word to the others', async () => {
    const sink = new RecordingSink();
    await using kept = await RawPeer.start(politePeer(listing('a')));
    await using moved = await RawPeer.start(politePeer(listing('b')));
    await using target = await RawPeer.start(politePeer(listing('c')));
    const server = (id: string, port: number): ServerConfig => serverSchema.parse({ id, transport: 'tcp', port });
    const { server: _one, ...shared } = upstreamOptions({ port: 1 }, sink);
    await using upstreams = startUpstreams({
      ...shared,
      servers: [server('kept', kept.port), server('m', moved.port)],
    });
    await sink.until(() => sink.state('kept') === 'healthy' && sink.state('m') === 'healthy');
    upstreams.apply([server('kept', kept.port), server('m', target.port), server('new', moved.port)], shared);
    await sink.until(() => sink.agents.has('c') && sink.state('new') === 'healthy');
    expect(sink.removed).toEqual(['m']);
    upstreams.apply([server('kept', kept.port)], shared);
    await sink.until(() => sink.removed.length === 3);
    expect(sink.removed.toSorted()).toEqual(['m', 'm', 'new']);
    expect(kept.connections).toBe(1);
    expect(upstreams.stats().map(({ serverId }) => serverId)).toEqual(['kept']);
    upstreams.apply([server('kept', kept.port)], { ...shared, limits: { ...limits, request_timeout_ms: 200 } });
    await expect.poll(() => kept.connections).toBe(2);
  });

  test('several addresses are one server: each has a connection, a dead one is passed over', async () => {
    const sink = new RecordingSink();
    await using first = await RawPeer.start(politePeer(listing('a')));
    const second = await RawPeer.start(politePeer(listing('a')));
    const endpoints = [{ host: '127.0.0.1', port: second.port }];
    await using upstream = startUpstream(upstreamOptions({ port: first.port, endpoints }, sink));
    await expect.poll(() => [first.sockets.size, second.sockets.size]).toEqual([1, 1]);
    await sink.until(() => sink.state('one') === 'healthy');
    await second[Symbol.asyncDispose]();
    // The next try may go to the dead address first; a second later it is the other's turn.
    await expect.poll(() => first.sockets.size, { timeout: 10_000 }).toBe(2);
    await expect.poll(() => upstream.stats().poolConnections).toBe(2);
    expect(sink.disconnects).toEqual([]);
  });
});
