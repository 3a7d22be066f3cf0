/** Two clients written apart from each other, of one protocol: this SDK, and Python from PROTOCOL.md alone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { connectSwarmcast, type ClientEvents, type SwarmcastClient } from '../../../src/client/client.ts';
import type { ClientState } from '../../../src/client/client-state.ts';
import { StateHasher } from '../../../src/client/state-hasher.ts';
import { builtMain } from '../../support/built-main.ts';
import { until } from '../../support/until.ts';

const PYTHON_CLIENT = fileURLToPath(new URL('../../python/swarmcast_client.py', import.meta.url));
const VECTORS = fileURLToPath(new URL('../../fixtures/protocol/vectors.json', import.meta.url));

interface Report {
  agents: Record<string, unknown>;
  links: Record<string, unknown>;
  tasks: Record<string, unknown>;
  swarms: Record<string, unknown>;
  state_hash: string;
  gateway_hash: string;
  cursor: string;
  positions: Record<string, number[]>;
  position_ticks: Record<string, number>;
}

type Held = Pick<ClientState, 'swarms' | 'agents' | 'links' | 'tasks'>;

/** What the SDK held at each cursor and showed at each tick. */
class History {
  readonly states = new Map<string, Held>();
  readonly positions = new Map<number, Map<string, readonly number[]>>();

  constructor(client: SwarmcastClient) {
    const events: (keyof ClientEvents)[] = [
      'discovery',
      'snapshot',
      'agents',
      'topology',
      'tasks',
      'performance',
      'neural',
      'flow',
      'heartbeat',
    ];
    for (const name of events) client.on(name, () => this.#noteState(client));
    client.on('frame', (frame) => this.#noteFrame(client, frame));
  }

  #noteState({ cursor, state }: SwarmcastClient): void {
    if (cursor === '' || this.states.has(cursor)) return;
    const { swarms, agents, links, tasks } = state;
    this.states.set(cursor, {
      swarms: new Map(swarms),
      agents: new Map(agents),
      links: new Map(links),
      tasks: new Map(tasks),
    });
  }

  #noteFrame(client: SwarmcastClient, { tick, timeMs, sections }: ClientEvents['frame']): void {
    const shown = this.positions.get(tick) ?? new Map<string, readonly number[]>();
    this.positions.set(tick, shown);
    const swarms = new Set(sections.map(({ swarmRef }) => swarmRef));
    for (const { ref, key, swarm } of client.state.agents.values()) {
      const position = swarms.has(swarm) ? client.positionAt(ref, timeMs) : undefined;
      if (position !== undefined) shown.set(key, position);
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** A gateway of its own process, with its simulators. */
async function openGatewayProcess(): Promise<{ url: string } & AsyncDisposable> {
  const settings = ['clients.heartbeat_interval_ms=300', 'simulate.agents=8', 'log.level=silent'];
  const args = [builtMain(), 'start', '--port', '0', '--json', ...settings.flatMap((setting) => ['--set', setting])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const { listening } = JSON.parse(line) as { listening: { url: string } };
    return {
      url: `${listening.url.replace(/^http/, 'ws')}/ws`,
      [Symbol.asyncDispose]: () => stop(child),
    };
  }
  throw new Error(`the gateway ended with code ${child.exitCode} before it listened`);
}

async function python(args: string[], onLine: (line: string) => void): Promise<number | null> {
  const child = spawn('python3', [PYTHON_CLIENT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', onLine);
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

function byRef(records: ReadonlyMap<number, { ref: number }>): Record<string, unknown> {
  return Object.fromEntries([...records].map(([ref, record]) => [String(ref), record]));
}

function expectSame(report: Report, held: Held): void {
  const agents = [...held.agents.values()].map((agent) => [agent.key, agent] as const);
  expect(report.agents).toEqual(Object.fromEntries(agents));
  expect(report.links).toEqual(byRef(held.links));
  expect(report.tasks).toEqual(byRef(held.tasks));
  expect(report.swarms).toEqual(byRef(held.swarms));
  expect(report.state_hash).toBe(new StateHasher().hash(held));
}

/** Agents whose position both saw at the same tick; all of them must agree. */
function compareSharedPositions(report: Report, { positions }: History): number {
  const shared = Object.entries(report.position_ticks).flatMap(([key, tick]) => {
    const position = positions.get(tick)?.get(key);
    return position === undefined ? [] : [{ key, tick, position }];
  });
  for (const { key, position } of shared) expect(report.positions[key]).toEqual([...position]);
  return shared.length;
}

describe('a client in Python', () => {
  test('agrees with the test vectors', async () => {
    const lines: string[] = [];
    expect(await python(['--vectors', VECTORS], (line) => lines.push(line))).toBe(0);
    expect((JSON.parse(lines.join('')) as { checked: number }).checked).toBeGreaterThanOrEqual(39);
  });

  test.each(['json', 'msgpack'] as const)(
    'shows the same agents, positions and hash as the SDK (%s)',
    async (coding) => {
      await using gateway = await openGatewayProcess();
      await using client = connectSwarmcast({ url: gateway.url, mode: 'high_frequency', coding });
      const history = new History(client);
      await client.whenLive();
      await until('agents', () => client.state.agents.size > 0);
      const reports: Report[] = [];
      const args = [gateway.url, '--mode', 'high_frequency', '--heartbeats', '8'];
      expect(await python(args, (line) => reports.push(JSON.parse(line) as Report))).toBe(0);

      expect(reports).toHaveLength(8);
      for (const report of reports) expect(report.state_hash).toBe(report.gateway_hash);
      // Both are served at every tick, so they stop at mostly the same versions and frames.
      const comparable = reports.flatMap((report) => {
        const held = history.states.get(report.cursor);
        return held === undefined ? [] : [{ report, held }];
      });
      expect(comparable.length).toBeGreaterThan(0);
      for (const { report, held } of comparable) expectSame(report, held);
      const shared = reports.map((report) => compareSharedPositions(report, history));
      expect(Math.max(...shared)).toBeGreaterThanOrEqual(20);
      expect(client.stats).toMatchObject({ hashMismatches: 0, malformed: 0, reconnects: 0 });
    },
  );
});
