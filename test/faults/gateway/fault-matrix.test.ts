/**
 * The fault matrix (reliability.md R1, R2): one gateway, one server per fault and one witness. Each row says what the
 * gateway must make of it; all run side by side, those that cost the machine much one after the other.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../../src/client/client.ts';
import type { Gateway } from '../../../src/gateway.ts';
import type { HealthState } from '../../../src/model/health.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { FaultyProcess } from '../../support/faulty-process.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';
import { LinePeer } from '../../support/mcp-client.ts';
import { provenByHeartbeat } from '../../support/proven.ts';
import { until } from '../../support/until.ts';

const PROBE_INTERVAL_MS = 500;
const REQUEST_TIMEOUT_MS = 1_500;
const RECOVERY_MS = 500;
const RECONNECT_MAX_MS = 300;
/** What a busy machine may add to any of the bounds. */
const SLACK_MS = 3_000;
const THRESHOLD = 3;
/** R1: of the rate of a gateway that has no faulty servers, in the same time. */
const KEPT = 0.98;
/** Tries of a measurement: the machine is shared, and a gateway that lets others suffer does so in all. */
const TRIES = 3;
/** Messages at least that a measurement takes: what one push holds is less than 2 % of them. */
const ENOUGH = 400;
/** Of the rate of updates, which are merged where a client's turns come late: a busy machine alone costs some. */
const UPDATES_KEPT = 0.8;
const WITNESS = { agents: 100, eventsPerSecond: 200, agentsChange: false };

const SETTINGS = {
  'upstream.connect_timeout_ms': 2_000,
  'upstream.request_timeout_ms': REQUEST_TIMEOUT_MS,
  'upstream.reconnect_min_ms': 50,
  // Small pushes: the ends of a measurement cut through less.
  'upstream.telemetry_interval_ms': 20,
  'upstream.reconnect_max_ms': RECONNECT_MAX_MS,
  // A server that pushes is asked at least this often.
  'upstream.heartbeat_interval_ms': PROBE_INTERVAL_MS,
  'resilience.recovery_ms': RECOVERY_MS,
  'clients.heartbeat_interval_ms': 500,
};

/** How long clients may wait for the news, by what the gateway can see of it. */
const TOLD_WITHIN_MS = {
  /** The connection ends. */
  closed: SLACK_MS,
  /** Silence, or nothing that fits: one probe interval + one request timeout. */
  silent: PROBE_INTERVAL_MS + REQUEST_TIMEOUT_MS + SLACK_MS,
  /** An answer that is an error. */
  refused: PROBE_INTERVAL_MS + SLACK_MS,
};
const HEALED_WITHIN_MS = RECOVERY_MS + 2 * PROBE_INTERVAL_MS + RECONNECT_MAX_MS + REQUEST_TIMEOUT_MS + SLACK_MS;

interface Row {
  note: string;
  /** In this process; or what is done to a process of its own. */
  fault: Fault | 'SIGKILL' | 'SIGSTOP';
  transport?: 'http';
  /** What the gateway sees of it; `harmless`: nothing that makes the server less than healthy. */
  sees: keyof typeof TOLD_WITHIN_MS | 'harmless';
  /** It depends on the machine whether it lasts until the time limit of a request. */
  mayPass?: true;
  /** It goes on for ever, so that the threshold is reached: no longer merely degraded. */
  fails?: true;
  /** Until it is cancelled. */
  lastsMs?: number;
  /** A count of the server's upstream that must grow. */
  counts?: string;
  /** Somebody else asks the server too: its answers go astray. */
  company?: true;
  /** In a process of its own: it ends, or it costs the machine much. */
  apart?: true;
}

