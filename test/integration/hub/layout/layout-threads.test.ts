import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Layout } from '../../../../src/hub/layout/layout.ts';
import { openLayout } from '../../../../src/hub/layout/open-layout.ts';
import { monotonicMs } from '../../../../src/hub/layout/step-clock.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { FLAG_SETTLED } from '../../../../src/model/position-region.ts';
import type { LayoutEvent, RegionHandle } from '../../../../src/model/position-region.ts';
import { createHead, readBodies, readHead } from '../../../../src/model/region-reader.ts';
import { agentRecord, batchOf, distance, swarmRecord, topologyLink, worldOf } from '../../../unit/hub/layout/swarms.ts';

const workers: Worker[] = [];
const collect = (worker: Worker): void => {
  workers.push(worker);
};
beforeAll(() => {
  process.on('worker', collect);
});
afterAll(() => {
  process.off('worker', collect);
});

/** What an edge hears of the layout. */
class Listener {
  readonly regions = new Map<number, RegionHandle>();
  readonly ticks: { tick: number; atMs: number; timeMs: number; moved: number[] }[] = [];
  readonly gone: number[] = [];
  readonly ports: MessagePort[] = [];
  #check: (() => void) | undefined;

  receive = (event: LayoutEvent): void => {
    if (event.kind === 'region') this.regions.set(event.handle.swarm, event.handle);
    else if (event.kind === 'region-gone') {
      this.regions.delete(event.swarm);
      this.gone.push(event.swarm);
    } else this.ticks.push({ tick: event.tick, atMs: monotonicMs(), timeMs: event.time_ms, moved: [...event.moved] });
    this.#check?.();
  };

  connect(layout: Layout): this {
    layout.connect({
      kind: 'port',
      openPort: () => {
        const { port1, port2 } = new MessageChannel();
        port1.on('message', this.receive);
        this.ports.push(port1);
        return port2;
      },
    });
    return this;
  }

  /** Resolves when `holds` does, which is looked at after each event. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = (): void => {
        if (!holds()) return;
        this.#check = undefined;
        resolve();
      };
      this.#check();
    });
  }

  /** The settled publication of a swarm: true once it is there. */
  settled(swarm: number, membership?: number): boolean {
    const head = createHead();
    const handle = this.regions.get(swarm);
    if (handle === undefined || !readHead(handle, head)) return false;
    return (head.flags & FLAG_SETTLED) !== 0 && (membership === undefined || head.membership === membership);
  }

  places(swarm: number): Map<number, readonly [number, number, number]> {
    const handle = this.regions.get(swarm);
    if (handle === undefined) throw new Error('no region');
    const head = createHead();
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (!readHead(handle, head)) continue;
      const bodies = readBodies(handle, head);
      if (bodies !== undefined) return new Map(Array.from(bodies, ([slot, { place }]) => [slot, place]));
    }
    throw new Error('nothing to read');
  }
}

function open(threads: number, seed = 5): { layout: Layout; replaced: Error[] } {
  const replaced: Error[] = [];
  const layout = openLayout({ threads, seed, onWorkerReplaced: (error) => replaced.push(error) });
  return { layout, replaced };
}

/** Hash of where the swarms of a world come to rest, after agents have come and gone. */
async function restOf(threads: number): Promise<string> {
  await using opened = open(threads).layout;
  const heard = new Listener().connect(opened);
  opened.reset(worldOf([10, 20, 30, 5]));
  await heard.until(() => [1, 2, 3, 4].every((swarm) => heard.settled(swarm)));
  const added = [1, 2, 3, 4].map((swarm) => agentRecord(swarm, 200 + swarm, 40));
  const links = [1, 2, 3].map((swarm) => topologyLink(900 + swarm, swarm, swarm * 10 - 1, 200 + swarm));
  opened.follow(
    batchOf({
      agents: { added },
      links: { added: links },
      membership: [
        [1, 11],
        [2, 21],
        [3, 31],
        [4, 6],
      ],
    }),
  );
  await heard.until(() => [11, 21, 31, 6].every((membership, index) => heard.settled(index + 1, membership)));
  opened.follow(batchOf({ agents: { removed: [agentRef(0, 12)] }, membership: [[2, 22]] }));
  await heard.until(() => heard.settled(2, 22));
  const hash = createHash('sha256');
  for (const swarm of [1, 2, 3, 4]) hash.update(JSON.stringify([...heard.places(swarm)]));
  return hash.digest('hex');
}

