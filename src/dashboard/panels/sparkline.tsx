/** A small line of numbers, as SVG. */
import type { JSX } from 'preact';
import { digits } from '../format.ts';

/** `values` oldest first; nothing is drawn of fewer than two. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }): JSX.Element | null {
  if (values.length < 2) return null;
  const max = Math.max(...values, Number.EPSILON);
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * 100;
    return `${x.toFixed(2)},${(22 - (value / max) * 20).toFixed(2)}`;
  });
  return (
    <svg
      class="sparkline"
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: up to ${digits(max)}`}
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}