const always = { times: Infinity } as const;
const LONG_MS = THRESHOLD * (PROBE_INTERVAL_MS + REQUEST_TIMEOUT_MS);
const ROWS: readonly Row[] = [
  { note: 'killed', fault: 'SIGKILL', sees: 'closed' },
  { note: 'stopped', fault: 'SIGSTOP', sees: 'silent', lastsMs: LONG_MS },
  { note: 'exits in mid-reply', fault: { kind: 'exit-mid-reply', code: 9 }, sees: 'closed', apart: true },
  { note: 'away and back', fault: { kind: 'restart', ms: 1_000 }, sees: 'closed' },
  { note: 'hangs', fault: { kind: 'freeze', ms: LONG_MS }, sees: 'silent', lastsMs: LONG_MS },
  { note: 'half-open socket', fault: { kind: 'half-open' }, sees: 'silent' },
  { note: 'never answers', fault: { kind: 'never-answer', ...always }, sees: 'silent', lastsMs: LONG_MS, fails: true },
  {
    note: 'answers after the timeout',
    fault: { kind: 'late-answer', delayMs: 2 * REQUEST_TIMEOUT_MS, ...always },
    sees: 'silent',
    lastsMs: LONG_MS,
    fails: true,
    counts: 'droppedReplies',
  },
  {
    note: 'slow drip',
    fault: { kind: 'slow-drip', bytes: 1, everyMs: 20, ...always },
    sees: 'silent',
    lastsMs: LONG_MS,
  },
  {
    note: 'wrong ids',
    fault: { kind: 'wrong-id', ...always },
    sees: 'silent',
    lastsMs: LONG_MS,
    fails: true,
    counts: 'droppedReplies',
  },
  {
    note: 'replies meant for someone else',
    fault: { kind: 'foreign-reply', ...always },
    sees: 'silent',
    lastsMs: LONG_MS,
    counts: 'droppedReplies',
    company: true,
  },
  { note: 'ends in mid-reply', fault: { kind: 'close-mid-reply' }, sees: 'closed' },
  { note: 'a bare error, then the end', fault: { kind: 'error-and-close' }, sees: 'closed', counts: 'noiseLines' },
  { note: 'cuts busy connections by age', fault: { kind: 'cut-by-age', ageMs: 300, times: 5 }, sees: 'closed' },
  {
    note: 'HTTP 429',
    transport: 'http',
    fault: { kind: 'rate-limited', retryAfterS: 1, ...always },
    sees: 'refused',
    lastsMs: 2_000,
  },
  {
    note: 'HTTP 500',
    transport: 'http',
    fault: { kind: 'error-and-close', ...always },
    sees: 'refused',
    lastsMs: 2_000,
  },
  { note: 'HTTP, hangs', transport: 'http', fault: { kind: 'freeze', ms: LONG_MS }, sees: 'silent', lastsMs: LONG_MS },
  {
    note: 'broadcasts replies to every connection',
    fault: { kind: 'broadcast-reply', ...always },
    sees: 'harmless',
    lastsMs: 2_000,
    counts: 'droppedReplies',
    company: true,
  },
  {
    note: 'garbage lines',
    fault: { kind: 'garbage-line', ...always },
    sees: 'harmless',
    lastsMs: 2_000,
    counts: 'noiseLines',
  },
  {
    note: 'duplicate replies',
    fault: { kind: 'duplicate-reply', ...always },
    sees: 'harmless',
    lastsMs: 2_000,
    counts: 'droppedReplies',
  },
  {
    note: 'refuses a batch that it took before',
    fault: { kind: 'method-not-found', on: 'batch', ...always },
    sees: 'harmless',
    lastsMs: 2_000,
    counts: 'calls',
  },
  { note: 'split frames', fault: { kind: 'split-frames', bytes: 64, ...always }, sees: 'harmless', lastsMs: 2_000 },
  { note: 'joined frames', fault: { kind: 'joined-frames', count: 3, ...always }, sees: 'harmless', lastsMs: 2_000 },
  { note: 'clock an hour slow', fault: { kind: 'clock-skew', byMs: -3_600_000 }, sees: 'harmless', lastsMs: 2_000 },
  { note: 'clock a day fast', fault: { kind: 'clock-skew', byMs: 86_400_000 }, sees: 'harmless', lastsMs: 2_000 },
  {
    note: '50 MB line',
    fault: { kind: 'over-long-line', bytes: 52_428_800 },
    sees: 'silent',
    mayPass: true,
    counts: 'oversizeLines',
    apart: true,
  },
  {
    note: '100,000 events/s',
    fault: { kind: 'event-flood', events: 200_000, overMs: 2_000, of: 'agent.status' },
    sees: 'harmless',
    lastsMs: 2_000,
    counts: 'pushes',
    apart: true,
  },
];

