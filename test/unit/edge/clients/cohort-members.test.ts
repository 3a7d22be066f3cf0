/** Whatever makes a member alone loses, doubles and reorders nothing, for it and for the others; and it joins again. */
import { describe, expect, test } from 'vitest';
import { until } from '../../../support/until.ts';
import { agent, fakeEdge, snapshot, tokenOf, verdictOn, type FakeEdge } from './fake-edge.ts';
import {
  expectConsecutive,
  expectWhole,
  frameTicks,
  Story,
  told,
  watch,
  watchMany,
  type CountingSocket,
  type Watched,
} from './watched-client.ts';

const three = () => snapshot([agent(0), agent(1), agent(2)]);
const MEMBERS = 5;
const START_S = 1_700_000_000;
const claims = (seconds: number) => ({ iat: START_S, exp: START_S + seconds });

interface Scene {
  edge: FakeEdge;
  story: Story;
  member: Watched;
}

interface Cause {
  name: string;
  /** Makes it alone, at the latest within these ticks (default: at once). */
  act: (scene: Scene) => void | Promise<void>;
  within?: number;
  /** It has joined again by then. */
  atOnce?: true;
  /** Undoes it, if it lasts. */
  undo?: (scene: Scene) => void;
  /** `all`: it is told of every change and brought every tick; `newest`: some are skipped; `again`: a snapshot repeats. */
  gets: 'all' | 'newest' | 'again';
}

const answered = async ({ member }: Scene, id: string): Promise<void> => {
  await until(`the answer to ${id}`, () =>
    member.socket.messages.some(({ payload }) => 'id' in payload && payload.id === id),
  );
};
const drain = ({ member }: Scene): void => {
  member.socket.drainTo(0);
  member.session.drained();
};

const causes: Cause[] = [
  {
    name: 'other filters',
    act: ({ member }) => member.send({ type: 'update_filters', payload: { agent_types: ['coder'] } }),
    undo: ({ member }) => member.send({ type: 'update_filters', payload: { agent_types: [] } }),
    gets: 'all',
  },
  {
    name: 'the filters that it has',
    act: ({ member }) => member.send({ type: 'update_filters', payload: { agent_types: [] } }),
    gets: 'all',
  },
  {
    name: 'another mode',
    act: ({ member }) => member.send({ type: 'performance_mode', payload: { mode: 'normal' } }),
    undo: ({ member }) => member.send({ type: 'performance_mode', payload: { mode: 'high_frequency' } }),
    gets: 'newest',
  },
  {
    name: 'on demand',
    act: ({ member }) => member.send({ type: 'performance_mode', payload: { mode: 'on_demand' } }),
    undo: ({ member }) => member.send({ type: 'performance_mode', payload: { mode: 'high_frequency' } }),
    gets: 'newest',
  },
  {
    name: "an operator's choice",
    act: ({ member }) => void member.session.setMode('low_frequency'),
    undo: ({ member }) => void member.session.setMode('high_frequency'),
    gets: 'newest',
  },
  {
    name: "an operator's choice of what it has",
    act: ({ member }) => void member.session.setMode('high_frequency'),
    gets: 'all',
  },
  {
    name: 'a resync',
    act: async (scene) => {
      scene.member.send({ type: 'resync', id: 's' });
      await answered(scene, 's');
    },
    atOnce: true,
    gets: 'again',
  },
  { name: 'request_update', act: ({ member }) => member.send({ type: 'request_update' }), gets: 'all' },
  {
    name: 'a discovery',
    act: async (scene) => {
      scene.member.send({ type: 'discover', id: 'd' });
      await answered(scene, 'd');
    },
    gets: 'all',
  },
  {
    name: 'a renewed token',
    act: async (scene) => {
      scene.member.send({ type: 'renew', id: 'r', payload: { token: await tokenOf(claims(9_000)) } });
      await answered(scene, 'r');
    },
    gets: 'all',
  },
  {
    name: 'a renewal that is refused',
    act: async (scene) => {
      scene.member.send({ type: 'renew', id: 'r', payload: { token: 'nonsense' } });
      await answered(scene, 'r');
    },
    gets: 'all',
  },
  {
    name: 'a socket that is backed up',
    within: 1,
    act: ({ member }) => {
      member.socket.stalled = true;
    },
    undo: drain,
    gets: 'newest',
  },
  {
    name: 'an answer that waits in the socket',
    act: ({ member }) => {
      member.socket.stalled = true;
      member.send({ type: 'heartbeat', id: 1 });
    },
    undo: drain,
    gets: 'newest',
  },
  {
    name: 'a turn that was not accepted',
    within: 1,
    act: ({ member }) => {
      member.socket.dropping = true;
    },
    undo: ({ member }) => {
      member.socket.dropping = false;
    },
    gets: 'again',
  },
  {
    name: 'a turn of which only the first message was accepted',
    within: 1,
    act: ({ member }) => {
      member.socket.accepts = 1;
    },
    undo: ({ member }) => {
      member.socket.accepts = Number.POSITIVE_INFINITY;
    },
    gets: 'again',
  },
  {
    name: 'acknowledgements that stay away',
    within: 125,
    act: ({ member, edge }) => member.send({ type: 'ack', payload: { tick: edge.replica.tick } }),
    undo: ({ member, edge }) => member.send({ type: 'ack', payload: { tick: edge.replica.tick } }),
    gets: 'newest',
  },
  {
    name: 'a ping that stays unanswered while more is sent',
    within: 60 * 4,
    act: ({ member }) => {
      member.socket.reading = false;
    },
    undo: ({ member }) => member.socket.read(),
    gets: 'newest',
  },
];

