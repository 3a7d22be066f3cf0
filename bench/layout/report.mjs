// Tables for people, on stdout.

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const times = (factor) => `${factor < 10 ? factor.toFixed(1) : factor.toFixed(0)} ×`;
const whole = (number) => number.toLocaleString('en');
const fixed = (digits) => (number) => number.toFixed(digits);
/** Three figures or more. */
function compact(value) {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4);
}

/** Per section: its heading, and its columns as [title, key, text of the value]. */
const TABLES = {
  tick: {
    heading: 'Milliseconds per tick, kept hot',
    columns: [
      ['graph', 'graph'],
      ['agents', 'n', whole],
      ['links', 'links', whole],
      ['engine', 'engine'],
      ['ms', 'ms', compact],
      ['p90', 'p90', compact],
      ['by ngraph', 'times', times],
      ['rounds', 'rounds'],
      ['', 'disturbed', (disturbed) => (disturbed ? 'disturbed' : '')],
    ],
  },
  'end to end': {
    heading: 'End to end at 60 Hz, publishing included',
    columns: [
      ['load', 'load'],
      ['agents', 'agents', whole],
      ['links', 'links', whole],
      ['of a core', 'core', percent],
      ['awake', 'awake', fixed(0)],
      ['Hz', 'hz', fixed(1)],
      ['others', 'others', percent],
      ['windows', 'windows'],
    ],
  },
  quality: {
    heading: 'After 300 ticks from hot to cold',
    columns: [
      ['graph', 'graph'],
      ['agents', 'n', whole],
      ['engine', 'engine'],
      ['starts', 'starts', whole],
      ['stress', 'stress', fixed(4)],
      ['length spread', 'spread', fixed(3)],
    ],
  },
  'force error': {
    heading: 'FMM-1 against the exact sum',
    columns: [
      ['graph', 'graph'],
      ['agents', 'n', whole],
      ['rms error', 'error', percent],
    ],
  },
  stability: {
    heading: 'One agent joins or leaves: how far the others move, as a share of the diameter',
    columns: [
      ['agents', 'n', whole],
      ['engine', 'engine'],
      ['events', 'events', whole],
      ['median', 'median', percent],
      ['p95', 'p95', percent],
      ['ticks to rest', 'ticks', whole],
    ],
  },
};
TABLES.pool = { ...TABLES.tick, heading: 'Milliseconds per tick of a thousand swarms of fifty, kept hot' };

/** All rows, a table per section, in the order in which sections come. */
export function tablesOf(rows) {
  const sections = [...new Set(rows.map(({ section }) => section))];
  return sections
    .map((section) =>
      tableOf(
        TABLES[section],
        rows.filter((row) => row.section === section),
      ),
    )
    .join('\n');
}

/** @param {import('./goals.mjs').Goal[]} goals */
export function goalTable(goals) {
  const lines = goals.map(({ id, goal, measured, met, why }) => {
    const share = /%/.test(goal);
    const value = measured === null ? '' : share ? percent(measured) : compact(measured);
    const verdict = met === null ? 'not judged' : met ? 'met' : 'MISSED';
    return `${id.padEnd(38)} ${verdict.padEnd(11)} ${value.padStart(9)}   ${goal}${why === undefined ? '' : ` (${why})`}`;
  });
  return `Goals\n${lines.join('\n')}\n`;
}

function tableOf({ heading, columns }, rows) {
  const cells = rows.map((row) => columns.map(([, key, text = String]) => text(row[key])));
  const widths = columns.map(([title], k) => Math.max(title.length, ...cells.map((line) => line[k].length)));
  const line = (texts) =>
    texts
      .map((text, k) => (columns[k][2] === undefined ? text.padEnd(widths[k]) : text.padStart(widths[k])))
      .join('  ')
      .trimEnd();
  return [heading, line(columns.map(([title]) => title)), ...cells.map(line), ''].join('\n');
}
