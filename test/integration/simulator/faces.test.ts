import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DIALECT_NAMES } from '../../../src/model/server.ts';
import type { DialectName } from '../../../src/model/server.ts';
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { LinePeer, connectMcp, transportTo } from '../../support/mcp-client.ts';
import type { Era } from '../../support/mcp-client.ts';
import { until } from '../../support/until.ts';

const quiet = { swarms: 2, agents: 4, eventsPerSecond: 0 } as const;
const anything = z.looseObject({});

/** Which tool lists agents, which adds one and how, and where the list is. */
const TOOLS: Record<DialectName, { list: string; add: string; args: Record<string, unknown> }> = {
  'claude-flow': { list: 'agent_list', add: 'agent_spawn', args: { agentType: 'coder' } },
  'ruv-swarm': { list: 'agent_list', add: 'agent_spawn', args: { type: 'coder' } },
  daa: { list: 'list_agents', add: 'spawn_agent', args: { config: { name: 'n', agent_type: 'coder' } } },
  seed: { list: 'agent_list', add: 'agent_spawn', args: { agentType: 'coder' } },
  generic: { list: 'get_agents', add: 'create_agent', args: { type: 'coder' } },
};

const cases = DIALECT_NAMES.flatMap(
  (face) =>
    (['tcp', 'http'] as const).flatMap((transport) =>
      (['legacy', 'modern'] as const satisfies Era[]).map((era) => ({ face, transport, era })),
    ),
  // The seeds' server knows the older era only, where it is not the SDK's HTTP.
).filter(({ face, transport, era }) => !(face === 'seed' && transport === 'tcp' && era === 'modern'));

async function open(options: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({ ...quiet, face: 'seed', transport: 'tcp', ...options });
  return { simulator, peer: await LinePeer.connect(simulator.port) };
}

describe('the official client', () => {
  test.each(cases)('$face over $transport, $era era: tools, agents, a write that is seen', async (given) => {
    await using simulator = await startSimulator({ ...quiet, ...given });
    await using client = await connectMcp(transportTo(simulator.endpoint), given.era);
    expect(client.getServerVersion()?.version).toMatch(/\+simulated$/);
    const { list, add, args } = TOOLS[given.face];
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining([list, add]));
    const agents = async () => {
      const { content } = await client.callTool({ name: list, arguments: {} });
      const [item] = content;
      if (item?.type !== 'text') throw new Error('no text');
      return (JSON.parse(item.text) as { agents: unknown[] }).agents;
    };
    expect(await agents()).toHaveLength(8);
    await client.callTool({ name: add, arguments: args });
    expect(await agents()).toHaveLength(9);
    expect(simulator.world.agents.size).toBe(9);
    expect(simulator.stats.requests).toBe(3);
  });

  test("the seeds' server over TCP knows the older era only, and says so as it does of any method", async () => {
    await using simulator = await startSimulator({ ...quiet, face: 'seed', transport: 'tcp' });
    await expect(connectMcp(transportTo(simulator.endpoint), 'modern')).rejects.toThrow('did not offer');
    using peer = await LinePeer.connect(simulator.port);
    expect(await peer.call('server/discover', { _meta: {} })).toMatchObject({ error: { code: -32_601 } });
  });

  test('claude-flow and ruv-swarm fail in their own ways', async () => {
    await using flow = await startSimulator({ ...quiet, face: 'claude-flow', transport: 'tcp' });
    await using swarm = await startSimulator({ ...quiet, face: 'ruv-swarm', transport: 'tcp' });
    await using flowClient = await connectMcp(transportTo(flow.endpoint));
    await using swarmClient = await connectMcp(transportTo(swarm.endpoint));
    const ghost = await flowClient.callTool({ name: 'agent_status', arguments: { agentId: 'nope' } });
    expect(ghost.isError).toBeUndefined();
    await expect(flowClient.callTool({ name: 'no_such_tool' })).rejects.toMatchObject({ code: -32_601 });
    await expect(flowClient.ping()).resolves.toEqual({});
    await expect(swarmClient.callTool({ name: 'swarm_status' })).rejects.toMatchObject({
      code: -32_603,
      data: { tool: 'swarm_status' },
    });
    await expect(swarmClient.ping()).rejects.toMatchObject({ code: -32_601 });
  });

  test.each([
    ['legacy', 'tcp'],
    ['modern', 'http'],
  ] as const)("the seeds' methods, %s era", async (era, transport) => {
    await using simulator = await startSimulator({ ...quiet, face: 'seed', transport });
    await using client = await connectMcp(transportTo(simulator.endpoint), era);
    expect(await client.request({ method: 'agent.list', params: {} }, anything)).toMatchObject({ total_count: 8 });
    const spawned = await client.request({ method: 'agent.spawn', params: { type: 'coder' } }, anything);
    expect(simulator.world.agents.has(String(spawned['agent_id']))).toBe(true);
    await expect(
      client.request({ method: 'agent.status', params: { agent_id: 'nope' } }, anything),
    ).rejects.toMatchObject({ code: -32_001 });
  });
});