/** A server that misbehaves, and what is true of it. */
interface Faulty {
  id: string;
  row: Row;
  simulator?: Simulator;
  process?: FaultyProcess;
  server: Record<string, unknown>;
}

interface Result {
  /** Times that it fired; for a process, 1 when it was seen to be gone or stopped. */
  fired: number;
  /** From the fault to the first news that the server is not healthy. */
  toldAfterMs: number | undefined;
  states: HealthState[];
  reasons: string[];
  /** From the end of the fault to healthy with all agents fresh. */
  healedAfterMs: number;
  counted: number;
}

const AGENTS = 4;
const POLL = { poll_interval_ms: 250 };

async function openFaulty(row: Row, index: number): Promise<Faulty> {
  const id = `faulty-${index}`;
  const seed = index + 10;
  const { fault } = row;
  if (typeof fault === 'object' && row.apart !== true) {
    const face = row.transport === 'http' ? ({ face: 'daa', transport: 'http' } as const) : {};
    const options = { agents: AGENTS, eventsPerSecond: 20, agentsChange: false, seed, ...face };
    const { simulator, server } = await openTestServer(id, options);
    return { id, row, simulator, server: { ...server, ...POLL } };
  }
  const flags = ['--swarms', '1', '--agents', String(AGENTS), '--events-per-second', '0', '--seed', String(seed)];
  const process = await FaultyProcess.start(flags);
  return { id, row, process, server: { id, transport: 'tcp', port: process.port, simulated: true, ...POLL } };
}

/** Messages between agents are passed on one by one; updates of an agent are merged between two turns of a client. */
interface Counted {
  updates: number;
  messages: number;
}

/** What clients are told, with the time; and every agent that was ever shown. */
class Watch {
  readonly health: { atMs: number; server: string; state: HealthState; reason: string }[] = [];
  readonly shown = new Map<string, Set<string>>();
  witnessUpdates = 0;
  witnessStale = 0;
  witnessMessages = 0;
  /** What had come of the witness before each of its agents, by id: an agent marks a moment of the witness's own time. */
  readonly before = new Map<string, Counted>();
  readonly #client: SwarmcastClient;
  readonly #witness = new Set<number>();

