import { describe, expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import { openTestGateway } from '../support/gateway.ts';
import { childrenWith, privateRuvSwarm } from '../support/peers.ts';
import { provenByHeartbeat } from '../support/proven.ts';
import { until } from '../support/until.ts';

function agents(client: SwarmcastClient) {
  return [...client.state.agents.values()];
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe('ruv-swarm over its noisy stdio', () => {
  test('a swarm, agents, a task, 100 agents, a kill and a restart: the client sees each, nothing invented', async () => {
    await using ruv = await privateRuvSwarm();
    await using gateway = await openTestGateway({
      servers: [{ id: 'ruv', type: 'ruv-swarm', transport: 'stdio', command: ruv.command, args: ruv.args }],
      'world.stale_after_ms': 3_000,
      'world.remove_after_ms': 3_000,
    });
    await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
    await client.whenLive();
    const server = () => [...client.state.servers.values()].find(({ id }) => id === 'ruv');
    await until('a healthy server', () => server()?.health.state === 'healthy');
    expect(server()).toMatchObject({ dialect: 'ruv-swarm', simulated: false });
    expect(server()?.name).toContain('ruv-swarm');

    await gateway.callTool('ruv', 'swarm_init', { topology: 'star', maxAgents: 100, strategy: 'balanced' });
    const swarm = await until('the swarm with its topology', () =>
      [...client.state.swarms.values()].find(({ topology }) => topology === 'star'),
    );
    expect(swarm.id).toMatch(/^swarm-/);

    const wanted = [
      { type: 'coordinator', name: 'lead' },
      { type: 'coder', name: 'alice', capabilities: ['typescript'] },
      { type: 'tester', name: 'bob' },
    ];
    for (const agent of wanted) {
      await gateway.callTool('ruv', 'agent_spawn', agent);
      // Its ids are millisecond timestamps: two spawns in one millisecond end it (upstreams.md, 2.4).
      await pause(6);
    }
    for (const { type, name } of wanted) {
      const seen = await until(`agent ${name}`, () => agents(client).find((agent) => agent.name === name));
      expect(seen).toMatchObject({ type, status: 'idle', swarm: swarm.ref, server_id: 'ruv' });
      // The server measures nothing per agent: nothing may stand there as measured.
      expect(seen.performance?.cpu_usage).toBeUndefined();
      expect(seen.performance?.response_time_ms).toBeUndefined();
      expect(seen.health).toBeUndefined();
      expect(seen.visual).toBeUndefined();
    }
    expect(agents(client).find(({ name }) => name === 'alice')?.capabilities).toContain('typescript');
    await until('topology links, marked as derived', () => {
      const links = [...client.state.links.values()].filter(({ kind }) => kind === 'topology');
      return links.length === 2 && links.every(({ source }) => source === 'derived');
    });

    await gateway.callTool('ruv', 'task_orchestrate', {
      task: 'Count the stars',
      strategy: 'parallel',
      priority: 'high',
    });
    const task = await until('the task', () =>
      [...client.state.tasks.values()].find(({ status }) => status === 'completed'),
    );
    expect(task).toMatchObject({ description: 'Count the stars', priority: 'high' });
    expect(task.assignees?.length).toBeGreaterThan(0);

    for (let i = wanted.length; i < 100; i++) {
      await gateway.callTool('ruv', 'agent_spawn', { type: 'coder', name: `worker-${i}` });
      await pause(6);
    }
    await until('100 agents', () => agents(client).length === 100, 30_000);
    expect(new Set(agents(client).map(({ id }) => id)).size).toBe(100);
    await until('a position for each', () =>
      agents(client).every(({ ref }) => client.positionAt(ref, client.gatewayNow()) !== undefined),
    );
    await provenByHeartbeat(client);

    const [pid] = childrenWith('ruv-swarm-secure');
    expect(pid).toBeDefined();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await until('all stale', () => agents(client).length > 0 && agents(client).every(({ stale }) => stale === true));
    await until('a new process', () => childrenWith('ruv-swarm-secure').some((other) => other !== pid), 30_000);
    // ruv-swarm loses its agents with its process: the picture must not keep them.
    await until('the lost agents gone', () => agents(client).length === 0, 30_000);
    await until('healthy again', () => server()?.health.state === 'healthy', 30_000);

    await gateway.callTool('ruv', 'swarm_init', { topology: 'mesh', maxAgents: 5, strategy: 'balanced' });
    await gateway.callTool('ruv', 'agent_spawn', { type: 'researcher', name: 'phoenix' });
    await until('a new agent after the restart', () => agents(client).find(({ name }) => name === 'phoenix'));
    expect(client.stats.hashMismatches).toBe(0);
  });
});
