import { describe, expect, test } from 'vitest';
import { StateStore } from '../../../src/client/state-store.ts';
import type { ServerMessage } from '../../../src/protocol/server-messages.ts';
import {
  A,
  agent,
  agents,
  discovery,
  link,
  links,
  message,
  server,
  snapshot,
  swarm,
  task,
  welcome,
} from './records.ts';

function held(messages: ServerMessage[]) {
  const store = new StateStore();
  for (const one of messages) store.apply(one);
  const { state } = store;
  return {
    servers: [...state.servers.keys()],
    swarms: [...state.swarms.keys()],
    agents: [...state.agents.keys()].map((ref) => ref - A),
    links: [...state.links.keys()],
    tasks: [...state.tasks.keys()],
    cursor: store.cursor,
    store,
  };
}

const base = [
  discovery({ full: true, servers: [server(1)], swarms: [swarm(1), swarm(2)] }),
  snapshot(
    {
      agents: [agent(1), agent(2), agent(3, { swarm: 2, slot: 0 })],
      links: [link(1, 1, 2), link(2, 2, 3)],
      tasks: [task(1)],
    },
    'c1',
  ),
];

describe('state store: what messages leave behind', () => {
  const rows: { note: string; messages: ServerMessage[]; expected: Partial<ReturnType<typeof held>> }[] = [
    { note: 'snapshot', messages: [], expected: { agents: [1, 2, 3], links: [1, 2], tasks: [1], cursor: 'c1' } },
    {
      note: 'a removed agent takes its links',
      messages: [agents({ removed: [A + 2] }, 'c2')],
      expected: { agents: [1, 3], links: [], cursor: 'c2' },
    },
    {
      note: 'a removed swarm takes its agents, and they their links, but no tasks',
      messages: [discovery({ removed_swarms: [2] }, 'c2')],
      expected: { swarms: [1], agents: [1, 2], links: [1], tasks: [1] },
    },
    {
      note: 'a swarm missing in a full discovery is removed',
      messages: [discovery({ full: true, swarms: [swarm(2)] }, 'c2')],
      expected: { servers: [], swarms: [2], agents: [3], links: [] },
    },
    {
      note: 'removals and patches of unknown refs are harmless',
      messages: [
        agents({ removed: [A + 99], updated: [{ ref: A + 98, status: 'busy' }] }),
        links({ unlinked: [77] }),
        message('task_update', { tasks: [], removed: [66] }),
        message('performance_update', { agents: [{ ref: A + 97, performance: { cpu_usage: 1 } }] }),
        discovery({ removed_swarms: [55], removed_servers: [44] }),
      ],
      expected: { servers: [1], swarms: [1, 2], agents: [1, 2, 3], links: [1, 2], tasks: [1], cursor: 'c1' },
    },
    {
      note: 'an upsert of a link moves its ends',
      messages: [links({ linked: [link(1, 1, 3)] }), agents({ removed: [A + 2] })],
      expected: { agents: [1, 3], links: [1] },
    },
    {
      note: 'a group without its last message keeps the old cursor',
      messages: [agents({ added: [agent(4)] }), links({ linked: [link(3, 1, 4)] })],
      expected: { agents: [1, 2, 3, 4], links: [1, 2, 3], cursor: 'c1' },
    },
    {
      note: 'half of a snapshot is not shown',
      messages: [snapshot({ snapshot_id: 2, last: false, agents: [agent(9)] })],
      expected: { agents: [1, 2, 3], links: [1, 2], tasks: [1], cursor: 'c1' },
    },
    {
      note: 'the last part replaces agents, links and tasks',
      messages: [
        snapshot({ snapshot_id: 2, last: false, agents: [agent(9)] }),
        snapshot({ snapshot_id: 2, part: 1, agents: [agent(8)], links: [link(5, 8, 9)] }, 'c3'),
      ],
      expected: { agents: [9, 8], links: [5], tasks: [], cursor: 'c3' },
    },
    {
      note: 'a newer snapshot discards an unfinished one',
      messages: [
        snapshot({ snapshot_id: 2, last: false, agents: [agent(9)] }),
        snapshot({ snapshot_id: 3, agents: [agent(8)] }, 'c4'),
      ],
      expected: { agents: [8], cursor: 'c4' },
    },
    {
      note: 'after a welcome that follows with a snapshot there is nothing to resume from',
      messages: [welcome({ epoch: 'e2', follows: 'snapshot', cursor: '' })],
      expected: { agents: [1, 2, 3], cursor: '' },
    },
  ];
  test.each(rows)('$note', ({ messages, expected }) => {
    expect(held([...base, ...messages])).toMatchObject(expected);
  });
});

