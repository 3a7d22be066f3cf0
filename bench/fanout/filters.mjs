// P13: one verdict of a compiled filter on one agent, and what it allocates.
import { ViewFilter } from '../../dist/edge/views/view-filter.js';
import { Replica } from '../../dist/edge/replica/replica.js';
import { DEFAULT_FILTERS } from '../../dist/protocol/filters.js';
import { median } from './window.mjs';
import { filtersOf } from './views.mjs';
import { createSnapshot } from './world.mjs';

const VIEWS = 100;
const ROUNDS = 20;

export async function measureFilters(context) {
  const replica = new Replica({ tombstones: 1_000, flowLimit: 100 });
  replica.reset(createSnapshot({ epoch: 'bench' }));
  const agents = [...replica.agents.values()];
  const statuses = ['busy', 'active'];
  const filters = Array.from(
    { length: VIEWS },
    (_, v) => new ViewFilter({ ...DEFAULT_FILTERS, ...filtersOf(v), statuses }),
  );
  const rounds = context.quick ? ROUNDS / 2 : ROUNDS;
  let shown = 0;
  const pass = () => {
    for (const filter of filters) for (const agent of agents) if (filter.showsAgent(agent)) shown++;
  };
  for (let i = 0; i < rounds; i++) pass();
  const evaluations = agents.length * filters.length;
  const times = [];
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i++) {
    const begun = process.hrtime.bigint();
    pass();
    times.push(Number(process.hrtime.bigint() - begun) / evaluations);
  }
  const allocated = (process.memoryUsage().heapUsed - before) / (evaluations * rounds);
  const ns = median(times);
  const share = shown / (evaluations * rounds * 2);
  const row = {
    what: 'types and statuses',
    ns_per_agent: ns,
    bytes_per_agent: Math.max(0, allocated),
    shown_share: share,
  };
  return {
    rows: [{ part: 'P13: filter evaluation, 1,000 agents × 100 views', ...row }],
    goals: [
      { id: 'P13', goal: '≤ 50 ns an agent and view, no allocation', measured: ns, met: ns <= 50 && allocated < 0.1 },
    ],
  };
}
