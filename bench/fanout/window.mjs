// One window of measurement: load and server are marked at its two ends.
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets `seconds` pass and gives what happened in them. `judgedBy`: the driver whose waiting tells whether the machine was
 * busy (default: the one that waited most). `cpuUs` is that of the server process without the threads that
 * stand in for other processes (usage's `threadUs`).
 */
export async function measureWindow(server, drivers, seconds, { lag = false, judgedBy } = {}) {
  await Promise.all(drivers.map((driver) => driver.order('begin', {})));
  if (lag) await server.order('watchLag', { on: true });
  const before = await server.order('usage');
  const begun = performance.now();
  await delay(seconds * 1_000);
  const after = await server.order('usage');
  const reports = await Promise.all(drivers.map((driver) => driver.order('report', {})));
  const wallUs = (performance.now() - begun) * 1_000;
  if (lag) await server.order('watchLag', { on: false });
  const groups = reports.flatMap((report) => report.groups);
  const judging = judgedBy === undefined ? reports : [reports[drivers.indexOf(judgedBy)]];
  const cpuUs = after.cpuUs - before.cpuUs - threadsUs(after, before);
  return {
    groups,
    frames: sum(groups, ({ frames }) => frames),
    messages: sum(groups, ({ messages }) => messages),
    bytes: sum(groups, ({ frameBytes, messageBytes }) => frameBytes + messageBytes),
    cpuUs,
    threadUs: threadsUs(after, before),
    systemShare: (after.systemUs - before.systemUs) / (after.cpuUs - before.cpuUs),
    core: cpuUs / wallUs,
    // Shares of the time in which they were ready and neighbours had the core.
    waited: (after.waitedUs - before.waitedUs) / wallUs,
    loadWaited: Math.max(...judging.map(({ waitedSeconds, seconds: took }) => waitedSeconds / took)),
    loadCore: sum(reports, ({ cpuSeconds, seconds: took }) => cpuSeconds / took),
    usage: after,
  };
}

function threadsUs(after, before) {
  return sum(Object.entries(after.threadUs), ([tid, us]) => us - (before.threadUs[tid] ?? 0));
}

/** Above this share of waiting, times and ratios of CPU are the machine's and not the server's. */
const BUSY = 0.1;

/**
 * `{met}`, or `{met: null, why}` where the form or the machine forbids a verdict: `windows` are those that the figure
 * rests on, `why` says why the quick form can't tell.
 */
export function judge(met, windows, why) {
  if (why !== undefined) return { met: null, why };
  const waited = Math.max(0, ...windows.flatMap((window) => [window.waited, window.loadWaited]));
  if (waited <= BUSY) return { met };
  return { met: null, why: `the machine was busy: server or load waited ${Math.round(waited * 100)} % of the time` };
}

export function sum(items, of) {
  return items.reduce((total, item) => total + of(item), 0);
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @throws when not all were opened: figures of fewer clients would be worth nothing. */
export async function openAll(driver, order) {
  const opened = await driver.order('open', { inFlight: 200, sourceAddresses: 4, deadlineMs: 60_000, ...order });
  if (opened.failed > 0) throw new Error(`${opened.failed} clients were not let in: ${opened.why.join('; ')}`);
  return opened;
}

/**
 * `await using`, which Node 20 lacks: hands what `opens` opened, in order, to `use`, and disposes of it afterwards.
 * An opener is given what was opened before it.
 */
export async function withOpen(opens, use) {
  const opened = [];
  try {
    for (const open of opens) opened.push(await open(...opened));
    return await use(...opened);
  } finally {
    for (const thing of opened.toReversed()) await thing[Symbol.asyncDispose]();
  }
}

/** What clients that decode everything found wrong: hashes, and bytes that could not be read. */
export function wrongOf({ wrongHeartbeats, wrongResyncs, undecodable }) {
  return wrongHeartbeats + wrongResyncs + undecodable;
}
