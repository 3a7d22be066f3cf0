/** A look at one MCP server, for `swarmcast probe`: who is there, what it can do, what it would show. Reads only. */
import type { Observation } from '../../model/observation.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import { chooseDialect } from './choose-dialect.ts';
import { cleanObservations } from './clean-observations.ts';
import { createCounters } from './connection-counters.ts';
import type { Call, Dialect, DialectSession } from './dialects/dialect.ts';
import { describeError } from './errors.ts';
import { describeEndpoint, transportFactory } from './open-transport.ts';
import { presentDefaultKey, presentOwnKey, secretsOf } from './present-key.ts';
import { openSession, type Session } from './session.ts';

/** Fast rounds: the second can ask about what the first found. */
const FAST_ROUNDS = 2;
/** Errors that are listed. */
const MAX_ERRORS = 20;

/** What was found. Parts that were not reached are undefined or empty; `errors` then says why. */
export interface ProbeReport {
  endpoint: string;
  /** True when an MCP handshake succeeded. */
  connected: boolean;
  /** modern: 2026-07-28, without initialize and ping. */
  era: 'legacy' | 'modern' | undefined;
  protocolVersion: string | undefined;
  serverName: string | undefined;
  serverVersion: string | undefined;
  /** Sorted. */
  tools: string[];
  /** Name, and how sure it is of the server, 0–1. */
  dialect: { name: string; score: number } | undefined;
  /** Different ids seen in one full plan. */
  agents: number;
  swarms: number;
  tasks: number;
  /** Of the calls of the plan; undefined when none was answered. */
  latencyMs: { min: number; median: number; max: number; calls: number } | undefined;
  noiseLines: number;
  oversizeLines: number;
  droppedReplies: number;
  /** In the order in which they happened, at most 20. */
  errors: string[];
}

export interface ProbeOptions {
  server: ServerConfig;
  limits: UpstreamConfig;
  dialects: readonly Dialect[];
  clock: Clock;
  scratchRoot: string;
  /** For the whole probe; default: connect timeout plus two request timeouts. */
  deadlineMs?: number | undefined;
}

/** Never throws for what the server does: that is in the report. Takes at most the deadline, and leaves nothing open. */
export async function probeServer(options: ProbeOptions): Promise<ProbeReport> {
  const { server, limits } = options;
  const deadlineMs = options.deadlineMs ?? limits.connect_timeout_ms + 2 * limits.request_timeout_ms;
  const probe = new Probe(options);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`not finished within ${deadlineMs} ms`)), deadlineMs);
  try {
    await probe.run(stop.signal);
  } catch (error) {
    probe.note(describeError(error));
  } finally {
    clearTimeout(timer);
    await probe.close();
  }
  return probe.report(describeEndpoint(server));
}

class Probe {
  readonly #options: ProbeOptions;
  readonly #counters = createCounters();
  readonly #errors: string[] = [];
  readonly #latencies: number[] = [];
  readonly #agents = new Set<string>();
  readonly #swarms = new Set<string>();
  readonly #tasks = new Set<string>();
  #session: Session | undefined;
  #tools: string[] = [];
  #about: Pick<ProbeReport, 'era' | 'protocolVersion' | 'serverName' | 'serverVersion' | 'dialect'> = {
    era: undefined,
    protocolVersion: undefined,
    serverName: undefined,
    serverVersion: undefined,
    dialect: undefined,
  };

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { server, limits, dialects, scratchRoot } = this.#options;
    const session = await openSession({
      openTransport: transportFactory(server, limits, { counters: this.#counters, scratchRoot }).open,
      connectTimeoutMs: limits.connect_timeout_ms,
      requestTimeoutMs: limits.request_timeout_ms,
      counters: this.#counters,
      secrets: secretsOf(server, limits),
      signal,
      events: { onPush: () => undefined, onNoise: () => undefined, onClosed: (why) => this.#closedBy(why) },
    });
    this.#session = session;
    await presentOwnKey(session, { server }, signal);
    const peer = await session.describe(signal);
    this.#tools = [...peer.tools].toSorted();
    this.#about = {
      ...this.#about,
      era: session.era,
      protocolVersion: peer.protocolVersion,
      serverName: peer.name,
      serverVersion: peer.version,
    };
    const { dialect, score } = chooseDialect(server, peer, dialects);
    this.#about.dialect = { name: dialect.name, score };
    await presentDefaultKey(session, { server, limits, dialect }, signal);
    await this.#askAll(session, dialect.open(peer), signal);
  }

  note(error: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(error);
  }

  #closedBy(why: string | undefined): void {
    if (why !== undefined) this.note(why);
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session !== undefined && !session.closed) await session.close();
  }

  report(endpoint: string): ProbeReport {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const [min] = sorted;
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    const max = sorted.at(-1);
    const known = min !== undefined && median !== undefined && max !== undefined;
    return {
      endpoint,
      connected: this.#session !== undefined,
      ...this.#about,
      tools: this.#tools,
      agents: this.#agents.size,
      swarms: this.#swarms.size,
      tasks: this.#tasks.size,
      latencyMs: known ? { min, median, max, calls: sorted.length } : undefined,
      noiseLines: this.#counters.noiseLines,
      oversizeLines: this.#counters.oversizeLines,
      droppedReplies: this.#counters.droppedReplies,
      errors: this.#errors,
    };
  }

  async #askAll(session: Session, reader: DialectSession, signal: AbortSignal): Promise<void> {
    for (const call of reader.warmUp()) await this.#ask(session, reader, call, signal);
    for (let round = 0; round < FAST_ROUNDS; round += 1) {
      for (const call of reader.plan('fast')) await this.#ask(session, reader, call, signal);
    }
    for (const call of reader.plan('slow')) await this.#ask(session, reader, call, signal);
  }

  async #ask(session: Session, reader: DialectSession, call: Call, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const outcome = await session.call(call, signal);
    this.#latencies.push(clock.monotonic() - startedAt);
    if (!outcome.ok) this.note(`${call.kind === 'tool' ? call.tool : call.method}: ${outcome.message}`);
    for (const observation of cleanObservations(reader.read(call, outcome, clock.now())).kept) this.#count(observation);
  }

  #count(observation: Observation): void {
    if (observation.kind === 'agent') this.#agents.add(observation.agent);
    else if (observation.kind === 'swarm') this.#swarms.add(observation.swarm);
    else if (observation.kind === 'task') this.#tasks.add(observation.task);
  }
}
