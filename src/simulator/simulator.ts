/**
 * MCP servers that behave, and misbehave on order: a seeded world, shown by a face, over a transport. It is a real
 * server: the SDK speaks the protocol, only the agents are not there.
 */
import type { DialectName, TransportName } from '../model/server.ts';
import type { Clock } from '../platform/clock.ts';
import { systemClock } from '../platform/clock.ts';
import { Dispatcher } from './dispatcher.ts';
import { RpcFailure, UnsupportedFaultError } from './errors.ts';
import { claudeFlowFace } from './faces/claude-flow.ts';
import { DaaAgents } from './faces/daa-agents.ts';
import { daaFace } from './faces/daa.ts';
import type { Face, FaceContext, Peer } from './faces/face.ts';
import { iso } from './faces/face.ts';
import { genericFace } from './faces/generic.ts';
import { ruvSwarmFace } from './faces/ruv-swarm.ts';
import { seedFace } from './faces/seed.ts';
import { FaultBook } from './faults.ts';
import type { ArmedFault, Fault, FaultKind, ServerFault } from './faults.ts';
import type { SimulatorStats } from './stats.ts';
import { emptyStats } from './stats.ts';
import { floodEvents, Telemetry } from './telemetry.ts';
import type { PushSink } from './telemetry.ts';
import { Ticker } from './ticker.ts';
import { openHttp } from './transports/http.ts';
import { LineConnection } from './transports/line-connection.ts';
import type { Listening } from './transports/listening.ts';
import { openStdio, processStreams } from './transports/stdio.ts';
import type { StdioStreams } from './transports/stdio.ts';
import type { Connect } from './transports/tcp.ts';
import { openTcp } from './transports/tcp.ts';
import { WorldLife } from './world-life.ts';
import { SimulatedWorld } from './world.ts';

const FACES: Record<DialectName, Face> = {
  'claude-flow': claudeFlowFace,
  'ruv-swarm': ruvSwarmFace,
  daa: daaFace,
  seed: seedFace,
  generic: genericFace,
};

/** A flood that lasts comes in steps of this. */
const FLOOD_STEP_MS = 20;

export interface SimulatorOptions {
  face: DialectName;
  transport: TransportName;
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** Default 0: any free one. */
  port?: number | undefined;
  /** Default 1. */
  seed?: number | undefined;
  /** Default 2. */
  swarms?: number | undefined;
  /** Per swarm. Default 12; at most 200,000 in all. */
  agents?: number | undefined;
  /** Changes per second of the whole world. Default 40; 0: only clients change it. */
  eventsPerSecond?: number | undefined;
  /** Agents come and go. Default true. */
  agentsChange?: boolean | undefined;
  /** Swarms come and go. Default false. */
  swarmsChange?: boolean | undefined;
  clock?: Clock | undefined;
  /** Key that the seed face's auth.authenticate asks for; over HTTP also taken as a bearer token. */
  apiKey?: string | undefined;
  /** Armed before the first client can come. */
  faults?: readonly Fault[] | undefined;
  /** Streams of the stdio transport. Default: this process's stdin and stdout. */
  stdio?: StdioStreams | undefined;
  /** What the fault `exit` does in the end. Default: the simulator dies, the process lives. */
  exit?: ((code: number) => void) | undefined;
}

export interface Simulator extends AsyncDisposable {
  /** 0 for stdio. */
  readonly port: number;
  /** `tcp://127.0.0.1:9500`, `http://127.0.0.1:3001/mcp` or `stdio:`. */
  readonly endpoint: string;
  readonly world: SimulatedWorld;
  /** A copy of the counts so far. */
  readonly stats: SimulatorStats;
  /** Orders a fault. @throws UnsupportedFaultError when the transport cannot show it. */
  inject(fault: Fault): ArmedFault;
  /** No ordered fault fires any more; what the clock, a freeze or a flood does now ends. */
  cancelFaults(): void;
  /** Faults that its transport cannot show. */
  readonly unsupportedFaults: ReadonlySet<FaultKind>;
  /** Resolves when it is over: disposed, dead by a fault, or left by its stdio peer. */
  readonly closed: Promise<void>;
}

