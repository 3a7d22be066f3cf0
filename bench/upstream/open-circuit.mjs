// How long a request takes that the open circuit of its server refuses.
import { openPolicy } from './policy.mjs';
import { spread } from './spread.mjs';

export async function measureOpenCircuit({ quick, log }) {
  log('open circuit');
  const policy = openPolicy();
  const { signal } = new AbortController();
  const ask = () => policy.request({ name: 'nothing', repeat: false, signal }, failing).catch((error) => error.reason);
  for (let i = 0; i < 3; i++) await ask();
  const times = [];
  for (let i = 0; i < (quick ? 2_000 : 20_000); i++) {
    const begun = performance.now();
    const reason = await ask();
    times.push((performance.now() - begun) * 1_000);
    if (reason !== 'circuit_open') throw new Error(`the circuit did not refuse: ${reason}`);
  }
  const { median_us, p99_us } = spread(times);
  return {
    rows: [{ part: 'open circuit', what: 'refused', us: median_us, p99_us }],
    goals: [{ id: 'circuit', goal: 'refuses in < 1 ms', measured: median_us / 1_000, met: median_us < 1_000 }],
  };
}

async function failing() {
  throw new Error('the server is gone');
}
