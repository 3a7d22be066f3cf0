// Rows as tables, one for each part, and the goals below.
import { cpus, loadavg } from 'node:os';

/** What the figures were taken on. */
export function describeMachine({ quick, serverCpu }) {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    load_average: loadavg()[0],
    pinned: serverCpu !== undefined,
    quick,
  };
}

export function printTables(rows, goals, machine) {
  const { cpu, cores, node, load_average, pinned, quick } = machine;
  const form = quick ? ', quick form' : '';
  const cores_ = `${cores} cores${pinned ? ', servers on core 0, load on core 1' : ''}`;
  write(`${cpu}, ${cores_}, node ${node}, load average ${load_average.toFixed(1)} at the end${form}`);
  const parts = [...new Set(rows.map(({ part }) => part))];
  for (const part of parts)
    printPart(
      part,
      rows.filter((row) => row.part === part),
    );
  write('');
  for (const { id, goal, measured, met, why } of goals) {
    const verdict = met === null ? 'not measured' : met ? 'met' : 'MISSED';
    write(
      `${id.padEnd(8)}${verdict.padEnd(14)}${show(measured)}  (goal: ${goal})${why === undefined ? '' : `: ${why}`}`,
    );
  }
}

function printPart(part, rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== 'part');
  const cells = [columns, ...rows.map((row) => columns.map((name) => show(row[name])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  write(`\n${part}`);
  for (const line of cells) {
    write(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
}

function show(value) {
  if (value === undefined || value === null) return '–';
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}

function write(line) {
  process.stdout.write(`${line}\n`);
}