describe('state store: fields', () => {
  const visual = { size: 5, color: '#000000' };
  const rows = [
    { note: 'patch replaces', updated: { status: 'busy' as const }, expected: { status: 'busy', name: 'Ann', visual } },
    { note: 'null: unknown again', updated: { name: null }, expected: { visual } },
    {
      note: 'nested fields are replaced whole',
      updated: { visual: { size: 7 } },
      expected: { name: 'Ann', visual: { size: 7 } },
    },
  ];
  test.each(rows)('$note', ({ updated, expected }) => {
    const { store } = held([
      agents({ added: [agent(1, { name: 'Ann', visual })] }),
      agents({ updated: [{ ref: A + 1, ...updated }] }),
    ]);
    expect(store.state.agents.get(A + 1)).toStrictEqual({ ...agent(1), ...expected });
  });

  test('performance and neural updates set one field, and null takes it away', () => {
    const { store } = held([
      agents({ added: [agent(1)] }),
      message('performance_update', { agents: [{ ref: A + 1, performance: { cpu_usage: 0.5 } }] }),
      message('neural_update', { agents: [{ ref: A + 1, neural: { cognitive_pattern: 'lateral' } }] }),
      message('performance_update', { agents: [{ ref: A + 1, performance: null }] }),
    ]);
    expect(store.state.agents.get(A + 1)).toStrictEqual({ ...agent(1), neural: { cognitive_pattern: 'lateral' } });
  });

  test('health changes the server and the degradation level; earlier records stay as they were', () => {
    const store = new StateStore();
    store.apply(discovery({ full: true, servers: [server(1)] }));
    const before = store.state.servers.get(1);
    const evidence = { consecutive_failures: 3, consecutive_successes: 0 };
    store.apply(
      message('health_update', {
        server: 1,
        server_id: 's1',
        state: 'down',
        reason: 'connection refused',
        since_ms: 5,
        evidence,
        degradation_level: 'emergency',
      }),
    );
    expect(store.state.servers.get(1)?.health).toStrictEqual({
      state: 'down',
      reason: 'connection refused',
      since_ms: 5,
      evidence,
    });
    expect(store.state.degradationLevel).toBe('emergency');
    expect(before?.health.state).toBe('healthy');
  });
});

describe('state store: hash', () => {
  test('the empty view', () => {
    expect(new StateStore().hash()).toBe('0000000000000000');
  });

  test('slots, slots_rev, stale_since_ms, servers and health are no part of it', () => {
    const plain = held([...base]);
    const other = held([
      discovery({
        full: true,
        servers: [server(1, { simulated: true })],
        swarms: [swarm(1, { slots_rev: 7 }), swarm(2)],
      }),
      ...base.slice(1),
      agents({ updated: [{ ref: A + 1, slot: 44, stale_since_ms: 17 }] }),
    ]);
    expect(other.store.hash()).toBe(plain.store.hash());
  });

  test('a changed field changes it, and back', () => {
    const { store } = held([...base]);
    const before = store.hash();
    store.apply(agents({ updated: [{ ref: A + 1, status: 'busy' }] }));
    expect(store.hash()).not.toBe(before);
    store.apply(agents({ updated: [{ ref: A + 1, status: 'idle', name: null }] }));
    expect(store.hash()).toBe(before);
  });
});
