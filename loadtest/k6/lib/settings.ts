/** What `npm run loadtest` hands over in the environment; with defaults for a plain `k6 run`. */

export const SETTINGS = {
  /** `ws://host:port/ws` */
  url: text('SWARMCAST_URL', 'ws://127.0.0.1:8080/ws'),
  vus: count('VUS', 50),
  durationS: count('DURATION', 20),
  /** Opens /api/clients; empty: none. */
  operatorKey: text('OPERATOR_KEY', ''),
  /** Rates and gaps have thresholds; `no`: on a machine that does other things they say little. */
  judgesRates: text('JUDGE_RATES', 'yes') !== 'no',
  /** One in this many virtual users decodes everything and checks hashes. */
  sampleEvery: count('SAMPLE_EVERY', 100),
};

export function httpUrl(path: string): string {
  return `${SETTINGS.url.replace(/^ws/, 'http').replace(/\/ws$/, '')}${path}`;
}

function text(name: string, fallback: string): string {
  const value = __ENV[name];
  return value === undefined || value === '' ? fallback : value;
}

function count(name: string, fallback: number): number {
  const value = Number(__ENV[name] ?? fallback);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number above 0`);
  return value;
}