describe('ticks', () => {
  test('sixty a second, by numbers that all workers share, also when nothing moves', async () => {
    await using opened = open(2).layout;
    const heard = new Listener().connect(opened);
    const first = (): number => heard.ticks[0]?.tick ?? 0;
    await heard.until(() => heard.ticks.length > 0 && (heard.ticks.at(-1)?.tick ?? 0) >= first() + 150);
    // A message may be late, never early, so the earliest of a group tells when its ticks were sent.
    const lag = (ticks: typeof heard.ticks): number =>
      Math.min(...ticks.map(({ tick, atMs }) => atMs - (tick * 1000) / 60));
    const third = Math.floor(heard.ticks.length / 3);
    const drift = lag(heard.ticks.slice(-third)) - lag(heard.ticks.slice(0, third));
    const elapsed = ((heard.ticks.at(-1)?.tick ?? 0) - first()) * (1000 / 60);
    expect(Math.abs(drift) / elapsed).toBeLessThan(0.005);
    const numbers = new Set(heard.ticks.map(({ tick }) => tick));
    const span = Math.max(...numbers) - Math.min(...numbers) + 1;
    expect(numbers.size / span).toBeGreaterThan(0.9);
    for (const { tick, timeMs } of heard.ticks) {
      const same = heard.ticks.find((other) => other.tick === tick);
      expect(timeMs).toBe(same?.timeMs);
    }
    expect(Math.abs((heard.ticks.at(-1)?.timeMs ?? 0) - Date.now())).toBeLessThan(1_000);
  });
});

// These wait for swarms to settle, which takes seconds of the clock but little work.
describe.concurrent('swarms', () => {
  test('are dealt out, move, settle, grow into larger regions, and go', async () => {
    await using opened = open(2).layout;
    const heard = new Listener().connect(opened);
    opened.reset(worldOf([10, 12, 14]));
    await heard.until(() => [1, 2, 3].every((swarm) => heard.settled(swarm)));
    expect(opened.stats()).toMatchObject({ swarms: 3, agents: 36, workers: 2, workersReplaced: 0, poisoned: 0 });
    expect(heard.regions.get(1)?.capacity).toBe(16);

    const added = Array.from({ length: 10 }, (_, i) => agentRecord(1, 100 + i, 10 + i));
    opened.follow(batchOf({ agents: { added }, membership: [[1, 20]] }));
    await heard.until(() => heard.settled(1, 20));
    expect(heard.regions.get(1)?.capacity).toBe(32);
    expect(heard.places(1).size).toBe(20);

    opened.follow(batchOf({ swarms: { removed: [2] }, agents: { removed: [] } }));
    await heard.until(() => heard.gone.includes(2));
    expect(opened.stats().swarms).toBe(2);
  });

  test('a sink that connects late hears of all regions first, of a direct sink too', async () => {
    await using opened = open(1).layout;
    const early = new Listener().connect(opened);
    opened.reset(worldOf([5, 5]));
    await early.until(() => early.settled(1) && early.settled(2));
    const late = new Listener().connect(opened);
    await late.until(() => late.ticks.length > 0);
    expect([...late.regions.keys()].toSorted((a, b) => a - b)).toEqual([1, 2]);
    const direct = new Listener();
    opened.connect({ kind: 'direct', post: direct.receive });
    expect([...direct.regions.keys()].toSorted((a, b) => a - b)).toEqual([1, 2]);
    await direct.until(() => direct.ticks.length > 0);
  });

  test('a new world forgets the old one', async () => {
    await using opened = open(2).layout;
    const heard = new Listener().connect(opened);
    opened.reset(worldOf([5, 5, 5]));
    await heard.until(() => heard.regions.size === 3);
    opened.reset({ ...worldOf([7]), epoch: 'e2' });
    await heard.until(() => heard.gone.length === 3 && heard.settled(1));
    expect([...heard.regions.keys()]).toEqual([1]);
    expect(heard.places(1).size).toBe(7);
  });

  test('a held agent stands where it is held', async () => {
    await using opened = open(1).layout;
    const heard = new Listener().connect(opened);
    opened.reset(worldOf([6]));
    await heard.until(() => heard.settled(1));
    opened.pin(agentRef(0, 2), [55, 66, 77]);
    await heard.until(() => distance(heard.places(1).get(2), [55, 66, 77]) === 0);
  });

  test('the same seed and events rest in the same places, whatever the number of threads', async () => {
    const [one, two, four] = await Promise.all([restOf(1), restOf(2), restOf(4)]);
    expect(two).toBe(one);
    expect(four).toBe(one);
  });
});