describe('the seeds over bare TCP', () => {
  test('initialize without clientInfo, ping and batch, as the documents show them', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    expect(await peer.call('initialize', { protocolVersion: '2024-11-05' })).toMatchObject({
      result: { protocolVersion: '2024-11-05', serverInfo: { name: 'claude-flow' } },
    });
    expect(await peer.call('ping')).toMatchObject({ result: { status: 'ok' } });
    const batch = [{ method: 'agent.list', params: {} }, { method: 'nope' }];
    expect(await peer.call('batch', batch)).toMatchObject({
      result: { results: [{ result: { total_count: 8 } }, { error: { code: -32_601 } }] },
    });
  });

  test('bad lines are answered with their error, and counted; the connection goes on', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    peer.socket.write('{not json}\n[]\n42\n{"jsonrpc":"2.0"}\n');
    expect(await peer.call('agent.list', { limit: 0 })).toMatchObject({ result: { total_count: 8 } });
    const codes = peer.messages.map(({ error }) => (error as { code: number } | undefined)?.code);
    expect(codes).toEqual([-32_700, -32_600, -32_600, -32_600, undefined]);
    expect(simulator.stats.badLines).toBe(4);
  });

  test('auth.authenticate opens the connection that sent it, with or without an id', async () => {
    const { simulator, peer } = await open({ apiKey: 'key' });
    await using _ = simulator;
    using __ = peer;
    using other = await LinePeer.connect(simulator.port);
    expect(await peer.call('agent.list')).toMatchObject({ error: { code: -32_000 } });
    expect(await peer.call('auth.authenticate', { api_key: 'key' })).toMatchObject({ result: { authenticated: true } });
    expect(await peer.call('agent.list')).toMatchObject({ result: { total_count: 8 } });
    expect(await other.call('agent.list')).toMatchObject({ error: { code: -32_000 } });
    other.socket.write('{"jsonrpc":"2.0","method":"auth.authenticate","params":{"api_key":"key"}}\n');
    expect(await other.call('agent.list')).toMatchObject({ result: { total_count: 8 } });
  });

  test('two connections see one world, and each is told what the other did', async () => {
    const { simulator, peer } = await open();
    await using _ = simulator;
    using __ = peer;
    using other = await LinePeer.connect(simulator.port);
    await other.call('telemetry.subscribe', { events: ['agent.*'], interval_ms: 100 });
    const { result } = await peer.call('agent.spawn', { type: 'coder' });
    const { agent_id } = result as { agent_id: string };
    const spawned = await until('agent.spawned', () => other.messages.find(({ type }) => type === 'agent.spawned'));
    expect(spawned['data']).toMatchObject({ agent_id, type: 'coder' });
    await peer.call('agent.terminate', { agent_id });
    const gone = await until('agent.terminated', () => other.messages.find(({ type }) => type === 'agent.terminated'));
    expect(gone['data']).toMatchObject({ agent_id, swarm_id: expect.stringMatching(/^swarm_/) as unknown });
    expect(peer.messages.every((message) => 'jsonrpc' in message)).toBe(true);
  });

  test('events come at the interval that was asked for, until they are no longer wanted', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 400 });
    await using _ = simulator;
    using __ = peer;
    const events = ['agent.*', 'message.*', 'metrics.*'];
    const { result } = await peer.call('telemetry.subscribe', { events, interval_ms: 100 });
    const { subscription_id } = result as { subscription_id: string };
    // State events of one push carry one timestamp, so timestamps count pushes.
    const pushes = () =>
      new Set(peer.messages.filter(({ type }) => type === 'agent.status').map(({ timestamp }) => timestamp));
    await until('twenty pushes', () => pushes().size >= 20);
    const times = [...pushes()].map((timestamp) => Date.parse(String(timestamp)));
    const mean = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1);
    expect(mean).toBeGreaterThan(80);
    const kinds = new Set(peer.messages.map(({ type }) => type));
    for (const kind of ['agent.status', 'metrics.performance', 'message.flow', 'heartbeat'])
      expect(kinds).toContain(kind);
    expect(simulator.stats.eventsPushed).toBeGreaterThan(100);
    expect(await peer.call('telemetry.unsubscribe', { subscription_id })).toMatchObject({ result: { success: true } });
    const before = peer.lines.length;
    await peer.call('ping');
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(peer.lines.length).toBe(before + 1);
  });

  test('a reader that stops reading costs its own telemetry only', async () => {
    const { simulator, peer } = await open({ eventsPerSecond: 20_000, agents: 200 });
    await using _ = simulator;
    using __ = peer;
    using other = await LinePeer.connect(simulator.port);
    await peer.call('telemetry.subscribe', { events: ['*'], interval_ms: 50, buffer_size: 100_000 });
    peer.socket.pause();
    await until('dropped events', () => simulator.stats.eventsDropped > 0, 40_000);
    expect(await other.call('ping')).toMatchObject({ result: { status: 'ok' } });
    peer.socket.resume();
    expect(await peer.call('ping')).toMatchObject({ result: { status: 'ok' } });
  });
});

