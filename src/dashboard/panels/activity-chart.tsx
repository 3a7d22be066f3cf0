/** Lines of counts per second over the last minutes, newest at the right. */
import type { JSX } from 'preact';
import { digits } from '../format.ts';
import { ACTIVITY_SECONDS } from '../session/activity.ts';

interface Series {
  name: string;
  /** One per second, oldest first. */
  values: readonly number[];
}

/** Seconds that the chart spans at least; it grows to all that is remembered. */
const MIN_SECONDS = 60;
const WIDTH = 300;
const HEIGHT = 60;

export function Chart({ series }: { series: readonly [Series, Series] }): JSX.Element {
  const max = Math.max(1, ...series.flatMap(({ values }) => values));
  const [first, second] = series;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={describe(series, max)}>
        <path class="chart-area" d={area(first.values, max)} />
        <polyline class="chart-first" points={line(first.values, max)} />
        <polyline class="chart-second" points={line(second.values, max)} />
      </svg>
      <figcaption>
        {series.map(({ name, values }, i) => (
          <span key={name} class={i === 0 ? 'key key-first' : 'key key-second'}>
            {name} {values.length === 0 ? '' : `${digits(values.at(-1) ?? 0)} /s`}
          </span>
        ))}
        <span class="key">top {digits(max)} /s</span>
      </figcaption>
    </figure>
  );
}

/** Seconds that a chart of so many values spans. */
export function chartSeconds(count: number): number {
  return Math.min(ACTIVITY_SECONDS, Math.max(MIN_SECONDS, Math.ceil(count / MIN_SECONDS) * MIN_SECONDS));
}

function place(values: readonly number[], i: number, max: number): string {
  const x = WIDTH - ((values.length - 1 - i) / (chartSeconds(values.length) - 2)) * WIDTH;
  return `${x.toFixed(1)},${(HEIGHT - 2 - ((values[i] ?? 0) / max) * (HEIGHT - 6)).toFixed(1)}`;
}

function line(values: readonly number[], max: number): string {
  return values.map((_, i) => place(values, i, max)).join(' ');
}

function area(values: readonly number[], max: number): string {
  if (values.length < 2) return '';
  const left = place(values, 0, max).split(',')[0] ?? '0';
  return `M${left},${HEIGHT} L${line(values, max)} L${WIDTH},${HEIGHT} Z`;
}

function describe(series: readonly Series[], max: number): string {
  const parts = series.map(({ name, values }) => `${name}: ${digits(values.at(-1) ?? 0)} a second`);
  return `${parts.join(', ')}; at most ${digits(max)} a second`;
}
