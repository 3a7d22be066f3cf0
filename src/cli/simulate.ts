import { parseArgs } from 'node:util';
import { DIALECT_NAMES, TRANSPORT_NAMES } from '../model/server.ts';
import { openFaultControl, type FaultControl } from '../simulator/fault-control.ts';
import { scheduleFaults } from '../simulator/fault-schedule.ts';
import { describeFaults, parseFaults } from '../simulator/fault-text.ts';
import type { Fault } from '../simulator/faults.ts';
import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import { FaultSyntaxError, UnsupportedFaultError } from '../simulator/errors.ts';
import { MAX_AGENTS } from '../simulator/world.ts';
import { EXIT, UsageError, type CommandIo } from './command.ts';

const HELP = `swarmcast simulate — run a simulated MCP server

Usage: swarmcast simulate [options]

  --dialect NAME           how it speaks of its agents (default seed)
                             seed         agent.* and telemetry.* methods, pushes events
                             claude-flow  the tools of claude-flow 3.x, polled
                             ruv-swarm    the tools of ruv-swarm 1.0.20, polled; noisy over stdio
                             daa          the tools of the daa-mcp crate, polled
                             generic      tools of no known kind, to try a mapping with
  --transport NAME         tcp (default): JSON-RPC in lines; stdio: the same on stdin and stdout; http: Streamable HTTP at /mcp
  --host ADDRESS           address to bind (default 127.0.0.1)
  --port N                 0–65535; 0, the default, takes any free one
  --swarms N               swarms, 0–10000 (default 2)
  --agents N               agents per swarm, 0–100000 (default 12); at most 200000 in all
  --events-per-second N    changes of the world, 0–1000000 (default 40); 0: only clients change it
  --seed N                 0–4294967295 (default 1); the same seed gives the same world
  --faults LIST            misbehave on order: kind:name=value,…;kind… (see below)
  --fault-seed N           misbehave at random, 0–4294967295: the same seed gives the same faults after the same waits
  --fault-every TIME       mean time between those, 1–86400000 ms (default 10000)
  --control-port N         order faults over HTTP on 127.0.0.1; 0 takes any free port
  --json                   print one JSON line {"listening":{"transport":…,"host":…,"port":…}} on stdout
  --parent-watch           stop when stdin ends, so that no simulator outlives who started it
  --help                   this text

The agents are invented; the protocol is not: any MCP client can connect, spawn agents and watch them.
  swarmcast simulate --port 9500
  swarmcast probe tcp://127.0.0.1:9500

Faults spoil the answer to a request, or the whole server. Every one takes
  on=NAME     the method or tool that sets it off (default: any; whole-server faults: at once)
  after=N     requests that are served well first; with a unit (after=10s): time until it can happen
  times=N     how many requests it spoils (default 1), or times=all
${describeFaults()}
  swarmcast simulate --faults 'never-answer:after=10s,times=3;freeze:ms=20s,after=1m'
  swarmcast simulate --fault-seed 7 --fault-every 5000
  swarmcast simulate --control-port 9600, then
    curl localhost:9600/faults                                         what was ordered, and how often it fired
    curl localhost:9600/faults -d '{"kind":"freeze","ms":5000}'        order one
    curl localhost:9600/faults -X DELETE                               cancel all (/faults/<id>: one)

Stop it with Ctrl-C. Exit codes: 0 stopped, 1 failed, 2 bad option; after the fault exit, its code.
`;