/**
 * Starts a simulated server. Dispose it to stop; nothing of it stays.
 * @throws SimulatorStartError when the address cannot be had.
 * @throws WorldRefusal when so many agents are asked for that the world cannot hold them.
 * @throws UnsupportedFaultError as {@link Simulator.inject} does.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const running = new RunningSimulator(options);
  await running.open();
  return running;
}

class RunningSimulator implements Simulator {
  readonly world: SimulatedWorld;
  readonly closed: Promise<void>;
  readonly #options: SimulatorOptions;
  readonly #face: Face;
  readonly #clock: Clock;
  readonly #stats = emptyStats();
  readonly #faults = new FaultBook((fault) => this.#perform(fault));
  readonly #telemetry: Telemetry;
  readonly #dispatcher: Dispatcher;
  readonly #context: FaceContext;
  readonly #ticker: Ticker;
  #listening: Listening | undefined;
  #thawTimer: NodeJS.Timeout | undefined;
  #skewMs = 0;
  #skewTimer: NodeJS.Timeout | undefined;
  #floods = new Set<NodeJS.Timeout>();
  #markClosed: () => void = () => undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#face = FACES[options.face];
    const clock = options.clock ?? systemClock;
    this.#clock = { now: () => clock.now() + this.#skewMs, monotonic: () => clock.monotonic() };
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
    const seed = options.seed ?? 1;
    this.world = new SimulatedWorld({ seed, ids: this.#face.ids });
    const life = new WorldLife(this.world, {
      seed,
      swarms: options.swarms ?? 2,
      agents: options.agents ?? 12,
      eventsPerSecond: options.eventsPerSecond ?? 40,
      topologies: this.#face.topologies,
      agentsChange: options.agentsChange,
      swarmsChange: options.swarmsChange,
    });
    const startedAtMs = this.#clock.now();
    life.populate(startedAtMs);
    this.#telemetry = new Telemetry(this.world);
    this.#context = {
      world: this.world,
      daa: new DaaAgents(),
      memories: new Map(),
      startedAtMs,
      warm: false,
      now: () => this.#clock.now(),
      apiKey: options.apiKey,
    };
    this.#dispatcher = new Dispatcher(this.#face, this.#context, this.#stats);
    this.#ticker = new Ticker({ clock: this.#clock, life, telemetry: this.#telemetry, stats: this.#stats });
  }

  async open(): Promise<void> {
    const session = import('./mcp-session.ts');
    // Handled where it is awaited; until then a failure to load must not end the process.
    session.catch(() => undefined);
    const connect: Connect = (streams) => {
      const onClosed = (connection: LineConnection) => {
        this.#stats.connections--;
        this.#telemetry.forget(connection);
        streams.onClosed(connection);
      };
      const { normalise, normaliseLine = normalise } = this.#face;
      const connection = new LineConnection({
        ...streams,
        onClosed,
        normalise: normaliseLine,
        faults: this.#faults,
        stats: this.#stats,
      });
      this.#stats.connections++;
      this.#stats.connectionsTotal++;
      session.then(
        ({ serveLines }) => serveLines(connection, this.#dispatcher, this.#peer(connection)),
        () => connection.cut(),
      );
      return connection;
    };
    const { transport, host = '127.0.0.1', port = 0 } = this.#options;
    if (transport === 'tcp') this.#listening = await openTcp({ host, port }, connect);
    else if (transport === 'http') this.#listening = await this.#openHttp({ host, port });
    else this.#listening = this.#openStdio(connect);
    try {
      for (const fault of this.#options.faults ?? []) this.inject(fault);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    this.#ticker.start();
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  get endpoint(): string {
    return this.#listening?.endpoint ?? '';
  }

  get stats(): SimulatorStats {
    return { ...this.#stats, faultsFired: this.#faults.fired };
  }

  inject(fault: Fault): ArmedFault {
    if (this.#listening?.unsupported.has(fault.kind) === true)
      throw new UnsupportedFaultError(`${fault.kind} cannot be shown over ${this.#options.transport}`);
    return this.#faults.arm(fault);
  }

  get unsupportedFaults(): ReadonlySet<FaultKind> {
    return this.#listening?.unsupported ?? new Set();
  }

  cancelFaults(): void {
    this.#faults.cancelAll();
    this.#stopEffects();
    if (this.#thawTimer !== undefined) this.#thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#faults.cancelAll();
    this.#stopEffects();
    this.#ticker.stop();
    clearTimeout(this.#thawTimer);
    await this.#listening?.[Symbol.asyncDispose]();
    this.#markClosed();
  }

  #openHttp(address: { host: string; port: number }): Promise<Listening> {
    return openHttp(address, {
      dispatcher: this.#dispatcher,
      faults: this.#faults,
      stats: this.#stats,
      apiKey: this.#options.apiKey,
      normalise: this.#face.normalise,
      peerOf: (sink) => this.#peer(sink),
      forget: (sink) => this.#telemetry.forget(sink),
    });
  }

  #openStdio(connect: Connect): Listening {
    const streams = this.#options.stdio ?? processStreams();
    const { listening, connection } = openStdio(streams, connect, this.#face.greeting ?? [], () => {
      this.#ticker.stop();
      this.#markClosed();
    });
    const { noise } = this.#face;
    if (noise !== undefined) this.world.onEvent((event) => connection.noise(noise(event)));
    return listening;
  }

  #peer(sink: PushSink | undefined): Peer {
    return {
      authenticated: false,
      subscribe: (wish) => {
        if (sink === undefined)
          throw new RpcFailure(-32_000, 'Server error', { reason: 'events need a connection or session to go to' });
        const id = this.#telemetry.subscribe(wish, sink, this.#clock.monotonic());
        this.#ticker.retime();
        return id;
      },
      unsubscribe: (id) => {
        const known = sink !== undefined && this.#telemetry.unsubscribe(id, sink);
        this.#ticker.retime();
        return known;
      },
    };
  }

  #perform(fault: ServerFault): void {
    switch (fault.kind) {
      case 'event-flood':
        this.#flood(fault);
        break;
      case 'half-open':
        this.#listening?.goHalfOpen();
        break;
      case 'restart':
        this.#listening?.restart(fault.ms);
        break;
      case 'clock-skew':
        this.#skew(fault.byMs, fault.ms);
        break;
      case 'freeze':
        if (this.#thawTimer !== undefined) break;
        this.#ticker.stop();
        this.#listening?.freeze();
        this.#thawTimer = setTimeout(() => this.#thaw(), fault.ms);
        break;
      case 'exit':
        this.#faults.cancelAll();
        this.#stopEffects();
        this.#ticker.stop();
        this.#listening?.cut();
        this.#options.exit?.(fault.code ?? 1);
        this.#markClosed();
        break;
    }
  }

  #flood({ events, overMs = 0, of }: Extract<ServerFault, { kind: 'event-flood' }>): void {
    const some = floodEvents(of ?? 'heartbeat', this.world, iso(this.#clock.now()));
    let sent = 0;
    const send = (until: number) => {
      const batch = Array.from({ length: until - sent }, (_, index) => some[(sent + index) % some.length]);
      sent = until;
      this.#listening?.flood(batch.filter((event) => event !== undefined));
    };
    if (overMs === 0) return send(events);
    const startedMs = this.#clock.monotonic();
    const timer = setInterval(() => {
      const share = Math.min(1, (this.#clock.monotonic() - startedMs) / overMs);
      send(Math.floor(events * share));
      if (share < 1) return;
      clearInterval(timer);
      this.#floods.delete(timer);
    }, FLOOD_STEP_MS);
    this.#floods.add(timer);
  }

  #skew(byMs: number, ms: number | undefined): void {
    clearTimeout(this.#skewTimer);
    this.#skewMs = byMs;
    if (ms === undefined) return;
    this.#skewTimer = setTimeout(() => {
      this.#skewMs = 0;
    }, ms);
  }

  #stopEffects(): void {
    clearTimeout(this.#skewTimer);
    this.#skewMs = 0;
    for (const timer of this.#floods) clearInterval(timer);
    this.#floods.clear();
  }

  #thaw(): void {
    this.#thawTimer = undefined;
    this.#listening?.thaw();
    this.#ticker.start();
  }
}
