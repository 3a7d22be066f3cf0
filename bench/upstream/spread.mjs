/** Median and 99th percentile of times in µs. */
export function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { median_us: sorted[Math.floor(sorted.length / 2)], p99_us: sorted[Math.floor(sorted.length * 0.99)] };
}