describe('a worker with too much to do', () => {
  test('gives a swarm to one that has little, and the swarm goes on where it was', async () => {
    const { layout } = open(2);
    await using opened = layout;
    const heard = new Listener().connect(opened);
    // Dealt out in turn; then one of the workers loses both of its own.
    const size = 16_000;
    opened.reset(worldOf([size, size, size, size], 'none'));
    await heard.until(() => heard.regions.size === 4);
    opened.follow(batchOf({ swarms: { removed: [2, 4] } }));
    await heard.until(() => heard.gone.length === 2);
    const regions = new Map(heard.regions);
    await heard.until(() => (opened.stats().swarmsMoved ?? 0) > 0);
    const replaced = (): number[] => [1, 3].filter((swarm) => heard.regions.get(swarm) !== regions.get(swarm));
    await heard.until(() => replaced().length > 0 && heard.ticks.at(-1)?.moved.includes(replaced()[0] ?? 0) === true);
    expect(heard.gone).toEqual([2, 4]);
    expect(opened.stats()).toMatchObject({ swarms: 2, agents: 2 * size, poisoned: 0, workersReplaced: 0 });
    // Orders reach it where it is now.
    const [swarm] = replaced();
    opened.pin(agentRef(0, swarm === 1 ? 0 : 2 * size), [55, 66, 77]);
    await heard.until(() => distance(heard.places(swarm ?? 0).get(0), [55, 66, 77]) === 0);
  });
});

describe('a worker that dies', () => {
  test('is replaced, and its swarms go on from their last positions', async () => {
    workers.length = 0;
    const { layout, replaced } = open(1);
    await using opened = layout;
    const heard = new Listener().connect(opened);
    const direct = new Listener();
    opened.connect({ kind: 'direct', post: direct.receive });
    opened.reset(worldOf([40, 12], 'ring', 'ring'));
    await heard.until(() => heard.settled(1) && heard.settled(2));
    const before = heard.places(1);
    const lastTick = heard.ticks.at(-1)?.tick ?? 0;

    await workers[0]?.terminate();
    // What happens while nobody is there must reach the replacement, too.
    opened.follow(
      batchOf({
        swarms: { added: [swarmRecord(9)], removed: [2] },
        agents: { added: [agentRecord(1, 500, 40)] },
        links: { added: [topologyLink(900, 1, 0, 500)] },
        membership: [[1, 41]],
      }),
    );
    await heard.until(() => replaced.length > 0 && heard.settled(1, 41) && heard.settled(9));
    await direct.until(() => !direct.regions.has(2) && direct.regions.has(9));
    expect(opened.stats()).toMatchObject({ workers: 1, workersReplaced: 1, swarms: 2, agents: 41 });
    expect(heard.regions.has(2)).toBe(false);
    const after = heard.places(1);
    expect(after.size).toBe(41);
    for (const [slot, at] of before) expect(distance(after.get(slot), at)).toBeLessThan(20);
    expect(heard.ticks.at(-1)?.tick).toBeGreaterThan(lastTick);
    expect(replaced[0]?.message).toContain('ended unexpectedly');
  });

  test('young is replaced too, as often as it dies', async () => {
    workers.length = 0;
    const { layout, replaced } = open(1);
    await using opened = layout;
    const heard = new Listener().connect(opened);
    opened.reset(worldOf([8]));
    for (let death = 0; death < 2; death += 1) {
      await heard.until(() => workers.length > death && heard.ticks.length > 0 && heard.regions.has(1));
      heard.ticks.length = 0;
      await workers[death]?.terminate();
    }
    await heard.until(() => replaced.length === 2 && heard.settled(1));
    expect(opened.stats()).toMatchObject({ workers: 1, workersReplaced: 2 });
    expect(heard.places(1).size).toBe(8);
  });
});

describe('a stop', () => {
  test('leaves no thread and no port, is idempotent, and may come at once', async () => {
    workers.length = 0;
    for (let life = 0; life < 3; life += 1) {
      const { layout, replaced } = open(2);
      const heard = new Listener().connect(layout);
      layout.reset(worldOf([5]));
      if (life > 0) await heard.until(() => heard.ticks.length > 3);
      const closed = heard.ports.map((port) => once(port, 'close'));
      await layout[Symbol.asyncDispose]();
      await layout[Symbol.asyncDispose]();
      await Promise.all(closed);
      expect(layout.stats().workers).toBe(0);
      expect(replaced).toEqual([]);
    }
    expect(workers).toHaveLength(6);
    expect(workers.map((worker) => worker.threadId)).toEqual([-1, -1, -1, -1, -1, -1]);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort' || kind === 'Worker')).toEqual([]);
  });

  test('a worker that is dying meanwhile is not replaced', async () => {
    workers.length = 0;
    const { layout, replaced } = open(1);
    const heard = new Listener().connect(layout);
    await heard.until(() => heard.ticks.length > 0);
    await workers[0]?.terminate();
    await layout[Symbol.asyncDispose]();
    expect(replaced).toEqual([]);
    expect(workers).toHaveLength(1);
  });
});
