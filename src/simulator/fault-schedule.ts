/** Faults by seed: the same seed gives the same kinds after the same waits. */
import type { Fault, FaultKind } from './faults.ts';
import { SeededRandom } from './random.ts';

/** What the schedule draws from: short, and all of them heal. */
const PALETTE: readonly ((random: SeededRandom) => Fault)[] = [
  () => ({ kind: 'never-answer' }),
  (random) => ({ kind: 'late-answer', delayMs: Math.round(random.between(100, 20_000)) }),
  () => ({ kind: 'close-mid-reply' }),
  (random) => ({ kind: 'garbage-line', times: 1 + random.below(5) }),
  (random) => ({ kind: 'over-long-line', bytes: 1 + random.below(16_777_216) }),
  (random) => ({ kind: 'wrong-id', times: 1 + random.below(3) }),
  () => ({ kind: 'foreign-reply' }),
  (random) => ({ kind: 'broadcast-reply', times: 1 + random.below(10) }),
  (random) => ({ kind: 'duplicate-reply', times: 1 + random.below(10) }),
  () => ({ kind: 'error-and-close' }),
  (random) => ({ kind: 'split-frames', bytes: 1 + random.below(64), times: 1 + random.below(5) }),
  (random) => ({ kind: 'slow-drip', bytes: 64, everyMs: 1 + random.below(50) }),
  (random) => ({ kind: 'joined-frames', count: 2 + random.below(4) }),
  (random) => ({ kind: 'cut-by-age', ageMs: 500, times: 1 + random.below(3) }),
  (random) => ({ kind: 'rate-limited', retryAfterS: 1, times: 1 + random.below(5) }),
  (random) => ({ kind: 'event-flood', events: random.below(50_000), overMs: 500, of: 'agent.status' }),
  (random) => ({ kind: 'restart', ms: Math.round(random.between(200, 5_000)) }),
  (random) => ({ kind: 'freeze', ms: Math.round(random.between(200, 10_000)) }),
  () => ({ kind: 'half-open' }),
  (random) => ({ kind: 'clock-skew', byMs: Math.round(random.between(-3_600_000, 3_600_000)), ms: 5_000 }),
];

/** A fault and how long to wait for it after the one before. */
export interface ScheduledFault {
  waitMs: number;
  fault: Fault;
}

/** Endless. Waits are between half and one and a half times `everyMs`; kinds in `unsupported` are passed over. */
export function* scheduleFaults(
  seed: number,
  everyMs: number,
  unsupported: ReadonlySet<FaultKind>,
): Generator<ScheduledFault, never> {
  const random = new SeededRandom(seed);
  for (;;) {
    const waitMs = Math.round(random.between(0.5, 1.5) * everyMs);
    let fault = random.pick(PALETTE)(random);
    while (unsupported.has(fault.kind)) fault = random.pick(PALETTE)(random);
    yield { waitMs, fault };
  }
}
