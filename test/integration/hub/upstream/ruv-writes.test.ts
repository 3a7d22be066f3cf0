import { expect, test } from 'vitest';
import { ask, done, OPERATOR_KEY } from '../../../support/control.ts';
import { openTestGateway } from '../../../support/gateway.ts';
import { until } from '../../../support/until.ts';
import { politePeer, RawPeer, textResult } from './raw-peer.ts';

interface Described {
  name: string;
  servers: string[];
}

test('writes that are asked for at once reach ruv-swarm one at a time, never within a millisecond', async () => {
  const heardAtMs: number[] = [];
  let answeredAtMs = 0;
  const gapsMs: number[] = [];
  await using raw = await RawPeer.start(
    politePeer(
      (message, peer) => {
        if (message.params?.['name'] === 'agent_spawn') {
          heardAtMs.push(performance.now());
          gapsMs.push(performance.now() - answeredAtMs);
          answeredAtMs = performance.now();
          peer.result(message, textResult({ agent: { id: `agent-${heardAtMs.length}`, type: 'coder' } }));
        } else peer.result(message, textResult({ agents: [], swarms: [] }));
      },
      ['agent_list', 'agent_spawn', 'swarm_status', 'swarm_init', 'task_status'],
    ),
  );
  await using gateway = await openTestGateway({
    servers: [{ id: 'ruv', transport: 'tcp', port: raw.port, dialect: 'ruv-swarm' }],
    'server.operator_key': OPERATOR_KEY,
  });
  await until('it can spawn', async () => {
    const { operations } = (await ask(gateway.url, 'GET', '/api/operations')).body as { operations: Described[] };
    return operations.find(({ name }) => name === 'agent.spawn')?.servers.includes('ruv') === true;
  });
  const wishes = Array.from({ length: 8 }, (_, n) =>
    done(gateway.url, 'agent.spawn', { server_id: 'ruv', type: 'coder', name: `n${n}` }),
  );
  await Promise.all(wishes);
  expect(heardAtMs).toHaveLength(8);
  // The gateway waits 5 ms after an answer; its timer and this clock may differ by one.
  expect(Math.min(...gapsMs.slice(1))).toBeGreaterThan(3);
});