  constructor(client: SwarmcastClient) {
    this.#client = client;
    client.on('health', ({ server_id: server, state, reason }) =>
      this.health.push({ atMs: performance.now(), server, state, reason }),
    );
    client.on('agents', ({ added, updated }) => {
      for (const { ref, server_id: server, id } of added) {
        if (server === 'witness') {
          this.#witness.add(ref);
          this.before.set(id, { updates: this.witnessUpdates, messages: this.witnessMessages });
        }
        this.shown.set(server, (this.shown.get(server) ?? new Set()).add(id));
      }
      const own = updated.filter(({ ref }) => this.#witness.has(ref));
      this.witnessUpdates += own.length;
      this.witnessStale += own.filter(({ stale }) => stale === true).length;
    });
    client.on('flow', ({ messages }) => {
      this.witnessMessages += messages.filter(({ from }) => this.#witness.has(from)).length;
    });
    client.on('performance', ({ agents }) => {
      this.witnessUpdates += agents.filter(({ ref }) => this.#witness.has(ref)).length;
    });
  }

  agentsOf(server: string) {
    return [...this.#client.state.agents.values()].filter(({ server_id }) => server_id === server);
  }

  stateOf(server: string): HealthState | undefined {
    return [...this.#client.state.servers.values()].find(({ id }) => id === server)?.health.state;
  }

  isWhole(server: string): boolean {
    const agents = this.agentsOf(server);
    return this.stateOf(server) === 'healthy' && agents.length >= AGENTS && agents.every(({ stale }) => stale !== true);
  }
}

let gateway: Gateway;
let client: SwarmcastClient;
let watch: Watch;
let witness: Simulator;
let faulty: Faulty[];
const results = new Map<Row, Result>();
/** A gateway that has the witness alone: what the machine does to the one it does to the other. */
let control: Gateway;
let controlClient: SwarmcastClient;
let controlWatch: Watch;
/** What the client saw of the witness, per what the control's client saw. */
const witnessShare: Partial<Record<'before' | 'light' | 'longLine' | 'flood', Counted>> = {};
let wholeAtMs = 0;

async function upstreamCount(server: string, name: string | undefined): Promise<number> {
  if (name === undefined) return 0;
  const body = (await (await fetch(`${gateway.url}/api/health/mcp`)).json()) as {
    servers: { id: string; stats: Record<string, number> | null }[];
  };
  return body.servers.find(({ id }) => id === server)?.stats?.[name] ?? 0;
}

/** Times that a process's faults had fired when a measurement was begun again. */
const firedBefore = new Map<FaultyProcess, number>();

/** Does it, and resolves when it has happened; then tells how it ends. */
async function misbehave({
  row,
  simulator,
  process,
}: Faulty): Promise<{ fired: () => number; end: () => Promise<void> }> {
  const { fault } = row;
  if (simulator !== undefined && typeof fault === 'object') {
    const armed = simulator.inject(fault);
    using company = row.company === true ? await LinePeer.connect(simulator.port) : undefined;
    const ask = setInterval(() => company?.send('agent.list'), 50);
    await armed.whenFired();
    const end = async () => {
      clearInterval(ask);
      simulator.cancelFaults();
      return Promise.resolve();
    };
    if (company !== undefined) await pause(row.lastsMs ?? 0);
    return { fired: () => armed.fired, end };
  }
  if (process === undefined) throw new Error('nothing to misbehave');
  if (fault === 'SIGSTOP') {
    process.signal('SIGSTOP');
    return { fired: () => 1, end: async () => Promise.resolve(process.signal('SIGCONT')) };
  }
  if (typeof fault === 'object') await process.order(fault);
  else process.signal(fault);
  if (typeof fault === 'object' && fault.kind !== 'exit-mid-reply') {
    const earlier = firedBefore.get(process) ?? 0;
    let fired = 0;
    while (fired <= earlier) fired = await process.fired();
    firedBefore.set(process, fired);
    return { fired: () => fired - earlier, end: () => Promise.resolve() };
  }
  const gone = await process.whenGone();
  const expected = typeof fault === 'object' ? fault.code : fault;
  return { fired: () => (gone === expected ? 1 : 0), end: () => process.respawn() };
}

async function run(one: Faulty): Promise<void> {
  const { id, row } = one;
  const before = await upstreamCount(id, row.counts);
  const heard = watch.health.length;
  const news = () => watch.health.slice(heard).filter(({ server }) => server === id);
  const begun = performance.now();
  const { fired, end } = await misbehave(one);
  // Of what comes by a request, the request's time counts; of what comes at once, the order's.
  const firedAt = row.company === true ? begun : performance.now();
  const bad = () => news().find(({ state }) => state !== 'healthy');
  if (row.counts === 'oversizeLines') {
    const seen = async () => bad() !== undefined || (await upstreamCount(id, row.counts)) > before;
    await until(`${row.note}: seen`, seen, 20_000);
  }
  if (row.sees !== 'harmless' && row.mayPass !== true) await until(`${row.note}: news`, bad, 20_000);
  const failing = () => news().some(({ state }) => state === 'down' || state === 'unhealthy');
  if (row.fails === true) await until(`${row.note}: the threshold`, failing, 20_000);
  const left = firedAt + (row.lastsMs ?? 0) - performance.now();
  if (left > 0) await pause(left);
  const counted = (await upstreamCount(id, row.counts)) - before;
  await end();
  const endedAt = performance.now();
  await until(`${row.note}: healed`, () => watch.isWhole(id), 30_000);
  const told = bad();
  results.set(row, {
    fired: fired(),
    toldAfterMs: told === undefined ? undefined : Math.max(0, told.atMs - firedAt),
    states: news().map(({ state }) => state),
    reasons: news().map(({ reason }) => reason),
    healedAfterMs: performance.now() - endedAt,
    counted,
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** They are run one after the other. */
function isHeavy({ fault }: Row): boolean {
  return typeof fault === 'object' && (fault.kind === 'event-flood' || fault.kind === 'over-long-line');
}

/** Spawns an agent of the witness; its id, once both clients were told of it. */
async function mark(): Promise<string> {
  const swarm = witness.world.firstSwarm();
  if (swarm === undefined) throw new Error('the witness has no swarm');
  const { id } = witness.world.spawnAgent(swarm.id, { type: 'tester' }, Date.now());
  const isTold = () => [watch, controlWatch].every(({ before }) => before.has(id));
  await until('both clients are told of a new agent of the witness', isTold, 30_000);
  return id;
}

/**
 * What the client saw of the witness during `work`, per what the control's client saw. From mark to mark of the witness
 * itself, so that what is late on either side counts all the same. The best of a few tries.
 */
async function shareDuring(work: () => Promise<unknown>): Promise<Counted> {
  let best: Counted = { updates: 0, messages: 0 };
  for (let tries = 0; tries < TRIES && (best.messages < KEPT || best.updates < UPDATES_KEPT); tries++) {
    const from = await mark();
    await work();
    // Messages of the last moments stand behind the mark on one side and before it on the other: there are enough.
    while (countedSince(controlWatch, from).messages < ENOUGH) await pause(100);
    const to = await mark();
    const [ours, theirs] = [watch, controlWatch].map((one) => countedBetween(one, from, to));
    if (ours === undefined || theirs === undefined) throw new Error('nothing was counted');
    best = {
      updates: Math.max(best.updates, ours.updates / theirs.updates),
      messages: Math.max(best.messages, ours.messages / theirs.messages),
    };
  }
  return best;
}

function countedSince(one: Watch, from: string): Counted {
  const start = one.before.get(from) ?? { updates: 0, messages: 0 };
  return { updates: one.witnessUpdates - start.updates, messages: one.witnessMessages - start.messages };
}

function countedBetween(one: Watch, from: string, to: string): Counted {
  const end = one.before.get(to) ?? { updates: 0, messages: 0 };
  const start = one.before.get(from) ?? { updates: 0, messages: 0 };
  return { updates: end.updates - start.updates, messages: end.messages - start.messages };
}

beforeAll(async () => {
  const opened = await openTestServer('witness', WITNESS);
  witness = opened.simulator;
  faulty = await Promise.all(ROWS.map(openFaulty));
  gateway = await openTestGateway({ ...SETTINGS, servers: [opened.server, ...faulty.map(({ server }) => server)] });
  control = await openTestGateway({ ...SETTINGS, servers: [opened.server] });
  client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  watch = new Watch(client);
  controlClient = connectSwarmcast({ url: `${control.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  controlWatch = new Watch(controlClient);
  await Promise.all([client.whenLive(), controlClient.whenLive()]);
  const allWhole = () => ['witness', ...faulty.map(({ id }) => id)].every((id) => watch.isWhole(id));
  await until('all whole', () => allWhole() && controlWatch.isWhole('witness'), 30_000);
  wholeAtMs = performance.now();
  witnessShare.before = await shareDuring(() => pause(4_000));
  const light = faulty.filter(({ row }) => !isHeavy(row));
  witnessShare.light = await shareDuring(() => Promise.all(light.map(run)));
  for (const one of faulty.filter(({ row }) => isHeavy(row))) {
    witnessShare[one.row.counts === 'pushes' ? 'flood' : 'longLine'] = await shareDuring(() => run(one));
  }
}, 300_000);

afterAll(async () => {
  if (process.env['SHOW_FAULTS'] !== undefined) process.stdout.write(report());
  await Promise.all([client.close(), controlClient.close()]);
  await Promise.all([gateway[Symbol.asyncDispose](), control[Symbol.asyncDispose]()]);
  const servers = [witness, ...faulty.flatMap(({ simulator, process: child }) => [simulator, child])];
  await Promise.all(servers.map(async (server) => server?.[Symbol.asyncDispose]()));
});

/** For a person: `SHOW_FAULTS=1`. */
function report(): string {
  const lines = [...results].map(([{ note }, { fired, toldAfterMs, healedAfterMs, states, reasons }]) => {
    const told = toldAfterMs === undefined ? 'not told' : `told after ${toldAfterMs.toFixed(0)} ms`;
    return `${note}: fired ${fired}, ${told}, healed after ${healedAfterMs.toFixed(0)} ms, ${states.join(' ')} (${reasons.at(-2) ?? ''})`;
  });
  return `${JSON.stringify(witnessShare)}\n${lines.join('\n')}\n`;
}

function resultOf(row: Row): Result {
  const result = results.get(row);
  if (result === undefined) throw new Error(`no result of ${row.note}`);
  return result;
}

describe('each fault', () => {
  test.each(ROWS)('$note: fired, $sees, healed', (row) => {
    const { fired, toldAfterMs, states, healedAfterMs, counted } = resultOf(row);
    expect(fired).toBeGreaterThan(0);
    if (row.sees === 'harmless') expect(states.filter((state) => state !== 'healthy')).toEqual([]);
    else if (row.mayPass !== true || toldAfterMs !== undefined)
      expect(toldAfterMs).toBeLessThanOrEqual(TOLD_WITHIN_MS[row.sees]);
    if (row.fails === true) expect(states.some((state) => state === 'down' || state === 'unhealthy')).toBe(true);
    // The connection may be given up before so long a line has come to its end.
    const isCounted = row.counts !== undefined && (row.mayPass !== true || toldAfterMs === undefined);
    if (isCounted) expect(counted).toBeGreaterThan(0);
    expect(healedAfterMs).toBeLessThanOrEqual(HEALED_WITHIN_MS);
  });

  test.each(ROWS.filter(({ sees }) => sees === 'closed'))('$note: a closed connection is told as such', (row) => {
    expect(resultOf(row).states).toContain('down');
  });

  test('HTTP 429 is said to be one', () => {
    const row = ROWS.find(({ note }) => note === 'HTTP 429');
    expect(row && resultOf(row).reasons.join('; ')).toMatch(/rate limit|429/i);
  });
});

describe('nobody else noticed', () => {
  test('the witness was healthy and fresh all the time', () => {
    const since = watch.health.filter(({ atMs }) => atMs >= wholeAtMs);
    expect(since.filter(({ server, state }) => server === 'witness' && state !== 'healthy')).toEqual([]);
    expect(watch.witnessStale).toBe(0);
  });

  test.each(['before', 'light', 'longLine', 'flood'] as const)('the witness kept its rate: %s', (group) => {
    expect(witnessShare[group]?.messages).toBeGreaterThanOrEqual(KEPT);
    expect(witnessShare[group]?.updates).toBeGreaterThanOrEqual(UPDATES_KEPT);
  });
});

describe('nothing wrong reached a client', () => {
  test('only agents that the servers have were ever shown', () => {
    for (const { id, simulator } of faulty) {
      const shown = [...(watch.shown.get(id) ?? [])];
      if (simulator !== undefined) expect(shown.filter((agent) => !hasAgent(simulator, agent))).toEqual([]);
      expect(shown.length).toBeGreaterThanOrEqual(AGENTS);
    }
  });

  test('the client’s state is the gateway’s', async () => {
    await provenByHeartbeat(client);
    expect(client.stats).toMatchObject({ hashMismatches: 0, malformed: 0 });
  });
});

function hasAgent({ world }: Simulator, id: string): boolean {
  return world.agents.has(id);
}
