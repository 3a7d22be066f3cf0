import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { FairTurns, type ServerTurn } from '../../../../src/hub/upstream/fair-turns.ts';
import { Intake } from '../../../../src/hub/upstream/transports/intake.ts';

/** Time passes only where work says so. */
function turnsByHand() {
  let nowMs = 0;
  const turns = new FairTurns(() => nowMs);
  return { turns, spend: (ms: number) => void (nowMs += ms) };
}

/** An intake whose every slice costs `sliceMs`; `log` gets its name. */
function intakeOf(name: string, turn: ServerTurn, cost: { spend: () => void; log: string[] }) {
  const counters = createCounters();
  const stream = { paused: false };
  const intake = new Intake({
    turn,
    counters,
    take: () => {
      cost.spend();
      cost.log.push(name);
    },
    pause: () => void (stream.paused = true),
    resume: () => void (stream.paused = false),
  });
  return { intake, counters, stream };
}

const SLICE = new Uint8Array(16_384);

describe('turns of servers', () => {
  test('a server that floods has its time, then the others have theirs', async () => {
    const { turns, spend } = turnsByHand();
    const log: string[] = [];
    const cost = { spend: () => spend(1), log };
    const flood = intakeOf('flood', turns.forServer(), cost);
    const witness = intakeOf('witness', turns.forServer(), cost);
    for (let i = 0; i < 8; i++) flood.intake.push(SLICE);
    expect(log).toEqual(['flood', 'flood']);
    expect(flood.counters.waitingBytes).toBe(6 * SLICE.length);
    witness.intake.push(SLICE);
    expect(log.at(-1)).toBe('witness');
    await nextTurn();
    expect(log).toHaveLength(5);
    while (flood.counters.waitingBytes > 0) await nextTurn();
    expect(log.filter((name) => name === 'flood')).toHaveLength(8);
  });

  test('two floods take turns', async () => {
    const { turns, spend } = turnsByHand();
    const log: string[] = [];
    const cost = { spend: () => spend(2), log };
    const [a, b] = ['a', 'b'].map((name) => intakeOf(name, turns.forServer(), cost));
    for (let i = 0; i < 4; i++) for (const flood of [a, b]) flood?.intake.push(SLICE);
    while ((a?.counters.waitingBytes ?? 0) + (b?.counters.waitingBytes ?? 0) > 0) await nextTurn();
    expect(log.join('')).toBe('abababab');
  });

  test('too much that waits pauses the stream until half of it is taken', async () => {
    const { turns, spend } = turnsByHand();
    const { intake, counters, stream } = intakeOf('a', turns.forServer(), { spend: () => spend(2), log: [] });
    intake.push(new Uint8Array(270_000));
    expect(stream.paused).toBe(false);
    intake.push(SLICE);
    expect([stream.paused, counters.pauses]).toEqual([true, 1]);
    while (counters.waitingBytes > 131_072) {
      expect(stream.paused).toBe(true);
      await nextTurn();
    }
    expect(stream.paused).toBe(false);
  });

  test('the end of a stream leaves nothing behind', async () => {
    const { turns, spend } = turnsByHand();
    const log: string[] = [];
    const { intake, counters } = intakeOf('a', turns.forServer(), { spend: () => spend(2), log });
    for (let i = 0; i < 3; i++) intake.push(SLICE);
    intake.end();
    expect([log.length, counters.waitingBytes]).toEqual([3, 0]);
    await nextTurn();
    expect(log).toHaveLength(3);
  });
});