describe.each([0, 2, MEMBERS - 1])('number %d of five', (nth) => {
  test.each(causes)('$name', async ({ act, undo, within = 0, atOnce = false, gets }) => {
    const edge = fakeEdge({ soft_limit_bytes: 1_500, heartbeat_interval_ms: 300, ping_interval_ms: 5_000 }, three());
    const story = new Story(edge);
    const verdict = await verdictOn(claims(600));
    const members = Array.from({ length: MEMBERS }, () => watch(edge, { mode: 'high_frequency' }, { verdict }));
    // The next change is one of those that are not followed by another of the same at once.
    story.go(9);
    expect(edge.clients.cohortMembers()).toBe(MEMBERS);

    const member = members[nth];
    if (member === undefined) throw new Error('no such member');
    const others = members.filter((one) => one !== member);
    const scene = { edge, story, member };
    await act(scene);
    for (let i = 0; i < within && edge.clients.cohortMembers() === MEMBERS; i++) story.go(1);
    expect(edge.clients.cohortMembers()).toBe(atOnce ? MEMBERS : MEMBERS - 1);
    story.go(40);
    // In another mode it is the first of those who may come.
    if (undo !== undefined) expect(edge.clients.cohortMembers() - edge.clients.cohorts).toBe(MEMBERS - 2);
    undo?.(scene);
    story.go(70);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, MEMBERS]);
    story.go(20);

    for (const other of others) {
      expectWhole(edge, other, story);
      expectConsecutive(told(other));
      expectConsecutive(frameTicks(other));
    }
    expectWhole(edge, member, story, gets === 'again');
    if (gets === 'all') expectConsecutive(told(member));
    if (gets !== 'all') return;
    // A view that is changed brings all positions once more.
    expectConsecutive([...new Set(frameTicks(member))]);
  });
});

test.each([0, 1])('a single turn of which %d messages were accepted is made good at once', (accepts) => {
  const edge = fakeEdge({}, three());
  const story = new Story(edge);
  const members = watchMany(edge, MEMBERS);
  story.go(9);
  const [, member] = members;
  if (member === undefined) throw new Error('no such member');
  member.socket.accepts = accepts;
  // It brings what no turn after it brings again soon.
  story.go(1);
  expect(edge.clients.cohortMembers()).toBe(MEMBERS - 1);
  member.socket.accepts = Number.POSITIVE_INFINITY;
  story.go(5);
  expect(edge.clients.cohortMembers()).toBe(MEMBERS);
  for (const one of members) expectWhole(edge, one, story, one === member);
});

