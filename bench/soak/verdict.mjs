// What the looks of a soak say: does anything pile up?

/** Growth of the process over all looks that is not called growth: what one of this size wavers by, MB. */
const WAVER_MB = 24;
/** The same of what is alive in a thread after a collection. */
const HEAP_WAVER_MB = 1.5;
/** Objects more than this share and number are a leak: far less than one for each hundred comings. */
const OBJECTS_SHARE = 0.05;
const OBJECTS_MORE = 50;
/** Timers of polls that happen to run, or not. */
const TIMERS_MORE = 4;
/** Comings and goings that a minute must bring, or it was no soak. */
const COMINGS_PER_MINUTE = 1_000;

/**
 * Sentences, each with whether it is fine. `looks`: after warm-up and after each part of the churn, each with `at_s`.
 * `done`: what came and went between the first look and the last. `servers`: that there should be.
 */
export function judge({ looks, full, state, done, servers }) {
  const [before, after] = [looks[0], looks.at(-1)];
  const minutes = (after.at_s - before.at_s) / 60;
  const comings = done.faults + done.found + done.clients;
  return [
    { what: `all that is kept for later was full after warm-up: ${sentence(full.kept)}`, fine: full.isFull },
    growth(
      'process',
      looks.map(({ at_s, rss_mb }) => ({ at_s, mb: rss_mb })),
      WAVER_MB,
    ),
    { what: `threads ${before.threads} → ${after.threads}`, fine: after.threads <= before.threads },
    {
      what: `open files and sockets ${before.descriptors} → ${after.descriptors}`,
      fine: after.descriptors <= before.descriptors + 2,
    },
    ...after.census.flatMap((thread, index) => aliveChecks(looks, thread, index)),
    {
      what: `clients at the end ${state.clients}, servers ${state.servers}, healthy ${state.healthy} of ${servers}`,
      fine: state.clients === 0 && state.servers === servers && state.healthy === servers,
    },
    {
      what: `it was churn: ${comings} comings and goings in ${minutes.toFixed(1)} minutes (≥ ${COMINGS_PER_MINUTE} a minute): ${done.faults} faults of servers, ${done.found} servers found and lost, ${done.clients} clients; ${done.messages} messages`,
      fine: comings >= COMINGS_PER_MINUTE * minutes,
    },
  ];
}

/** Of one thread. */
function aliveChecks(looks, after, index) {
  const before = looks[0].census[index];
  if (before?.thread !== after.thread) return [{ what: `thread ${after.thread} was not there before`, fine: false }];
  const name = after.thread === 0 ? 'main thread' : `thread ${after.thread}`;
  const timers = [before, after].map(({ resources }) => resources.Timeout ?? 0);
  const objects = Object.keys(after.objects).map((kind) => ({
    kind,
    was: before.objects[kind],
    is: after.objects[kind],
  }));
  const alive = looks.map(({ at_s, census }) => ({ at_s, mb: census[index]?.heap_mb ?? Number.NaN }));
  return [
    { what: `${name}: timers ${timers.join(' → ')}`, fine: timers[1] <= timers[0] + TIMERS_MORE },
    {
      what: `${name}: ${objects.map(({ kind, was, is }) => `${kind} ${was} → ${is}`).join(', ')}`,
      fine: objects.every(({ was, is }) => is <= was * (1 + OBJECTS_SHARE) + OBJECTS_MORE),
    },
    growth(`${name}: alive`, alive, HEAP_WAVER_MB),
  ];
}

/** By the median of the slopes between all pairs of looks, which one odd look does not turn. */
function growth(name, series, allowedMb) {
  const perSecond = medianSlope(series);
  const grown = perSecond * (series.at(-1).at_s - series[0].at_s);
  const all = series.map(({ mb }) => mb.toFixed(1)).join(', ');
  return {
    what: `${name} ${all} MB: grows by ${grown.toFixed(2)} MB (≤ ${allowedMb}), ${(perSecond * 3_600).toFixed(1)} MB an hour`,
    fine: grown <= allowedMb,
  };
}

function medianSlope(series) {
  const slopes = series.flatMap((a, i) => series.slice(i + 1).map((b) => (b.mb - a.mb) / (b.at_s - a.at_s)));
  slopes.sort((a, b) => a - b);
  const middle = slopes.length / 2;
  return (slopes[Math.ceil(middle) - 1] + slopes[Math.floor(middle)]) / 2;
}

function sentence(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