const OPTIONS = {
  dialect: { type: 'string', default: 'seed' },
  transport: { type: 'string', default: 'tcp' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '0' },
  swarms: { type: 'string', default: '2' },
  agents: { type: 'string', default: '12' },
  'events-per-second': { type: 'string', default: '40' },
  seed: { type: 'string', default: '1' },
  faults: { type: 'string', default: '' },
  'fault-seed': { type: 'string' },
  'fault-every': { type: 'string', default: '10000' },
  'control-port': { type: 'string' },
  json: { type: 'boolean', default: false },
  'parent-watch': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/**
 * `swarmcast simulate`. Runs until the signal, the end of stdin (stdio, or `--parent-watch`) or a fault ends it.
 * @throws UsageError for a bad option. @throws SimulatorStartError when the address cannot be had.
 */
export async function simulate(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: false });
  if (values.help) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  const transport = oneOf('transport', values.transport, TRANSPORT_NAMES);
  const options = {
    face: oneOf('dialect', values.dialect, DIALECT_NAMES),
    transport,
    host: values.host,
    port: integer('port', values.port, 65_535),
    swarms: integer('swarms', values.swarms, 10_000),
    agents: integer('agents', values.agents, 100_000),
    eventsPerSecond: integer('events-per-second', values['events-per-second'], 1_000_000),
    seed: integer('seed', values.seed, 0xffff_ffff),
  };
  if (options.swarms * options.agents > MAX_AGENTS)
    throw new UsageError(`--swarms × --agents is ${options.swarms * options.agents}; at most ${MAX_AGENTS} agents fit`);
  let exitCode: number = EXIT.ok;
  const exit = (code: number) => {
    exitCode = code;
  };
  const schedule = readSchedule(values['fault-seed'], values['fault-every']);
  const controlPort =
    values['control-port'] === undefined ? undefined : integer('control-port', values['control-port'], 65_535);
  const watch = values['parent-watch'] && transport !== 'stdio' ? watchParent() : undefined;
  try {
    await using simulator = await startSimulator({ ...options, exit, faults: readFaults(values.faults) });
    await using control = controlPort === undefined ? undefined : await openFaultControl(simulator, controlPort);
    using _ = schedule === undefined ? undefined : runSchedule(simulator, schedule);
    if (transport !== 'stdio') announce(simulator, control, { ...options, json: values.json }, io);
    else if (control !== undefined) io.stderr.write(`faults are ordered at ${control.url}\n`);
    await ended([io.signal, watch?.signal], simulator);
  } catch (error) {
    if (error instanceof UnsupportedFaultError) throw new UsageError(`--faults: ${error.message}`);
    throw error;
  } finally {
    watch?.stop();
  }
  return exitCode;
}

function readFaults(text: string): Fault[] {
  try {
    return parseFaults(text);
  } catch (error) {
    if (error instanceof FaultSyntaxError) throw new UsageError(`--faults: ${error.message}`);
    throw error;
  }
}

function readSchedule(seed: string | undefined, every: string): { seed: number; everyMs: number } | undefined {
  const everyMs = Math.max(1, integer('fault-every', every, 86_400_000));
  return seed === undefined ? undefined : { seed: integer('fault-seed', seed, 0xffff_ffff), everyMs };
}

/** Orders one fault after the other until disposed. */
function runSchedule(simulator: Simulator, { seed, everyMs }: { seed: number; everyMs: number }): Disposable {
  const faults = scheduleFaults(seed, everyMs, simulator.unsupportedFaults);
  let timer: NodeJS.Timeout;
  const next = () => {
    const { waitMs, fault } = faults.next().value;
    timer = setTimeout(() => {
      simulator.inject(fault);
      next();
    }, waitMs);
  };
  next();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

async function ended(signals: (AbortSignal | undefined)[], simulator: Simulator): Promise<void> {
  const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, simulator.closed]);
}

/** Aborts when stdin ends: the parent is gone, however it went. */
function watchParent(): { signal: AbortSignal; stop: () => void } {
  const gone = new AbortController();
  const end = () => gone.abort();
  process.stdin.once('end', end).once('close', end).once('error', end).resume();
  // A destroyed stdin no longer keeps the process alive.
  return { signal: gone.signal, stop: () => process.stdin.destroy() };
}

function announce(
  { port, endpoint }: Simulator,
  control: FaultControl | undefined,
  options: { face: string; transport: string; host: string; swarms: number; agents: number; json: boolean },
  io: CommandIo,
): void {
  const { transport, host, face, swarms, agents } = options;
  io.stdout.write(
    options.json
      ? `${JSON.stringify({ listening: { transport, host, port }, ...(control === undefined ? {} : { control: control.url }) })}\n`
      : `A simulated ${face} server with ${swarms} swarms of ${agents} agents is listening on ${endpoint}\n${control === undefined ? '' : `faults are ordered at ${control.url}\n`}`,
  );
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const known = allowed.find((word) => word === value);
  if (known === undefined) throw new UsageError(`--${flag} "${value}" is not one of: ${allowed.join(', ')}`);
  return known;
}

function integer(flag: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new UsageError(`--${flag} "${text}" is not a whole number from 0 to ${max}`);
  return value;
}