describe('what concerns all of them', () => {
  const scene = (count = MEMBERS) => {
    const edge = fakeEdge({ soft_limit_bytes: 1_500, heartbeat_interval_ms: 300 }, three());
    const story = new Story(edge);
    const members = watchMany(edge, count);
    story.go(5);
    expect(edge.clients.cohortMembers()).toBe(count);
    return { edge, story, members };
  };

  test('a cap: they share the turns that it leaves them, and their own again when it is lifted', () => {
    const { edge, story, members } = scene();
    expect(edge.clients.setCap('normal')).toBe(MEMBERS);
    expect(edge.clients.cohortMembers()).toBe(0);
    story.go(12);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, MEMBERS]);
    expect(edge.clients.countByMode()).toMatchObject({ normal: MEMBERS });
    expect(edge.clients.setCap(undefined)).toBe(MEMBERS);
    story.go(12);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, MEMBERS]);
    for (const member of members) {
      expectWhole(edge, member, story);
      const modes = member.socket.messages.filter(({ type }) => type === 'mode_changed');
      expect(modes).toHaveLength(2);
    }
  });

  test('a new epoch', () => {
    const { edge, story, members } = scene();
    edge.reset(snapshot([agent(0), agent(5)], 'e2'));
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([0, 0]);
    for (const { socket } of members) socket.frames.length = 0;
    story.go(5);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, MEMBERS]);
    story.go(30);
    for (const member of members) {
      expectWhole(edge, member, story);
      expectConsecutive(told(member));
      expectConsecutive(frameTicks(member));
      expect(member.socket.log.filter((type) => type === 'snapshot')).toHaveLength(2);
    }
  });

  test('a turn of more than the soft limit: each is served alone for a while, and they come together again', () => {
    const { edge, story, members } = scene();
    story.change({ name: 'n'.repeat(2_000) });
    edge.tick();
    expect(edge.clients.cohortMembers()).toBeLessThanOrEqual(1);
    story.go(10);
    expect(edge.clients.cohortMembers()).toBe(0);
    // What was large once may be so again soon.
    story.go(610);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, MEMBERS]);
    for (const member of members) {
      expectWhole(edge, member, story);
      expectConsecutive(told(member));
      expectConsecutive(frameTicks(member));
    }
  });

  test('more agents than the limit while they share turns: nothing is lost', () => {
    const { edge, story, members } = scene();
    edge.apply({ agents: { added: Array.from({ length: 2_100 }, (_, i) => agent(100 + i)) } });
    story.go(30);
    for (const member of members) expectWhole(edge, member, story);
  });

  test.each([
    ['closed', (member: Watched) => member.session.close(3_000, 'test')],
    ['lost', (member: Watched) => member.session.lost()],
  ])('some are %s: the others go on, and when the last has left nothing remains', (_, end) => {
    const { edge, story, members } = scene(7);
    for (const nth of [6, 0, 3]) {
      const gone = members[nth];
      if (gone === undefined) continue;
      end(gone);
      members.splice(nth, 1);
      const sent = gone.socket.log.length;
      story.go(3);
      expect(gone.socket.log).toHaveLength(sent);
      expect(edge.clients.cohortMembers()).toBe(members.length);
    }
    for (const member of members) {
      expectWhole(edge, member, story);
      expectConsecutive(told(member));
    }
    for (const member of members) end(member);
    expect([edge.clients.cohorts, edge.clients.cohortMembers(), edge.clients.size]).toEqual([0, 0, 0]);
    expect(edge.clients.countByMode()).toEqual({ high_frequency: 0, normal: 0, low_frequency: 0, on_demand: 0 });
    expect(edge.views.size).toBe(0);
    const before = edge.clients.counters.turns;
    story.go(10);
    expect(edge.clients.counters.turns).toBe(before);
  });
});

