import { expect, test } from 'vitest';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';

test('what an edge and the world remember is bounded by settings, filled, and shown beside the bound', async () => {
  const { simulator, server } = await openTestServer('sim', { eventsPerSecond: 400 });
  try {
    await using gateway = await openTestGateway({
      servers: [server],
      'clients.message_history': 7,
      'clients.tombstones': 11,
      'world.message_history': 5,
    });
    const valueOf = async (series: string): Promise<number> => {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      const line = text.split('\n').find((each) => each.startsWith(`swarmcast_${series} `));
      return Number(line?.slice(line.lastIndexOf(' ')));
    };
    const messages = 'bound="agent_messages"}';
    await until('the edge remembers all it may', async () => {
      return (await valueOf(`edge_bound_used{edge="0",${messages}`)) === 7;
    });
    await until('what the dialect remembers is counted: its swarm', async () => {
      return (await valueOf('upstream_remembered_entries{server="sim"}')) === 1;
    });
    await until('so does the world', async () => (await valueOf('world_messages')) === 5);
    expect(await valueOf(`edge_bound_limit{edge="0",${messages}`)).toBe(7);
    expect(await valueOf('edge_bound_limit{edge="0",bound="tombstones"}')).toBe(11);
    expect(await valueOf('edge_bound_limit{edge="0",bound="addresses"}')).toBe(10_000);
  } finally {
    await simulator[Symbol.asyncDispose]();
  }
});
