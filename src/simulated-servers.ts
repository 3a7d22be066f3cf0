/** The default without configured servers: one simulated server of each kind, each a child process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Config, ServerConfig } from './platform/config/schema.ts';
import { serverSchema } from './platform/config/schema.ts';
import { workerUrl } from './platform/worker-url.ts';

/** What is simulated: id, face and transport differ, so that the default shows push and poll. */
const KINDS = [
  { id: 'claude-flow', type: 'claude-flow', face: 'seed', transport: 'tcp' },
  { id: 'ruv-swarm', type: 'ruv-swarm', face: 'ruv-swarm', transport: 'tcp' },
  { id: 'daa', type: 'daa', face: 'daa', transport: 'http' },
] as const;
type Kind = (typeof KINDS)[number];

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 2_000;

/** Running simulators and how to reach them. */
export interface SimulatedServers extends AsyncDisposable {
  servers: ServerConfig[];
}

/**
 * Starts them all at once. A child ends when this process does: it watches its stdin.
 * @throws when one does not say where it listens within 10 s; the others are stopped then.
 */
export async function startSimulatedServers(config: Config['simulate']): Promise<SimulatedServers> {
  const children = KINDS.map((kind, index) => startChild(kind, config, config.seed + index));
  const stop = async () => void (await Promise.all(children.map(({ child }) => stopChild(child))));
  try {
    const servers = await Promise.all(children.map(({ server }) => server));
    return { servers, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startChild(
  kind: Kind,
  config: Config['simulate'],
  seed: number,
): { child: ChildProcess; server: Promise<ServerConfig> } {
  const entry = workerUrl(import.meta.url, './main').pathname;
  const flags = {
    dialect: kind.face,
    transport: kind.transport,
    port: 0,
    swarms: config.swarms,
    agents: config.agents,
    'events-per-second': config.events_per_second,
    seed,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [entry, 'simulate', '--json', '--parent-watch', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C reaches the whole foreground group: these are to end in their turn, not before the gateway.
    detached: true,
  });
  return { child, server: listening(child, kind) };
}

function listening(child: ChildProcess, kind: Kind): Promise<ServerConfig> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('it did not say where it listens within 10 s'), START_DEADLINE_MS);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`the simulated server "${kind.id}" did not start: ${why}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`it exited with code ${code ?? 'none'}`));
    if (child.stdout === null) return fail('it has no stdout');
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      try {
        resolve(toServer(kind, line));
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    });
  });
}

function toServer(kind: Kind, line: string): ServerConfig {
  const said: { listening: { port: number } } = JSON.parse(line);
  const { port } = said.listening;
  const common = { id: kind.id, type: kind.type, simulated: true };
  return kind.transport === 'http'
    ? serverSchema.parse({ ...common, transport: 'http', url: `http://127.0.0.1:${port}/mcp` })
    : serverSchema.parse({ ...common, transport: 'tcp', host: '127.0.0.1', port });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
}
