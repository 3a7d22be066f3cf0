import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FreeSpace } from '../../../../src/hub/layout/kernel/free-space.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { copyRecords, createHead, readHead } from '../../../../src/model/region-reader.ts';
import { Bench, swarmSeat } from '../../../unit/hub/layout/swarms.ts';
import type { Graph } from '../../../unit/hub/layout/swarms.ts';

/** Ticks until regions that were given up are free again. */
const REST_TICKS = 600;

test('blocks never overlap, what is freed melts together, and nothing is left over', () => {
  const step = fc.record({ take: fc.boolean(), bytes: fc.nat({ max: 5_000 }), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const space = new FreeSpace(128, 64);
      const held: { at: number; bytes: number }[] = [];
      let fits = true;
      for (const { take, bytes, which } of steps) {
        if (take || held.length === 0) {
          const at = space.take(bytes);
          fits &&= at % 64 === 0 && at >= 128 && at + bytes <= space.top;
          fits &&= held.every((other) => at >= other.at + other.bytes || other.at >= at + bytes);
          held.push({ at, bytes: Math.max(1, bytes) });
        } else {
          const [block] = held.splice(which % held.length, 1);
          if (block !== undefined) space.give(block.at, block.bytes);
        }
      }
      expect(fits).toBe(true);
      for (const { at, bytes } of held) space.give(at, bytes);
      expect([space.inUse, space.top]).toEqual([0, 128]);
    }),
    { numRuns: 300 },
  );
});

const GRAPHS: readonly Graph[] = ['none', 'ring', 'star', 'tree', 'mesh', 'sparse'];
const TOPOLOGIES = [undefined, 'ring', 'star', 'hierarchical', 'mesh'];

type Edit =
  | { kind: 'swarm'; ref: number; n: number; graph: number; topology: number }
  | { kind: 'gone'; ref: number }
  | { kind: 'join'; ref: number; count: number; link: number }
  | { kind: 'leave'; ref: number; which: number }
  | { kind: 'pin'; ref: number; which: number; x: number }
  | { kind: 'steps'; count: number };

const ref = fc.integer({ min: 1, max: 6 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constant('swarm'),
    ref,
    // Around the sizes at which repulsion changes its method.
    n: fc.oneof(fc.nat({ max: 30 }), fc.integer({ min: 310, max: 330 })),
    graph: fc.nat({ max: GRAPHS.length - 2 }),
    topology: fc.nat({ max: TOPOLOGIES.length - 1 }),
  }),
  fc.record({ kind: fc.constant('gone'), ref }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join'), ref, count: fc.nat({ max: 12 }), link: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave'), ref, which: fc.nat() }) },
  fc.record({ kind: fc.constant('pin'), ref, which: fc.nat(), x: fc.double() }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('steps'), count: fc.nat({ max: 30 }) }) },
) as fc.Arbitrary<Edit>;

/** Who is in which swarm, in which slot. */
class World {
  readonly bench = new Bench();
  readonly swarms = new Map<number, Map<number, number>>();
  #agents = 0;
  #links = 0;

  apply(step: Edit): void {
    if (step.kind === 'steps') this.bench.steps(step.count);
    else if (step.kind === 'swarm') this.#create(step);
    else if (this.swarms.has(step.ref)) this.#change(step);
  }

  #create(step: Extract<Edit, { kind: 'swarm' }>): void {
    const agents = new Map(Array.from({ length: step.n }, (_, i) => [i, i]));
    this.swarms.set(step.ref, agents);
    this.#agents = Math.max(this.#agents, 1_000);
    this.bench.engine.order({
      kind: 'swarm',
      seat: swarmSeat(step.n, GRAPHS[step.graph], { ref: step.ref, topology: TOPOLOGIES[step.topology] }),
    });
  }

  #change(step: Exclude<Edit, { kind: 'steps' | 'swarm' }>): void {
    const { engine } = this.bench;
    const agents = this.swarms.get(step.ref) ?? new Map<number, number>();
    const nth = (which: number): number | undefined => [...agents.keys()][which % Math.max(1, agents.size)];
    if (step.kind === 'gone') {
      this.swarms.delete(step.ref);
      engine.order({ kind: 'swarm-gone', swarm: step.ref });
    } else if (step.kind === 'pin') {
      const agent = agentRef(0, nth(step.which) ?? 5_000);
      engine.order({ kind: 'pin', swarm: step.ref, agent, at: [step.x, 0, -step.x] });
    } else if (step.kind === 'leave') {
      const agent = nth(step.which);
      if (agent === undefined) return;
      agents.delete(agent);
      engine.order({ kind: 'change', change: { ref: step.ref, left: [agentRef(0, agent)] } });
    } else {
      const host = nth(step.link);
      const joining = Array.from({ length: step.count }, () => (this.#agents += 1));
      for (const agent of joining) agents.set(agent, Math.max(-1, ...agents.values()) + 1);
      const seated = joining.map((agent) => ({ ref: agentRef(0, agent), slot: agents.get(agent) ?? -1, lead: false }));
      const linked = joining.map((agent) => ({
        ref: 100_000 + (this.#links += 1),
        from: agentRef(0, host ?? agent),
        to: agentRef(0, agent),
        kind: 'topology' as const,
      }));
      engine.order({ kind: 'change', change: { ref: step.ref, seated, linked } });
    }
  }
}

function check({ bench, swarms }: World): void {
  bench.step();
  const head = createHead();
  for (const [swarm, agents] of swarms) {
    expect(readHead(bench.handle(swarm), head)).toBe(true);
    const bytes = new Uint8Array(head.count * 16);
    expect(copyRecords(bench.handle(swarm), head, 'f32', bytes, 0)).toBe(true);
    const words = new Uint32Array(bytes.buffer);
    const floats = new Float32Array(bytes.buffer);
    const slots = Array.from({ length: head.count }, (_, i) => words[i * 4]);
    expect(slots).toEqual([...agents.values()].toSorted((a, b) => a - b));
    expect(floats.every((value, i) => i % 4 === 0 || Number.isFinite(value))).toBe(true);
  }
}

test('swarms of all sizes that come, grow, shrink and go: places are finite, slots stable, and all memory comes back', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
      const world = new World();
      for (const step of edits) {
        world.apply(step);
        if (step.kind === 'steps') check(world);
      }
      check(world);
      for (const swarm of world.swarms.keys()) {
        world.bench.settle(swarm, 4_000);
        expect(world.bench.swarm(swarm).asleep).toBe(true);
      }
      expect(world.bench.step()).toEqual([]);
      for (const swarm of world.swarms.keys()) world.bench.engine.order({ kind: 'swarm-gone', swarm });
      world.bench.steps(REST_TICKS + 1);
      expect(world.bench.engine.bytesInUse).toBe(0);
      expect(world.bench.engine.poisoned).toBe(0);
    }),
    { numRuns: 40 },
  );
});
