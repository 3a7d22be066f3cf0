import { describe, expect, test } from 'vitest';
import { Pace, type Paced, type PaceSlot } from '../../../../src/edge/clients/pace.ts';
import type { Mode } from '../../../../src/protocol/modes.ts';

class FakeClient implements Paced {
  pace: PaceSlot | undefined;
  readonly turns: number[] = [];
  readonly bulkTurns: number[] = [];
  readonly #now: () => number;
  constructor(now: () => number) {
    this.#now = now;
  }
  serve(): number {
    this.turns.push(this.#now());
    return 1;
  }
  serveBulk(): void {
    this.bulkTurns.push(this.#now());
  }
}

/** A pace whose clock stands still unless a test moves it, and whose slices run when asked. */
function setup() {
  let nowMs = 0;
  let tick = 0;
  const deferred: (() => void)[] = [];
  const pace = new Pace({
    clock: { now: () => nowMs, monotonic: () => nowMs },
    defer: (run) => {
      deferred.push(run);
      return () => {
        const at = deferred.indexOf(run);
        if (at >= 0) deferred.splice(at, 1);
      };
    },
  });
  return {
    pace,
    deferred,
    now: () => tick,
    /** Alone in its group, unless it is given one. */
    client: (mode: Mode, group: object = {}) => {
      const client = new FakeClient(() => tick);
      pace.add(client, mode, group);
      return client;
    },
    advance: (ticks: number) => {
      tick += ticks;
      pace.advance(ticks);
      while (deferred.length > 0) deferred.shift()?.();
    },
    advanceOneSlice: (ticks: number) => {
      tick += ticks;
      pace.advance(ticks);
    },
    spend: (ms: number) => {
      nowMs += ms;
    },
  };
}

/** (n − 1) / (t_last − t_first), as performance.md defines rates, in Hz. */
const rate = (turns: readonly number[]): number => ((turns.length - 1) * 60) / ((turns.at(-1) ?? 0) - (turns[0] ?? 0));

describe('rates', () => {
  const modes: { mode: Mode; hz: number }[] = [
    { mode: 'high_frequency', hz: 60 },
    { mode: 'normal', hz: 10 },
    { mode: 'low_frequency', hz: 1 },
  ];
  test.each(modes)('$mode is $hz Hz, tick by tick', ({ mode, hz }) => {
    const { client, advance } = setup();
    const clients = Array.from({ length: 7 }, () => client(mode));
    for (let i = 0; i < 600; i++) advance(1);
    for (const { turns } of clients) expect(rate(turns)).toBe(hz);
  });

  test.each(modes.slice(1))('$mode keeps $hz Hz when ticks are skipped', ({ mode, hz }) => {
    const { client, advance } = setup();
    const clients = Array.from({ length: 61 }, () => client(mode));
    // 1 to 4 ticks at a time, as a busy clock would.
    for (let ticks = 0; ticks < 3_600;) {
      const step = 1 + (ticks % 4);
      advance(step);
      ticks += step;
    }
    for (const { turns } of clients) {
      expect(Math.abs(rate(turns) - hz)).toBeLessThan(hz * 0.02);
      expect(new Set(turns).size).toBe(turns.length);
    }
  });

  test('a gap of any length serves each client once', () => {
    const { client, advance } = setup();
    const clients = [client('high_frequency'), client('normal'), client('low_frequency')];
    advance(10_000);
    for (const { turns } of clients) expect(turns).toHaveLength(1);
  });

  test('on_demand has a turn only when it is given one', () => {
    const { client, advance, pace } = setup();
    const quiet = client('on_demand');
    for (let i = 0; i < 120; i++) advance(1);
    expect(quiet.turns).toEqual([]);
    pace.enqueue(quiet);
    pace.enqueue(quiet);
    advance(1);
    expect(quiet.turns).toHaveLength(1);
  });

  test('clients are spread over the phases', () => {
    const { client, advance } = setup();
    const clients = Array.from({ length: 600 }, () => client('low_frequency'));
    const perTick: number[] = [];
    for (let i = 0; i < 60; i++) {
      const before = clients.reduce((sum, { turns }) => sum + turns.length, 0);
      advance(1);
      perTick.push(clients.reduce((sum, { turns }) => sum + turns.length, 0) - before);
    }
    expect(perTick).toEqual(Array.from({ length: 60 }, () => 10));
  });
});

describe('groups', () => {
  /** How many clients each of the next 60 ticks serves. */
  const perTick = (clients: readonly FakeClient[], advance: (ticks: number) => void): number[] =>
    Array.from({ length: 60 }, () => {
      const before = clients.reduce((sum, { turns }) => sum + turns.length, 0);
      advance(1);
      return clients.reduce((sum, { turns }) => sum + turns.length, 0) - before;
    });

  test('clients of a group have their turns in the same ticks, and all phases are used alike', () => {
    const { client, advance } = setup();
    const groups = Array.from({ length: 12 }, () => ({}));
    const clients = Array.from({ length: 240 }, (_, i) => client('normal', groups[i % groups.length]));
    expect(perTick(clients, advance)).toEqual(Array.from({ length: 60 }, () => 40));
    for (const [i, { turns }] of clients.entries()) expect(turns).toEqual(clients[i % groups.length]?.turns);
  });

  test('one group is spread all the same: no phase has much more than its share', () => {
    const { client, advance } = setup();
    const group = {};
    const clients = Array.from({ length: 6_000 }, () => client('low_frequency', group));
    const served = perTick(clients, advance);
    expect(served.reduce((sum, count) => sum + count, 0)).toBe(6_000);
    expect(Math.max(...served)).toBeLessThanOrEqual(100 * 1.25 + 8);
    // It takes the first phases full, so that fewer ticks make what it shares.
    expect(served.filter((count) => count > 0).length).toBeLessThan(60);
  });

  test('a client that joins another group goes to its phase after its next turn, which does not come later', () => {
    const { client, advance, pace } = setup();
    const [here, there] = [{}, {}];
    const member = client('low_frequency', there);
    const restless = client('low_frequency', here);
    advance(1);
    for (let i = 0; i < 200; i++) {
      pace.regroup(restless, i % 2 === 0 ? there : here);
      pace.regroup(restless, there);
      advance(1);
    }
    const gaps = restless.turns.slice(1).map((turn, i) => turn - (restless.turns[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60);
    expect(restless.turns.slice(-2)).toEqual(member.turns.slice(-2));
  });
});

describe('changes of mode', () => {
  test('a thousand changes leave one place and the right rate', () => {
    const { client, advance, pace } = setup();
    const group = {};
    const restless = client('normal', group);
    const others = Array.from({ length: 10 }, () => client('normal'));
    const modes: Mode[] = ['high_frequency', 'low_frequency', 'on_demand', 'normal'];
    for (let i = 0; i < 1_000; i++) {
      pace.move(restless, modes[i % 4] ?? 'normal', group);
      if (i % 10 === 0) advance(1);
    }
    expect(pace.countByMode()).toEqual({ high_frequency: 0, normal: 11, low_frequency: 0, on_demand: 0 });
    restless.turns.length = 0;
    for (let i = 0; i < 600; i++) advance(1);
    expect(rate(restless.turns)).toBe(10);
    for (const { turns } of others) expect(rate(turns.slice(-60))).toBe(10);
  });

  test('one that took the place of another can leave it, and takes nobody along', () => {
    const { client, pace, advance } = setup();
    const [first, second, third, last] = Array.from({ length: 4 }, () => client('high_frequency'));
    for (const gone of [first, last]) if (gone !== undefined) pace.remove(gone);
    advance(1);
    expect([first, second, third, last].map((one) => one?.turns)).toEqual([[], [1], [1], []]);
    expect(pace.countByMode()).toMatchObject({ high_frequency: 2 });
  });

  test('a client that was removed is not served, also when it waited', () => {
    const { client, pace, advance } = setup();
    const gone = client('high_frequency');
    const stays = client('high_frequency');
    pace.enqueue(gone);
    pace.remove(gone);
    pace.remove(gone);
    advance(1);
    expect(gone.turns).toEqual([]);
    expect(stays.turns).toEqual([1]);
  });
});

describe('cohorts', () => {
  /** Three at 10 Hz, the first two of which share their turns. */
  const united = () => {
    const made = setup();
    const group = {};
    const clients = Array.from({ length: 3 }, () => made.client('normal', group));
    const cohort = new FakeClient(() => made.now());
    for (const member of clients.slice(0, 2)) made.pace.unite(member, cohort);
    const [a, b, alone] = clients;
    if (a === undefined || b === undefined || alone === undefined) throw new Error('three were made');
    return { ...made, a, b, alone, cohort };
  };
  const all = { high_frequency: 0, normal: 3, low_frequency: 0, on_demand: 0 };

  test('have one turn where their members had theirs, and all are counted', () => {
    const { advance, pace, a, b, alone, cohort } = united();
    for (let i = 0; i < 60; i++) advance(1);
    expect([a.turns, b.turns]).toEqual([[], []]);
    expect(cohort.turns).toHaveLength(10);
    expect(cohort.turns).toEqual(alone.turns);
    expect(pace.countByMode()).toEqual(all);
  });

  test('come before those who are alone, whatever place these have', () => {
    const { advance, pace, client, a } = united();
    const order: string[] = [];
    const log = (name: string) => ({
      pace: undefined,
      serveBulk: () => undefined,
      serve: () => {
        order.push(name);
        return 1;
      },
    });
    const early = client('high_frequency');
    pace.add(log('alone'), 'high_frequency', {});
    pace.move(a, 'high_frequency', {});
    pace.unite(a, log('cohort'));
    // The last one takes the place of the first.
    pace.remove(early);
    advance(1);
    expect(order).toEqual(['cohort', 'alone']);
  });

  test('a member that parts has its turns again, in the same ticks', () => {
    const { advance, pace, a, b, cohort } = united();
    for (let i = 0; i < 9; i++) advance(1);
    pace.part(a, cohort);
    for (let i = 0; i < 60; i++) advance(1);
    expect(a.turns).toHaveLength(10);
    expect(a.turns).toEqual(cohort.turns.slice(-10));
    expect(b.turns).toEqual([]);
    expect(pace.countByMode()).toEqual(all);
  });

  test('one that parts while their turn is due has it, once', () => {
    const { advanceOneSlice, deferred, pace, spend, a, b, cohort } = united();
    // Somebody takes the whole slice, so that all others wait.
    const greedy = {
      pace: undefined,
      serveBulk: () => undefined,
      serve: () => {
        spend(3);
        return 32;
      },
    };
    pace.add(greedy, 'high_frequency', {});
    while (cohort.pace?.queued !== true) advanceOneSlice(1);
    const before = cohort.turns.length;
    pace.part(a, cohort);
    while (deferred.length > 0) deferred.shift()?.();
    expect([a.turns.length, cohort.turns.length - before, b.turns.length]).toEqual([1, 1, 0]);
  });

  test('once the last has parted nothing is left of it, also where it waited', () => {
    const { advanceOneSlice, deferred, pace, a, b, cohort, advance } = united();
    for (const member of [a, b]) pace.part(member, cohort);
    pace.dissolve(cohort);
    pace.dissolve(cohort);
    expect(cohort.pace).toBeUndefined();
    for (let i = 0; i < 60; i++) advance(1);
    expect(cohort.turns).toEqual([]);
    expect([a.turns.length, b.turns.length]).toEqual([10, 10]);
    expect(pace.countByMode()).toEqual(all);
    for (const member of [a, b]) pace.remove(member);
    expect(pace.countByMode()).toEqual({ ...all, normal: 1 });

    const again = united();
    again.pace.enqueue(again.cohort);
    for (const member of [again.a, again.b]) again.pace.part(member, again.cohort);
    again.pace.dissolve(again.cohort);
    again.advanceOneSlice(1);
    expect(again.cohort.turns).toEqual([]);
    expect([again.a.turns.length, again.b.turns.length]).toEqual([1, 1]);
    advanceOneSlice(1);
    expect(deferred).toEqual([]);
  });

  test('who is not in the pace is not united with others', () => {
    const { pace, cohort, client } = united();
    const gone = client('normal');
    pace.remove(gone);
    pace.unite(gone, cohort);
    expect(gone.pace).toBeUndefined();
    expect(pace.countByMode()).toEqual(all);
  });
});

describe('slices', () => {
  test('60 Hz clients go first; what does not fit a slice waits for the next, and nobody is served twice', () => {
    const { pace, advanceOneSlice, deferred, spend } = setup();
    const order: string[] = [];
    const add = (mode: Mode, name: string): void =>
      pace.add(
        {
          pace: undefined,
          serveBulk: () => undefined,
          serve: () => {
            order.push(name);
            // 64 of these fill a slice of 2 ms.
            spend(1 / 32);
            return 1;
          },
        },
        mode,
        {},
      );
    for (let i = 0; i < 600; i++) add('normal', 'slow');
    for (let i = 0; i < 80; i++) add('high_frequency', 'fast');
    advanceOneSlice(1);
    expect(order).toHaveLength(64);
    expect(order.every((name) => name === 'fast')).toBe(true);
    expect(deferred).toHaveLength(1);
    while (deferred.length > 0) deferred.shift()?.();
    expect(order.filter((name) => name === 'fast')).toHaveLength(80);
    expect(order.filter((name) => name === 'slow')).toHaveLength(100);
    expect(order.slice(0, 80).every((name) => name === 'fast')).toBe(true);
  });

  test('of those at 60 Hz, cohorts with news come first', () => {
    const { pace, advanceOneSlice } = setup();
    const order: string[] = [];
    const paced = (name: string, hasNews: () => boolean = () => false): Paced => ({
      pace: undefined,
      serveBulk: () => undefined,
      serve: () => order.push(name),
      hasNews,
    });
    let isNew = false;
    for (const cohort of [paced('still'), paced('changed', () => isNew)]) {
      const member = paced('member');
      pace.add(member, 'high_frequency', {});
      pace.unite(member, cohort);
    }
    pace.add(paced('lone'), 'high_frequency', {});
    advanceOneSlice(1);
    isNew = true;
    advanceOneSlice(1);
    expect(order).toEqual(['still', 'changed', 'lone', 'changed', 'still', 'lone']);
  });

  test('under lasting overload slower clients still get turns', () => {
    const { pace, advanceOneSlice, spend } = setup();
    let slow = 0;
    const serveFor = (ms: number, count: () => void) => ({
      pace: undefined,
      serveBulk: () => undefined,
      serve: () => {
        count();
        spend(ms);
        return 1;
      },
    });
    for (let i = 0; i < 500; i++)
      pace.add(
        serveFor(0.1, () => undefined),
        'high_frequency',
        {},
      );
    for (let i = 0; i < 60; i++) {
      pace.add(
        serveFor(0.1, () => {
          slow++;
        }),
        'normal',
        {},
      );
    }
    // One slice a tick is far less than the 60 Hz clients alone need.
    for (let i = 0; i < 60; i++) advanceOneSlice(1);
    expect(slow).toBeGreaterThan(60);
  });

  /** Has turns of so many clients that take so long, and notes its name, their number and the tick. */
  const noting = (
    { spend, now }: Pick<ReturnType<typeof setup>, 'spend' | 'now'>,
    turns: { name: string; clients: number; tick: number }[],
  ) => ({
    of: (name: string, clients: number, ms: number): Paced => ({
      pace: undefined,
      serveBulk: () => undefined,
      serve: () => {
        turns.push({ name, clients, tick: now() });
        spend(ms);
        return clients;
      },
    }),
  });

  test('60 Hz clients go first until one that is slower has waited five ticks: one at 10 Hz loses no turn', () => {
    const made = setup();
    const turns: { name: string; clients: number; tick: number }[] = [];
    const { of } = noting(made, turns);
    // More than fits a slice.
    for (let i = 0; i < 60; i++) made.pace.add(of('fast', 1, 0.1), 'high_frequency', {});
    const slow = of('slow', 1, 0.1);
    made.pace.add(slow, 'normal', {});
    while (slow.pace?.queued !== true) made.advanceOneSlice(1);
    const queuedAt = made.now();
    for (let i = 0; i < 24; i++) made.advanceOneSlice(1);
    expect(turns.filter(({ name }) => name === 'slow').map(({ tick }) => tick - queuedAt)).toEqual([5, 11, 17, 23]);
  });

  test('those who left while they waited hide nobody who waits behind them', () => {
    const made = setup();
    const turns: { name: string; clients: number; tick: number }[] = [];
    const { of } = noting(made, turns);
    for (let i = 0; i < 60; i++) made.pace.add(of('fast', 1, 0.1), 'high_frequency', {});
    const group = {};
    const gone = of('gone', 1, 0.1);
    const slow = of('slow', 1, 0.1);
    made.pace.add(gone, 'normal', group);
    made.pace.add(slow, 'normal', group);
    while (slow.pace?.queued !== true) made.advanceOneSlice(1);
    made.pace.remove(gone);
    for (let i = 0; i < 60; i++) made.advanceOneSlice(1);
    expect(turns.filter(({ name }) => name === 'slow')).toHaveLength(10);
    expect(turns.filter(({ name }) => name === 'gone')).toHaveLength(0);
  });

  test('somebody slower is always waiting, but nobody for five ticks: 60 Hz clients still go first', () => {
    const made = setup();
    const turns: { name: string; clients: number; tick: number }[] = [];
    const { of } = noting(made, turns);
    // Every other slice is taken by those at 60 Hz alone.
    const hog = of('fast', 32, 3);
    made.pace.add(of('fast', 32, 0.1), 'high_frequency', {});
    for (let i = 0; i < 120; i++) made.pace.add(of('slow', 1, 0.05), 'normal', {});
    made.pace.add(hog, 'on_demand', {});
    for (let tick = 0; tick < 60; tick++) {
      if (tick % 2 === 0) made.pace.enqueue(hog);
      made.advanceOneSlice(1);
    }
    const slow = turns.filter(({ name }) => name === 'slow');
    expect(slow.length).toBeGreaterThan(500);
    const firstOf = new Map<number, string>();
    for (const { name, tick } of turns) if (!firstOf.has(tick)) firstOf.set(tick, name);
    expect([...firstOf.values()]).toEqual(Array.from({ length: 60 }, () => 'fast'));
    expect(new Set(slow.map(({ tick }) => tick % 2)).size).toBe(1);
  });

  test('when one has waited too long both are served alike, counted in clients and not in turns', () => {
    const made = setup();
    const turns: { name: string; clients: number; tick: number }[] = [];
    const { of } = noting(made, turns);
    for (let i = 0; i < 10; i++) made.pace.add(of('fast', 64, 1), 'high_frequency', {});
    for (let i = 0; i < 900; i++) made.pace.add(of('slow', 1, 1 / 64), 'normal', {});
    for (let i = 0; i < 100; i++) made.advanceOneSlice(1);
    let lead = 0;
    // By then more wait than are ever served.
    const since = turns.filter(({ tick }) => tick > 20);
    for (const { name, clients } of since) {
      lead += name === 'fast' ? clients : -clients;
      expect(Math.abs(lead)).toBeLessThanOrEqual(65);
    }
    expect(since.filter(({ name }) => name === 'slow').length).toBeGreaterThan(4_500);
  });
});

describe('bulk work', () => {
  /** A pace whose clock moves with what clients do. */
  const timed = () => {
    let nowMs = 0;
    const deferred: (() => void)[] = [];
    const pace = new Pace({
      clock: { now: () => nowMs, monotonic: () => nowMs },
      defer: (run) => {
        deferred.push(run);
        return () => void deferred.splice(deferred.indexOf(run), 1);
      },
    });
    const order: string[] = [];
    const client = (name: string, ms: number): Paced => ({
      pace: undefined,
      serve: () => {
        order.push(name);
        nowMs += ms;
        return 1;
      },
      serveBulk: () => {
        order.push(name);
        nowMs += ms;
      },
    });
    return { pace, deferred, order, client, nowMs: () => nowMs };
  };

  test('comes after everybody whose turn it is, and not twice for asking twice', () => {
    const { pace, order, client } = timed();
    const newcomer = client('newcomer', 0.1);
    pace.enqueueBulk(newcomer);
    pace.enqueueBulk(newcomer);
    pace.add(client('live', 0.1), 'high_frequency', {});
    pace.advance(1);
    expect(order).toEqual(['live', 'newcomer']);
    expect(pace.bulkSize).toBe(0);
  });

  test('a storm is cut into slices, with live clients at the head of each tick', () => {
    const { pace, order, deferred, client, nowMs } = timed();
    pace.add(client('live', 0.01), 'high_frequency', {});
    for (let i = 0; i < 1_000; i++) pace.enqueueBulk(client('newcomer', 0.3));
    let longestMs = 0;
    for (let tick = 0; tick < 20; tick++) {
      const fromMs = nowMs();
      pace.advance(1);
      longestMs = Math.max(longestMs, nowMs() - fromMs);
      expect(order[0]).toBe('live');
      order.length = 0;
    }
    expect(longestMs).toBeLessThanOrEqual(2.4);
    while (pace.bulkSize > 0) deferred.shift()?.();
    expect(pace.busyMs).toBeCloseTo(nowMs());
  });

  test('is not starved by live clients that take all the time: a slice does one piece of it', () => {
    const { pace, order, client } = timed();
    for (let i = 0; i < 400; i++) pace.add(client('live', 0.1), 'high_frequency', {});
    for (let i = 0; i < 10; i++) pace.enqueueBulk(client('newcomer', 0.1));
    for (let tick = 0; tick < 10; tick++) pace.advance(1);
    expect(order.filter((name) => name === 'newcomer')).toHaveLength(10);
    expect(order.filter((name) => name === 'live').length).toBeGreaterThan(200);
  });

  test('whoever left meanwhile is not served', () => {
    const { pace, order, client } = timed();
    const gone = client('gone', 0.1);
    pace.enqueueBulk(gone);
    pace.remove(gone);
    pace.advance(1);
    expect(order).toEqual([]);
  });
});
