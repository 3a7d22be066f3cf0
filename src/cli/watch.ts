/** `swarmcast watch`: a gateway's view in a terminal, through the SDK. */
import { setTimeout } from 'node:timers/promises';
import { connectSwarmcast, type ClientEvents, type SwarmcastClient } from '../client/client.ts';
import { EXIT, type CommandIo } from './command.ts';
import { parseWatchOptions, WATCH_HELP, type WatchOptions } from './watch-options.ts';
import { summaryLine, tableLines, type TableInput } from './watch-table.ts';

/** Redraws of the table: 4 Hz, whatever the mode. */
const REDRAW_MS = 250;
/** Lines of a log, and summaries of --json. */
const SUMMARY_MS = 1_000;
/** --once: longest wait for positions after the state; a view without agents has none. */
const FIRST_FRAME_MS = 2_000;
/** Events that --json passes on. */
const JSON_EVENTS = [
  'agents',
  'topology',
  'tasks',
  'performance',
  'neural',
  'flow',
  'swarms',
  'health',
  'mode',
  'goodbye',
  'error',
] as const satisfies readonly (keyof ClientEvents)[];

const ALT_SCREEN = { enter: '\u001b[?1049h\u001b[?25l', leave: '\u001b[?25h\u001b[?1049l' };
const CURSOR_HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Exit code 0: stopped, or printed once; 1: no gateway, or it does not want us. @throws {UsageError} for bad flags. */
export async function watch(argv: string[], io: CommandIo): Promise<number> {
  const options = parseWatchOptions(argv);
  if (options.help) {
    io.stdout.write(WATCH_HELP);
    return EXIT.ok;
  }
  await using client = connectSwarmcast({
    url: options.url,
    mode: options.mode,
    coding: options.coding,
    token: options.token,
    filters: options.filters,
  });
  const end = ending(client, io.signal);
  const failure = await Promise.race([end.failed, firstState(client)]);
  if (failure === undefined && !io.signal.aborted) {
    if (options.once) await printOnce(client, options, io, end.failed);
    else await follow(client, options, io, end.failed);
  }
  const reason = end.reason();
  if (reason === undefined) return EXIT.ok;
  io.stderr.write(`swarmcast watch: ${describe(reason, options.url)}\n`);
  return EXIT.failed;
}

interface Failure {
  /** Never was live: probably nothing listens there. */
  early: boolean;
  code: number;
  reason: string;
}

/** `failed` resolves when there is nothing more to watch: refused, closed for good, or stopped by a signal. */
function ending(
  client: SwarmcastClient,
  signal: AbortSignal,
): { failed: Promise<'ended'>; reason: () => Failure | undefined } {
  let wasLive = false;
  let failure: Failure | undefined;
  const failed = new Promise<'ended'>((resolve) => {
    if (signal.aborted) resolve('ended');
    signal.addEventListener('abort', () => resolve('ended'), { once: true });
    client.on('status', (status) => {
      if (status.status === 'live') wasLive = true;
      const isOver = status.status === 'closed' || (status.status === 'reconnecting' && !wasLive);
      if (!isOver || signal.aborted) return;
      failure ??= { early: !wasLive, code: status.code, reason: status.reason };
      resolve('ended');
    });
  });
  return { failed, reason: () => failure };
}

async function firstState(client: SwarmcastClient): Promise<undefined> {
  // A client that never gets there is told of by its status.
  await client.whenLive().catch(() => new Promise(() => {}));
}

function describe({ early, code, reason }: Failure, url: string): string {
  const why = reason === '' ? `close code ${code}` : reason;
  if (!early) return `the gateway at ${url} ended the connection for good: ${why}`;
  if (code !== 1006) return `the gateway at ${url} refused: ${why}`;
  if (why.includes('server response')) return `what answers at ${url} is no gateway (${why}); its path is /ws`;
  return `no gateway answers at ${url} (${why}); start one with: swarmcast start`;
}

