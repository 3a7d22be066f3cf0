import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { ChangeBatch, KindChanges, WorldSnapshot } from '../../../../src/model/change.ts';
import type { AgentFacts, Nullable, Observation, SwarmFacts, TaskFacts } from '../../../../src/model/observation.ts';
import type { WorldConfig } from '../../../../src/platform/config/schema.ts';
import { World, type WorldOptions } from '../../../../src/hub/world/world.ts';

export const START_MS = 1_700_000_000_000;

const CONFIG: WorldConfig = {
  stale_after_ms: 10_000,
  remove_after_ms: 60_000,
  communication_half_life_ms: 30_000,
  communication_floor: 0.05,
  max_agents: 1_000,
  max_links: 4_000,
  max_tasks: 100,
  message_history: 50,
  flush_interval_ms: 16,
};

/** A world whose time the test owns, with short words for what tests do most. */
export class WorldHarness {
  nowMs = START_MS;
  dirtyCalls = 0;
  readonly world: World;

  constructor(config: Partial<WorldConfig> = {}, options: Partial<WorldOptions> = {}) {
    this.world = new World({
      config: { ...CONFIG, ...config },
      clock: { now: () => this.nowMs, monotonic: () => this.nowMs - START_MS },
      epoch: 'e1',
      onDirty: () => this.dirtyCalls++,
      ...options,
    });
  }

  server(id = 's'): this {
    this.world.addServer({
      id,
      type: 'ruv-swarm',
      simulated: false,
      transport: 'tcp',
      endpoint: `tcp://127.0.0.1:9500/${id}`,
    });
    return this;
  }

  observe(...observations: Observation[]): this {
    return this.observeOn('s', ...observations);
  }

  observeOn(server: string, ...observations: Observation[]): this {
    this.world.observe({ server_id: server, at_ms: this.nowMs, observations });
    return this;
  }

  swarm(swarm: string, facts: Nullable<SwarmFacts> = {}): this {
    return this.observe({ kind: 'swarm', swarm, facts });
  }

  agent(path: string, facts: Nullable<AgentFacts> = {}): this {
    return this.observe(agentSeen(path, facts));
  }

  task(task: string, facts: Nullable<TaskFacts> = {}): this {
    return this.observe({ kind: 'task', task, facts });
  }

  message(from: string, to: string, messageType = 'coordination', atMs?: number): this {
    return this.observe({
      kind: 'message',
      swarm: undefined,
      from,
      to,
      message_type: messageType,
      ...(atMs !== undefined && { at_ms: atMs }),
    });
  }

  /** Lets time pass, then sweeps. */
  pass(ms: number): this {
    this.nowMs += ms;
    this.world.sweep(this.nowMs);
    return this;
  }

  flush(): ChangeBatch | undefined {
    return this.world.flush(this.nowMs);
  }

  /** Flushes and returns what everybody was told so far. */
  settled(): WorldSnapshot {
    this.flush();
    return this.world.snapshot();
  }

  /** The agent as published, by `swarm/agent` on server `s` or by full key. */
  agentNow(path: string): AgentRecord | undefined {
    return this.settled().agents.find(({ key }) => key === path || key === `s/${path}`);
  }

  keys(): string[] {
    return this.settled()
      .agents.map(({ key }) => key)
      .toSorted();
  }
}

/** `swarm/agent`, or `agent` where the server named no swarm. */
export function agentSeen(path: string, facts: Nullable<AgentFacts> = {}): Observation {
  const [first = '', second] = path.split('/');
  return second === undefined
    ? { kind: 'agent', swarm: undefined, agent: first, facts }
    : { kind: 'agent', swarm: first, agent: second, facts };
}

type Counts = Partial<Record<'added' | 'updated' | 'removed', number>>;

/** How many records of a kind a batch adds, updates and removes. */
export function counts(changes: KindChanges<{ ref: number }> | undefined): Counts {
  return Object.fromEntries(Object.entries(changes ?? {}).map(([name, items]) => [name, (items as unknown[]).length]));
}
