// P11: what the layout must reach, judged by the rows of one run.

/** Times faster than ngraph, by agents in the swarm. */
const SPEED_UPS = new Map([
  [50, 8],
  [200, 8],
  [1_000, 20],
  [5_000, 20],
  [20_000, 30],
  [100_000, 60],
]);
const POOL_SPEED_UP = 15;
/** Shares of one core at 60 Hz, publications included. */
const CORE_SHARES = [
  ['1,000 × 50', 0.2],
  ['2,000 × 5–200', 0.55],
  ['2,000 × 5–200, 95 % asleep', 0.05],
];
const STRESS_BY_EXACT = 1.05;
const STRESS_BY_D3 = 1;
/** Mean displacement by diameter. */
const DISPLACEMENT = 0.01;
/** A load at which swarms make fewer publications a second than this was not carried at 60 Hz. */
const KEPT_UP_HZ = 54;
/** When other processes take more of a core than this, missing that pace is not the layout's fault. */
const CROWDED = 0.5;

/**
 * @typedef {object} Goal
 * @property {string} id
 * @property {string} goal
 * @property {number | null} measured
 * @property {boolean | null} met null: not judged, see `why`
 * @property {string} [why]
 *
 * @returns {Goal[]}
 */
export function goalsOf(rows) {
  return [...speedGoals(rows), ...coreGoals(rows), ...qualityGoals(rows), ...stabilityGoals(rows)];
}

function speedGoals(rows) {
  return [
    ...[...SPEED_UPS].map(([n, least]) => speedGoal(`P11 tick ${n}`, `${n} agents`, ours(rows, 'tick', n), least)),
    speedGoal('P11 pool', '1,000 swarms × 50', ours(rows, 'pool', 50), POOL_SPEED_UP),
  ];
}

function ours(rows, section, n) {
  return rows.find(
    (row) => row.section === section && row.graph.endsWith('swarm') && row.n === n && row.engine === 'ours',
  );
}

function speedGoal(id, what, row, least) {
  return judge({ id, goal: `${what}: ≥ ${least} × ngraph`, measured: row?.times, met: row?.times >= least });
}

function coreGoals(rows) {
  return CORE_SHARES.map(([load, most]) => {
    const row = rows.find((candidate) => candidate.section === 'end to end' && candidate.load === load);
    const goal = {
      id: `P11 core ${load}`,
      goal: `${load} at 60 Hz: ≤ ${Math.round(100 * most)} % of a core`,
      measured: row?.core,
    };
    if (row === undefined) return judge(goal);
    const others = `others took ${row.others.toFixed(2)} of a core meanwhile`;
    const why = row.others > CROWDED ? { why: others } : {};
    if (row.hz >= KEPT_UP_HZ) return judge({ ...goal, met: row.core <= most, ...why });
    const pace = `not at 60 Hz but ${row.hz.toFixed(1)}`;
    if (row.others <= CROWDED) return judge({ ...goal, met: false, why: pace });
    return judge({ ...goal, met: null, why: `${pace}; ${others}` });
  });
}

function qualityGoals(rows) {
  const worst = (engine, reference) => {
    const quality = rows.filter((row) => row.section === 'quality');
    const ratios = quality
      .filter((row) => row.engine === engine)
      .map((row) => {
        const other = quality.find((one) => one.engine === reference && one.graph === row.graph && one.n === row.n);
        return row.stress / other?.stress;
      });
    return ratios.length > 0 ? Math.max(...ratios) : undefined;
  };
  const byExact = worst('ours', 'exact');
  const byD3 = worst('ours', 'd3-force-3d');
  return [
    judge({
      id: 'P11 stress by exact',
      goal: `stress ≤ ${STRESS_BY_EXACT} × that of the exact sum in each step, all graphs`,
      measured: byExact,
      met: byExact <= STRESS_BY_EXACT,
    }),
    judge({
      id: 'P11 stress by d3',
      goal: 'stress ≤ that of d3-force-3d, all graphs',
      measured: byD3,
      met: byD3 <= STRESS_BY_D3,
    }),
  ];
}

function stabilityGoals(rows) {
  return [50, 200, 1_000].map((n) => {
    const row = rows.find(({ section, engine, n: size }) => section === 'stability' && engine === 'ours' && size === n);
    const goal = `${n} agents: one joins or leaves, others move ≤ ${100 * DISPLACEMENT} % of the diameter (median)`;
    return judge({ id: `P11 calm ${n}`, goal, measured: row?.median, met: row?.median <= DISPLACEMENT });
  });
}

function judge({ measured, ...goal }) {
  if (measured === undefined || Number.isNaN(measured)) {
    return { ...goal, measured: null, met: null, why: 'not measured in this run' };
  }
  return { ...goal, measured };
}
