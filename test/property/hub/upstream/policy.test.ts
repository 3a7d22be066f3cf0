/**
 * The real policy on a clock of ours, against a model of the circuit (R2, R3). A hundredth of the schedules runs in
 * `npm test`; LONG=1 runs them all.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConnectionClosedError } from '../../../../src/hub/upstream/errors.ts';
import { RetryDelays } from '../../../../src/hub/upstream/resilience/retry-delays.ts';
import { policyWith } from '../../../unit/hub/upstream/resilience/policy-harness.ts';

const LONG = process.env['LONG'] !== undefined;
const RECOVERY_MS = 10_000;
const SUCCESSES = 2;
const ATTEMPTS = 3;

const step = fc.oneof(
  fc.record({ kind: fc.constant('ask' as const), fails: fc.boolean(), repeat: fc.boolean() }),
  fc.record({ kind: fc.constant('ask-many' as const), fails: fc.boolean(), count: fc.integer({ min: 2, max: 8 }) }),
  fc.record({ kind: fc.constant('give-up' as const) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2 * RECOVERY_MS) }),
  // The wall clock is set; the monotonic one is not.
  fc.record({ kind: fc.constant('set-wall' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Policy = ReturnType<typeof policyWith>['policy'];

/** Asks, and notes what cannot be: work that reached an open circuit, or was tried more often than allowed. */
function asker(policy: Policy, wrong: string[]) {
  return async (fails: boolean, repeat = false, giveUp = false): Promise<string> => {
    const stop = new AbortController();
    const wasOpen = policy.refusesForMs > 0;
    let attempts = 0;
    const request = policy.request({ name: 'x', repeat, signal: stop.signal }, async () => {
      attempts += 1;
      if (policy.refusesForMs > 0) wrong.push('work reached an open circuit');
      if (giveUp) stop.abort(new Error('no longer wanted'));
      if (fails || giveUp) throw new ConnectionClosedError('gone');
    });
    const outcome = await request.then(
      () => 'fine',
      (error: unknown) => (error instanceof Error && 'reason' in error ? String(error.reason) : 'other'),
    );
    if (attempts > (repeat ? ATTEMPTS : 1)) wrong.push(`${attempts} attempts`);
    if (outcome === 'fine' && fails) wrong.push('a failure was told as success');
    if (wasOpen && outcome !== 'circuit_open') wrong.push(`an open circuit said ${outcome}`);
    // A caller that gave up is let go before the circuit has heard of it.
    if (giveUp) await new Promise((resolve) => setImmediate(resolve));
    return outcome;
  };
}

async function obeys(schedule: readonly Step[]): Promise<void> {
  const { policy, time, circuits } = policyWith();
  const wrong: string[] = [];
  const ask = asker(policy, wrong);
  for (const one of schedule) {
    if (one.kind === 'pass') time.ms += one.ms;
    else if (one.kind === 'set-wall') time.wallMs += one.ms;
    else if (one.kind === 'give-up') await ask(false, false, true);
    else if (one.kind === 'ask') await ask(one.fails, one.repeat);
    else await Promise.all(Array.from({ length: one.count }, () => ask(one.fails)));
    if (policy.refusesForMs > RECOVERY_MS) wrong.push('refuses for longer than the recovery time');
  }
  // Whatever happened: once the recovery time is over, so many successes and no more close it.
  time.ms += RECOVERY_MS;
  for (let i = 0; i < SUCCESSES; i++) if ((await ask(false)) !== 'fine') wrong.push('wedged');
  const { state, trips_total: trips, recoveries_total: recoveries } = policy.circuit;
  expect(wrong).toEqual([]);
  expect(state).toBe('closed');
  expect(trips).toBe(circuits.filter((circuit) => circuit.state === 'open').length);
  expect(recoveries).toBeLessThanOrEqual(trips);
  expect(policy.stats()).toMatchObject({ inFlight: 0, queued: 0 });
}

test(
  'no schedule wedges the circuit, lets work through an open one, or repeats more than allowed',
  async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), obeys), { numRuns: LONG ? 10_000 : 100 });
  },
  LONG ? 1_800_000 : 20_000,
);

test('many gateways do not retry in step: delays spread over the jitter, and are never longer than allowed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1_000, max: 60_000 }), (minMs, maxMs) => {
      let seed = 1;
      const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
      for (let retry = 0; retry < 8; retry++) {
        const full = Math.min(maxMs, minMs * 2 ** retry);
        const buckets = new Set<number>();
        const shares: number[] = [];
        for (let gateway = 0; gateway < 200; gateway++) {
          let backoff = new RetryDelays({ minMs: () => minMs, maxMs, jitter: 0.5, random }).next();
          for (let i = 0; i < retry; i++) backoff = backoff.next(undefined);
          shares.push(backoff.duration / full);
          buckets.add(Math.floor((backoff.duration / full - 0.5) * 20));
        }
        expect(Math.min(...shares)).toBeGreaterThan(0.5 - 1e-9);
        expect(Math.max(...shares)).toBeLessThanOrEqual(1);
        // Each tenth of the range is used.
        expect(buckets.size).toBeGreaterThanOrEqual(10);
      }
    }),
    { numRuns: 20 },
  );
});
