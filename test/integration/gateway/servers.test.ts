import { describe, expect, test } from 'vitest';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

describe('several servers', () => {
  test('three servers that use the same ids do not collide', async () => {
    // Ids hold the time of their making: three worlds that begin at the same moment with the same seed are alike.
    const startedAtMs = Date.now();
    const clock = { now: () => startedAtMs, monotonic: () => performance.now() };
    const opened = await Promise.all(['one', 'two', 'three'].map((id) => openTestServer(id, { seed: 7, clock })));
    await using gateway = await openTestGateway({ servers: opened.map(({ server }) => server) });
    using client = await RecordingClient.connect(gateway.url);
    const agents = await client.until('agents of all three', () => {
      const known = [...agentsByKey(client).values()];
      return (
        ['one', 'two', 'three'].every((id) => known.filter((agent) => agent['server_id'] === id).length >= 6) && known
      );
    });
    const ids = (server: string) =>
      new Set(agents.filter((agent) => agent['server_id'] === server).map(({ id }) => id));
    const shared = [...ids('one')].filter((id) => ids('two').has(id) && ids('three').has(id));
    expect(shared.length).toBeGreaterThanOrEqual(4);
    expect(new Set(agents.map(({ ref }) => ref)).size).toBe(agents.length);
    for (const agent of agents) expect(Number(agent['ref'])).toBeGreaterThanOrEqual(0x8000_0000);
    await Promise.all(opened.map(({ simulator }) => simulator[Symbol.asyncDispose]()));
  });

  test('a server that vanishes: its agents turn stale, then go; the others do not notice', async () => {
    const [dying, living] = await Promise.all([openTestServer('dying'), openTestServer('living', { seed: 2 })]);
    await using gateway = await openTestGateway({
      servers: [dying.server, living.server],
      'world.stale_after_ms': 1_500,
      'world.remove_after_ms': 2_000,
    });
    using client = await RecordingClient.connect(gateway.url);
    const of = (server: string) => [...agentsByKey(client).values()].filter((agent) => agent['server_id'] === server);
    await client.until('agents of both', () => of('dying').length >= 6 && of('living').length >= 6);
    const livingRefs = of('living').map(({ ref }) => ref);

    await dying.simulator[Symbol.asyncDispose]();
    await client.until(
      'all stale',
      () => of('dying').length > 0 && of('dying').every((agent) => agent['stale'] === true),
    );
    expect(of('living').some((agent) => agent['stale'] === true)).toBe(false);
    await client.until('health that says so', () =>
      client.of('health_update').find(({ payload }) => payload.server_id === 'dying' && payload.state !== 'healthy'),
    );
    await client.until('all gone', () => of('dying').length === 0);
    const survivors = new Set(of('living').map(({ ref }) => ref));
    expect(livingRefs.filter((ref) => survivors.has(ref)).length).toBeGreaterThanOrEqual(livingRefs.length - 2);
    await living.simulator[Symbol.asyncDispose]();
  });

  test.each([
    { note: 'speaks no MCP', answer: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
    { note: 'never answers', answer: undefined },
  ])('a server that $note is shown as failing, with the reason, and harms nobody', async ({ answer }) => {
    const { createServer } = await import('node:net');
    const mute = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      if (answer !== undefined) socket.write(answer);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const good = await openTestServer('good');
    {
      await using gateway = await openTestGateway({
        servers: [{ id: 'bad', transport: 'tcp', port }, good.server],
        'upstream.connect_timeout_ms': 500,
        'upstream.request_timeout_ms': 500,
      });
      using client = await RecordingClient.connect(gateway.url);
      await client.until('the good one’s agents', () => agentsByKey(client).size >= 6);
      const health = await client.until('a verdict on the bad one', () =>
        client.of('health_update').find(({ payload }) => payload.server_id === 'bad' && payload.state !== 'unknown'),
      );
      expect(['unhealthy', 'down', 'degraded']).toContain(health.payload.state);
      expect(health.payload.evidence.last_failure_ms).toBeGreaterThan(0);
      expect(health.payload.evidence.last_success_ms).toBeUndefined();
    }
    await good.simulator[Symbol.asyncDispose]();
    await new Promise((resolve) => mute.close(resolve));
  });
});
