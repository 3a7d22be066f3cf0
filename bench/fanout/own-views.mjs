// P3: as P1, but no two clients share a view, and 100 state changes a second. Ratio to P1's figure of the same run.
import { CLIENTS, measureOurs, rowOf, VIEWS, windowSeconds } from './shared-views.mjs';
import { ownHellos } from './views.mjs';
import { judge, wrongOf } from './window.mjs';

export async function measureOwnViews(context, shared) {
  const rounds = context.quick ? 1 : 2;
  const seconds = windowSeconds(context);
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    context.log(`P3 round ${round + 1} of ${rounds}: 1,000 views, 100 state changes/s`);
    const hellos = ownHellos(CLIENTS, VIEWS, 'high_frequency');
    samples.push(await measureOurs(context, { seconds, hellos, acks: true, changesPerSecond: 100 }));
  }
  const part = 'P3: 1,000 clients at 60 Hz, 1,000 views, 100 state changes/s';
  const { to_raw: _, ...row } = rowOf(part, 'swarmcast', samples, samples);
  const ratio = row.us_per_frame / shared.sharedUs;
  const wrong = samples.map(({ groups }) => wrongOf(groups[0].hashes)).reduce((a, b) => a + b, 0);
  return {
    rows: [{ ...row, messages_per_frame: samples[0].messages / samples[0].frames, to_p1: ratio, wrong }],
    goals: [
      {
        id: 'P3',
        goal: 'CPU per frame ≤ 2 × P1',
        measured: ratio,
        ...judge(ratio <= 2 && wrong === 0, [...samples, ...shared.rested]),
      },
    ],
  };
}
