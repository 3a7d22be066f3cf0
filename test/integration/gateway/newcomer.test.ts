import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { agentsByKey, RecordingClient } from '../../support/gateway.ts';
import { builtMain } from '../../support/built-main.ts';

describe('swarmcast start, as a newcomer types it', () => {
  test('three simulated servers, said to be simulated everywhere, moving; SIGTERM ends it with 0', async () => {
    const child = spawn(process.execPath, [builtMain(), 'start', '--port', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const { url, simulated } = (JSON.parse(line) as { listening: { url: string; simulated: boolean } }).listening;
    expect(simulated).toBe(true);
    {
      using client = await RecordingClient.connect(url, { mode: 'high_frequency' });
      await client.until('agents of three servers', () => {
        return new Set([...agentsByKey(client).values()].map((agent) => agent['server_id'])).size === 3;
      });
      const updates = () => client.of('agent_update').length + client.of('performance_update').length;
      const [framesBefore, updatesBefore] = [client.frames.length, updates()];
      await client.until('movement', () => client.frames.length > framesBefore + 30);
      await client.until('changes', () => updates() > updatesBefore + 10);
      const servers = client.of('discovery').flatMap(({ payload }) => payload.servers);
      expect(servers.length).toBeGreaterThanOrEqual(3);
      for (const server of servers) expect(server.simulated).toBe(true);

      const agents = (await (await fetch(`${url}/api/bots/agents`)).json()) as {
        simulated_servers: string[];
        count: number;
      };
      expect(agents.simulated_servers.toSorted()).toEqual(['claude-flow', 'daa', 'ruv-swarm']);
      expect(agents.count).toBe(agentsByKey(client).size);
      const health = await fetch(`${url}/api/health/mcp`);
      expect(health.status).toBe(200);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('swarmcast_edge_clients{edge="0"} 1');
    }
    expect(stderr).toContain('SIMULATED');
    await expect.poll(() => stderr, { timeout: 30_000 }).toContain('"degradation_level":"fully_operational"');
    const logged = stderr.split('\n').filter((each) => each.startsWith('{') && each.endsWith('}'));
    // What a line tells must not take the place of how severe it is.
    for (const each of logged) expect(JSON.parse(each)).toHaveProperty('level', expect.any(Number));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });
});