async function printOnce(
  client: SwarmcastClient,
  options: WatchOptions,
  io: CommandIo,
  failed: Promise<unknown>,
): Promise<void> {
  const done = new AbortController();
  const deadline = setTimeout(FIRST_FRAME_MS, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([failed, firstFrame(client), deadline]);
  done.abort();
  if (io.signal.aborted) return;
  if (options.json) writeJson(io, 'state', fullState(client));
  else {
    const size = {
      columns: io.stdout.columns ?? 200,
      rows: Number.POSITIVE_INFINITY,
      colour: io.stdout.isTTY === true,
    };
    io.stdout.write(`${tableLines(tableInput(client, options, new Rates(client)), size).join('\n')}\n`);
  }
}

function firstFrame(client: SwarmcastClient): Promise<void> {
  return new Promise((resolve) => {
    if (client.stats.frames > 0) resolve();
    else client.on('frame', () => resolve());
  });
}

/** Prints until the end. */
async function follow(
  client: SwarmcastClient,
  options: WatchOptions,
  io: CommandIo,
  failed: Promise<unknown>,
): Promise<void> {
  const rates = new Rates(client);
  const isScreen = io.stdout.isTTY === true && !options.json;
  const draw = options.json
    ? () => writeJson(io, 'summary', summary(client, rates))
    : isScreen
      ? () => io.stdout.write(screen(tableInput(client, options, rates), io))
      : () => io.stdout.write(`${summaryLine(tableInput(client, options, rates))}\n`);
  if (isScreen) io.stdout.write(ALT_SCREEN.enter);
  if (options.json) passOn(client, io);
  draw();
  const timer = setInterval(draw, isScreen ? REDRAW_MS : SUMMARY_MS);
  try {
    await failed;
  } finally {
    clearInterval(timer);
    if (isScreen) io.stdout.write(ALT_SCREEN.leave);
  }
}

function screen(input: TableInput, io: CommandIo): string {
  const size = { columns: io.stdout.columns ?? 80, rows: (io.stdout.rows ?? 24) - 1, colour: true };
  const lines = tableLines(input, size).slice(0, size.rows);
  return CURSOR_HOME + lines.map((line) => `${line}${CLEAR_LINE}\n`).join('') + CLEAR_BELOW;
}

function passOn(client: SwarmcastClient, io: CommandIo): void {
  writeJson(io, 'state', fullState(client));
  client.on('snapshot', () => writeJson(io, 'state', fullState(client)));
  client.on('status', (status) => writeJson(io, 'status', status));
  for (const name of JSON_EVENTS) client.on(name, (payload) => writeJson(io, name, payload));
}

function writeJson(io: CommandIo, event: string, payload: object): void {
  // JSON escapes the C0 controls; a terminal obeys those of C1 too.
  const line = JSON.stringify({ event, ...payload }).replaceAll(/[\u007f-\u009f]/g, escapeUnit);
  io.stdout.write(`${line}\n`);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function fullState(client: SwarmcastClient): object {
  const { servers, swarms, agents, links, tasks, degradationLevel } = client.state;
  const nowMs = client.gatewayNow();
  return {
    time_ms: nowMs,
    ...client.effective,
    degradation_level: degradationLevel,
    servers: [...servers.values()],
    swarms: [...swarms.values()],
    agents: [...agents.values()].map((agent) => ({ ...agent, position: client.positionAt(agent.ref, nowMs) })),
    links: [...links.values()],
    tasks: [...tasks.values()],
  };
}

function summary(client: SwarmcastClient, rates: Rates): object {
  const { servers, swarms, agents, links, tasks } = client.state;
  return {
    time_ms: client.gatewayNow(),
    status: client.status.status,
    ...client.effective,
    servers: servers.size,
    swarms: swarms.size,
    agents: agents.size,
    links: links.size,
    tasks: tasks.size,
    rates: rates.measure(),
  };
}

function tableInput(client: SwarmcastClient, { url }: WatchOptions, rates: Rates): TableInput {
  const nowMs = client.gatewayNow();
  return {
    url,
    status: client.status,
    state: client.state,
    mode: client.effective?.mode,
    effectiveRateHz: client.effective?.effective_rate_hz,
    rates: rates.measure(),
    nowMs,
    positionOf: (agent) => client.positionAt(agent.ref, nowMs),
  };
}

/** Rates over the last two to four seconds. */
class Rates {
  readonly #client: SwarmcastClient;
  readonly #samples: { atMs: number; frames: number; bytes: number }[] = [];

  constructor(client: SwarmcastClient) {
    this.#client = client;
    this.measure();
  }

  measure(): TableInput['rates'] {
    const { frames, bytes } = this.#client.stats;
    const now = { atMs: performance.now(), frames, bytes };
    this.#samples.push(now);
    while (this.#samples.length > 2 && now.atMs - (this.#samples[1]?.atMs ?? 0) > 2_000) this.#samples.shift();
    const [first = now] = this.#samples;
    const seconds = (now.atMs - first.atMs) / 1_000;
    if (seconds < 0.2) return undefined;
    return { framesPerSecond: (frames - first.frames) / seconds, bytesPerSecond: (bytes - first.bytes) / seconds };
  }
}