describe('one that leaves while the turn of its cohort waits', () => {
  /** Those of the second view leave as the first one of the first view is sent something. */
  const during = (leave: (second: Watched[]) => void) => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const first = watchMany(edge, 2);
    const second = watchMany(edge, 3, { mode: 'high_frequency', filters: { include_neural: false } });
    story.go(5);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([2, 5]);
    let left = 0;
    const [trigger] = first;
    if (trigger !== undefined)
      trigger.socket.onSend = () => {
        if (left++ === 0) leave(second);
      };
    story.go(1);
    expect(left).toBeGreaterThan(0);
    story.go(20);
    for (const client of [...first, ...second]) {
      if (client.socket.closed !== undefined) continue;
      expectWhole(edge, client, story);
      expectConsecutive(told(client));
      expectConsecutive(frameTicks(client));
    }
    return edge.clients;
  };

  test('one of them has that turn, once', () => {
    const clients = during(([one]) => void one?.session.setMode('high_frequency'));
    expect([clients.cohorts, clients.cohortMembers()]).toEqual([2, 5]);
  });

  test('so have all, when all leave', () => {
    const clients = during((all) => {
      for (const { session } of all) session.setMode('high_frequency');
    });
    expect([clients.cohorts, clients.cohortMembers()]).toEqual([2, 5]);
  });

  test('also one that asked for a turn besides', () => {
    const clients = during(([one]) => one?.send({ type: 'request_update' }));
    expect([clients.cohorts, clients.cohortMembers()]).toEqual([2, 5]);
  });

  test('and one that is closed has none', () => {
    const clients = during(([one]) => one?.session.close(3_000, 'test'));
    expect([clients.cohorts, clients.cohortMembers()]).toEqual([2, 4]);
  });
});

describe('a member that cannot follow is slowed and sped up as one that was alone', () => {
  /** When it was told of which mode, and how often it was passed over. `view`: its own, or that of four others. */
  const life = (view: 'own' | 'shared', press: (member: Watched) => void, ease: (member: Watched) => void) => {
    const edge = fakeEdge({ soft_limit_bytes: 1_500, ping_interval_ms: 60_000 }, three());
    const story = new Story(edge);
    const others = watchMany(edge, 4);
    const filters = { include_neural: view === 'shared' };
    const member = watch(edge, { mode: 'high_frequency', filters });
    const modes: [number, string | undefined][] = [];
    let mode: string | undefined;
    const note = (): void => {
      if (member.session.mode !== mode) modes.push([story.newest, (mode = member.session.mode)]);
    };
    member.send({ type: 'ack', payload: { tick: 1 } });
    story.go(60, note);
    expect(edge.clients.cohortMembers()).toBe(view === 'shared' ? 5 : 4);
    member.send({ type: 'ack', payload: { tick: edge.replica.tick } });
    press(member);
    story.go(400, note);
    expect(edge.clients.cohortMembers()).toBe(4);
    ease(member);
    const heard = (): void => member.send({ type: 'ack', payload: { tick: edge.replica.tick } });
    heard();
    story.go(60 * 60, () => {
      if (story.newest % 30 === 0) heard();
      note();
    });
    expect(edge.clients.cohortMembers()).toBe(view === 'shared' ? 5 : 4);
    expectWhole(edge, member, story);
    for (const other of others) {
      expectWhole(edge, other, story);
      expectConsecutive(told(other));
    }
    const { skipsTotal, behindSkipsTotal, demotionsTotal, promotionsTotal } = edge.clients.counters;
    return { modes, skipsTotal, behindSkipsTotal, demotionsTotal, promotionsTotal };
  };

  const ease = (member: Watched): void => {
    member.socket.drainTo(0);
    member.session.drained();
    member.socket.read();
  };

  test.each([
    [
      'its socket is backed up',
      (socket: CountingSocket) => {
        socket.stalled = true;
      },
    ],
    [
      'it stops to acknowledge',
      (socket: CountingSocket) => {
        socket.reading = false;
      },
    ],
  ])('%s', (_, press) => {
    const shared = life('shared', ({ socket }) => press(socket), ease);
    const own = life('own', ({ socket }) => press(socket), ease);
    expect(shared).toEqual(own);
    expect(shared.modes.map(([, mode]) => mode)).toEqual([
      'high_frequency',
      'normal',
      'low_frequency',
      'normal',
      'high_frequency',
    ]);
  });
});