test('over HTTP, a session with a stream gets events as notifications', async () => {
  await using simulator = await startSimulator({ ...quiet, eventsPerSecond: 100, face: 'seed', transport: 'http' });
  await using client = await connectMcp(transportTo(simulator.endpoint));
  const got: { method: string; params?: unknown }[] = [];
  client.fallbackNotificationHandler = (notification) => Promise.resolve(void got.push(notification));
  await client.request({ method: 'telemetry.subscribe', params: { events: ['*'], interval_ms: 100 } }, anything);
  const event = await until('agent.status', () => got.find(({ method }) => method === 'agent.status'));
  expect(event.params).toMatchObject({
    timestamp: expect.any(String) as unknown,
    data: { agent_id: expect.any(String) as unknown, swarm_id: expect.any(String) as unknown },
  });
  expect(simulator.stats.connections).toBe(1);
});

test('over HTTP without a session there is nothing to push to, and it says so', async () => {
  await using simulator = await startSimulator({ ...quiet, face: 'seed', transport: 'http' });
  await using client = await connectMcp(transportTo(simulator.endpoint), 'modern');
  await expect(client.request({ method: 'telemetry.subscribe', params: {} }, anything)).rejects.toMatchObject({
    code: -32_000,
  });
});

test('over HTTP, foreign origins, other paths, unknown sessions and bodies that are no JSON are refused', async () => {
  await using simulator = await startSimulator({ ...quiet, face: 'generic', transport: 'http' });
  const post = (headers: Record<string, string>, body: string, path = '/mcp') =>
    fetch(new URL(path, simulator.endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body,
    });
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  expect((await post({}, list)).status).toBe(200);
  expect((await post({ origin: 'http://evil.example' }, list)).status).toBe(403);
  expect((await post({}, list, '/other')).status).toBe(404);
  expect((await post({ 'mcp-session-id': 'nope' }, list)).status).toBe(404);
  expect((await post({}, '{not json}')).status).toBe(400);
});
