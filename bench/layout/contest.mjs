// Times engines against each other in one process, so that what the machine does meanwhile meets all of them.
import { median, quantile } from './metrics.mjs';

/** Batches are at least so long, so that the clocks' grain does not matter. */
const BATCH_MS = 15;
/** Batches of more than one tick are a multiple of this: our engine's ticks take turns in what they do. */
const TURNS = 4;
/** A round is disturbed when the calibration loop beside it takes this much more than it did at best. */
const DISTURBED = 1.2;
/** Fewer undisturbed rounds than this: all rounds count, and the result says so. */
const ENOUGH = 3;

/**
 * Milliseconds that `work` takes: the lesser of wall clock and CPU time of the process. On a machine that is shared,
 * time spent waiting for the CPU is not the engine's; with helper threads of the runtime, wall clock is the lesser.
 */
function timed(work) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  work();
  const wallMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(wallMs, (user + system) / 1000);
}

/** Time of a loop that always does the same: it tells phases in which the CPU is slower. */
function calibration() {
  return timed(() => {
    let value = 0.5;
    for (let k = 0; k < 2e6; k++) {
      value = value * 1.0000001 + 1e-9;
      if (value > 2) value -= 1;
    }
    if (value === 0) throw new Error('cannot happen; keeps the loop from being optimised away');
  });
}

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => void} tick
 * @property {number} [warmTicks] ticks that it needs to get over its beginning
 *
 * @typedef {object} ContestOptions
 * @property {number} rounds undisturbed ones wanted
 * @property {number} warmMs per engine
 * @property {number} limitMs when these have passed, no new round begins
 *
 * @param {Contestant[]} contestants
 * @param {ContestOptions} options
 * @returns ms per tick of each, median and 90 % quantile of its batches, and whether too many rounds were disturbed
 */
export function contest(contestants, { rounds, warmMs, limitMs }) {
  const entries = contestants.map((contestant) => ({ contestant, batch: warmUp(contestant, warmMs), samples: [] }));
  const undisturbed = [];
  let best = Math.min(calibration(), calibration(), calibration());
  let done = 0;
  const begun = performance.now();
  for (; undisturbed.length < rounds && (done < ENOUGH || performance.now() - begun < limitMs); done++) {
    const before = calibration();
    for (const { contestant, batch, samples } of entries) {
      const ms = timed(() => {
        for (let k = 0; k < batch; k++) contestant.tick();
      });
      samples.push(ms / batch);
    }
    const after = calibration();
    best = Math.min(best, before, after);
    if (Math.max(before, after) <= DISTURBED * best) undisturbed.push(done);
  }
  const disturbed = undisturbed.length < Math.min(ENOUGH, rounds);
  const results = entries.map(({ contestant, samples }) => {
    const counted = disturbed ? samples : undisturbed.map((round) => samples[round]);
    return { engine: contestant.name, ms: median(counted), p90: quantile(counted, 0.9) };
  });
  return { results, rounds: undisturbed.length, of: done, disturbed };
}

/** @returns ticks per batch */
function warmUp({ tick, warmTicks = 1 }, warmMs) {
  const begun = performance.now();
  let ticks = 0;
  const elapsed = () => performance.now() - begun;
  while (elapsed() < warmMs || (ticks < warmTicks && elapsed() < 8 * warmMs)) {
    tick();
    ticks += 1;
  }
  // The second half is warm; the whole is good enough to size a batch by.
  const perTick = elapsed() / ticks;
  return perTick > BATCH_MS ? 1 : TURNS * Math.ceil(BATCH_MS / perTick / TURNS);
}
