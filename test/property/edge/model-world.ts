/**
 * A world as plain maps, changed by small random steps, and what filters show of it, written down naively. Batches are
 * made by comparing the world with what it was at the last batch.
 */
import type { AgentRecord } from '../../../src/model/agent.ts';
import type { ChangeBatch, KindChanges, Patch, WorldSnapshot } from '../../../src/model/change.ts';
import { agentRef, plainRef, type Ref } from '../../../src/model/ids.ts';
import type { LinkRecord } from '../../../src/model/link.ts';
import type { MessageFlow } from '../../../src/model/message.ts';
import type { ServerRecord, ServerType } from '../../../src/model/server.ts';
import type { SwarmRecord } from '../../../src/model/swarm.ts';
import type { TaskRecord } from '../../../src/model/task.ts';
import type { Filters } from '../../../src/protocol/filters.ts';

/** One change; numbers choose among what exists, modulo. */
export type Step =
  | { do: 'server'; type: ServerType; id: string }
  | { do: 'retype-server'; pick: number; type: ServerType }
  | { do: 'remove-server'; pick: number }
  | { do: 'health'; pick: number; state: 'healthy' | 'degraded' | 'down' }
  | { do: 'swarm'; pick: number; id: string }
  | { do: 'patch-swarm'; pick: number; topology: string | undefined }
  | { do: 'compact'; pick: number }
  | { do: 'remove-swarm'; pick: number }
  | { do: 'agent'; pick: number; type: string | undefined; status: AgentRecord['status'] }
  | { do: 'patch-agent'; pick: number; field: AgentField; value: number }
  | { do: 'remove-agent'; pick: number }
  | { do: 'link'; from: number; to: number }
  | { do: 'patch-link'; pick: number; weight: number }
  | { do: 'remove-link'; pick: number }
  | { do: 'task'; pick: number; home: 'swarm' | 'server' }
  | { do: 'patch-task'; pick: number; progress: number }
  | { do: 'move-task'; pick: number; to: number }
  | { do: 'remove-task'; pick: number }
  | { do: 'message'; from: number; to: number };
export type AgentField = 'status' | 'type' | 'name' | 'performance' | 'neural' | 'stale';

interface Tables {
  servers: Map<Ref, ServerRecord>;
  swarms: Map<Ref, SwarmRecord>;
  agents: Map<Ref, AgentRecord>;
  links: Map<Ref, LinkRecord>;
  tasks: Map<Ref, TaskRecord>;
}
const STATUSES: AgentRecord['status'][] = ['idle', 'busy', 'active', 'error'];
const TYPES = ['coder', 'Researcher', 'QUEEN', undefined];

export class ModelWorld implements Tables {
  servers = new Map<Ref, ServerRecord>();
  swarms = new Map<Ref, SwarmRecord>();
  agents = new Map<Ref, AgentRecord>();
  links = new Map<Ref, LinkRecord>();
  tasks = new Map<Ref, TaskRecord>();
  membership = new Map<Ref, number>();
  epoch = 'epoch-1';
  version = 1;
  #flow: MessageFlow[] = [];
  #before: Tables = { servers: new Map(), swarms: new Map(), agents: new Map(), links: new Map(), tasks: new Map() };
  #dealt = 0;
  #slots = new Map<Ref, number>();
  #joined = new Set<Ref>();

  readonly #steps: { [D in Step['do']]: (step: Extract<Step, { do: D }>) => void } = {
    server: ({ type, id }) => this.#addServer(type, id),
    'retype-server': ({ pick, type }) => this.#retype(pickOf(this.servers, pick), type),
    'remove-server': ({ pick }) => this.#removeServer(pickOf(this.servers, pick)),
    health: ({ pick, state }) =>
      this.#patch(this.servers, pickOf(this.servers, pick), {
        health: { state, reason: state, since_ms: this.version, evidence: NO_EVIDENCE },
      }),
    swarm: ({ pick, id }) => this.#addSwarm(pickOf(this.servers, pick), id),
    'patch-swarm': ({ pick, topology }) => this.#patch(this.swarms, pickOf(this.swarms, pick), { topology }),
    compact: ({ pick }) => this.#compact(pickOf(this.swarms, pick)),
    'remove-swarm': ({ pick }) => this.#removeSwarm(pickOf(this.swarms, pick)),
    agent: ({ pick, type, status }) => this.#addAgent(pickOf(this.swarms, pick), type, status),
    'patch-agent': ({ pick, field, value }) =>
      this.#patch(this.agents, pickOf(this.agents, pick), agentPatch(field, value)),
    'remove-agent': ({ pick }) => this.#removeAgent(pickOf(this.agents, pick)),
    link: ({ from, to }) => this.#addLink(pickOf(this.agents, from), pickOf(this.agents, to)),
    'patch-link': ({ pick, weight }) =>
      this.#patch(this.links, pickOf(this.links, pick), { weight, at_ms: this.version }),
    'remove-link': ({ pick }) => void this.links.delete(pickOf(this.links, pick)?.ref ?? -1),
    task: ({ pick, home }) => this.#addTask(pick, home),
    'patch-task': ({ pick, progress }) => this.#patch(this.tasks, pickOf(this.tasks, pick), { progress }),
    'move-task': ({ pick, to }) => this.#moveTask(pickOf(this.tasks, pick), to),
    'remove-task': ({ pick }) => void this.tasks.delete(pickOf(this.tasks, pick)?.ref ?? -1),
    message: ({ from, to }) => this.#message(pickOf(this.agents, from), pickOf(this.agents, to)),
  };

  apply(step: Step): void {
    (this.#steps[step.do] as (step: Step) => void)(step);
  }

  /** What changed since the last batch. Always a new version. */
  batch(): ChangeBatch {
    this.version++;
    const batch: ChangeBatch = { epoch: this.epoch, version: this.version, time_ms: 1_000 + this.version };
    const kinds = {
      servers: difference(this.#before.servers, this.servers),
      swarms: difference(this.#before.swarms, this.swarms),
      agents: difference(this.#before.agents, this.agents),
      links: difference(this.#before.links, this.links),
      tasks: difference(this.#before.tasks, this.tasks),
    };
    for (const [kind, changes] of Object.entries(kinds))
      if (changes !== undefined) Object.assign(batch, { [kind]: changes });
    if (this.#flow.length > 0) batch.flow = this.#flow;
    if (this.#joined.size > 0) {
      batch.membership = [...this.#joined]
        .filter((ref) => this.swarms.has(ref))
        .map((ref) => [ref, this.membership.get(ref) ?? 0]);
    }
    this.#remember();
    return structuredClone(batch);
  }

  snapshot(): WorldSnapshot {
    this.#remember();
    return structuredClone({
      epoch: this.epoch,
      version: this.version,
      time_ms: 1_000 + this.version,
      servers: [...this.servers.values()],
      swarms: [...this.swarms.values()],
      agents: [...this.agents.values()],
      links: [...this.links.values()],
      tasks: [...this.tasks.values()],
      membership: [...this.swarms.keys()].map((ref): [Ref, number] => [ref, this.membership.get(ref) ?? 0]),
    });
  }

  #remember(): void {
    this.#before = {
      servers: new Map(this.servers),
      swarms: new Map(this.swarms),
      agents: new Map(this.agents),
      links: new Map(this.links),
      tasks: new Map(this.tasks),
    };
    this.#flow = [];
    this.#joined.clear();
  }

  #deal(): number {
    return ++this.#dealt;
  }

  #patch<R extends { ref: Ref }>(table: Map<Ref, R>, record: R | undefined, change: Partial<R>): void {
    if (record === undefined) return;
    const next = { ...record, ...change };
    for (const [name, value] of Object.entries(next)) if (value === undefined) delete next[name as keyof R];
    table.set(record.ref, next);
  }

  #addServer(type: ServerType, id: string): void {
    if ([...this.servers.values()].some((server) => server.id === id)) return;
    const ref = plainRef(0, this.#deal());
    this.servers.set(ref, {
      ref,
      id,
      type,
      simulated: true,
      transport: 'tcp',
      endpoint: `tcp://127.0.0.1:${ref}`,
      health: { state: 'unknown', reason: 'never asked', since_ms: 0, evidence: NO_EVIDENCE },
    });
  }

  #retype(server: ServerRecord | undefined, type: ServerType): void {
    if (server === undefined) return;
    this.#patch(this.servers, server, { type });
    for (const swarm of this.swarms.values()) {
      if (swarm.server_id === server.id) this.#patch(this.swarms, swarm, { server_type: type });
    }
  }

  #removeServer(server: ServerRecord | undefined): void {
    if (server === undefined) return;
    for (const swarm of this.swarms.values()) if (swarm.server_id === server.id) this.#removeSwarm(swarm);
    for (const task of this.tasks.values()) if (task.server_id === server.id) this.tasks.delete(task.ref);
    this.servers.delete(server.ref);
  }

  #addSwarm(server: ServerRecord | undefined, id: string): void {
    const key = `${server?.id}/${id}`;
    if (server === undefined || [...this.swarms.values()].some((swarm) => swarm.key === key)) return;
    const ref = plainRef(0, this.#deal());
    this.swarms.set(ref, { ref, key, id, server_id: server.id, server_type: server.type, slots_rev: 0 });
  }

  #removeSwarm(swarm: SwarmRecord | undefined): void {
    if (swarm === undefined) return;
    for (const agent of this.agents.values()) if (agent.swarm === swarm.ref) this.#removeAgent(agent);
    for (const task of this.tasks.values()) if (task.swarm === swarm.ref) this.tasks.delete(task.ref);
    this.swarms.delete(swarm.ref);
  }

  // Deals slots anew, without gaps.
  #compact(swarm: SwarmRecord | undefined): void {
    if (swarm === undefined) return;
    let slot = 0;
    for (const agent of this.agents.values()) {
      if (agent.swarm === swarm.ref) this.#patch(this.agents, agent, { slot: slot++ });
    }
    this.#slots.set(swarm.ref, slot);
    this.#patch(this.swarms, swarm, { slots_rev: (swarm.slots_rev + 1) % 65_536 });
  }

  #addAgent(swarm: SwarmRecord | undefined, type: string | undefined, status: AgentRecord['status']): void {
    if (swarm === undefined) return;
    const n = this.#deal();
    const ref = agentRef(0, n);
    const slot = this.#slots.get(swarm.ref) ?? 0;
    this.#slots.set(swarm.ref, slot + 1);
    this.#countMember(swarm.ref);
    this.agents.set(ref, {
      ref,
      key: `${swarm.key}/a${n}`,
      id: `a${n}`,
      swarm: swarm.ref,
      server_id: swarm.server_id,
      server_type: swarm.server_type,
      ...(type === undefined ? {} : { type }),
      status,
      slot,
      performance: { cpu_usage: n / 1_000 },
    });
  }

  #removeAgent(agent: AgentRecord | undefined): void {
    if (agent === undefined) return;
    for (const link of this.links.values()) {
      if (link.from === agent.ref || link.to === agent.ref) this.links.delete(link.ref);
    }
    this.agents.delete(agent.ref);
    this.#countMember(agent.swarm);
  }

  #countMember(swarm: Ref): void {
    this.membership.set(swarm, (this.membership.get(swarm) ?? 0) + 1);
    this.#joined.add(swarm);
  }

  #addLink(from: AgentRecord | undefined, to: AgentRecord | undefined): void {
    if (from === undefined || to === undefined || from === to || from.server_id !== to.server_id) return;
    const ref = plainRef(0, this.#deal());
    this.links.set(ref, {
      ref,
      swarm: from.swarm,
      from: from.ref,
      to: to.ref,
      kind: 'communication',
      source: 'reported',
      weight: 1,
      at_ms: 1,
      half_life_ms: 1_000,
    });
  }

  #addTask(pick: number, home: 'swarm' | 'server'): void {
    const swarm = home === 'swarm' ? pickOf(this.swarms, pick) : undefined;
    const server = home === 'server' ? pickOf(this.servers, pick)?.id : swarm?.server_id;
    if (server === undefined) return;
    const ref = plainRef(0, this.#deal());
    this.tasks.set(ref, {
      ref,
      id: `t${ref}`,
      server_id: server,
      ...(swarm === undefined ? {} : { swarm: swarm.ref }),
      status: 'pending',
    });
  }

  #moveTask(task: TaskRecord | undefined, to: number): void {
    if (task === undefined) return;
    const homes = [...this.swarms.values()].filter((swarm) => swarm.server_id === task.server_id);
    const swarm = homes[to % (homes.length + 1)];
    this.#patch(this.tasks, task, { swarm: swarm?.ref });
  }

  #message(from: AgentRecord | undefined, to: AgentRecord | undefined): void {
    if (from === undefined || to === undefined) return;
    this.#flow.push({
      swarm: from.swarm,
      from: from.ref,
      to: to.ref,
      message_type: 'coordination',
      at_ms: this.#deal(),
    });
  }
}

const NO_EVIDENCE = { consecutive_failures: 0, consecutive_successes: 0 };

function pickOf<T>(table: Map<Ref, T>, pick: number): T | undefined {
  return [...table.values()][pick % Math.max(1, table.size)];
}

function agentPatch(field: AgentField, value: number): Partial<AgentRecord> {
  switch (field) {
    case 'status':
      return { status: STATUSES[value % STATUSES.length] ?? 'idle' };
    case 'type':
      return { type: TYPES[value % TYPES.length] };
    case 'name':
      return { name: value % 5 === 0 ? undefined : `name é ${value}` };
    case 'performance':
      return { performance: value % 5 === 0 ? undefined : { cpu_usage: value / 7, memory_mb: value } };
    case 'neural':
      return { neural: value % 5 === 0 ? undefined : { cognitive_pattern: `p${value}` } };
    case 'stale':
      return value % 2 === 0 ? { stale: undefined, stale_since_ms: undefined } : { stale: true, stale_since_ms: value };
    default:
      return field satisfies never;
  }
}

function difference<R extends { ref: Ref }>(before: Map<Ref, R>, now: Map<Ref, R>): KindChanges<R> | undefined {
  const added = [...now.values()].filter((record) => !before.has(record.ref));
  const removed = [...before.keys()].filter((ref) => !now.has(ref));
  const updated: Patch<R>[] = [];
  for (const record of now.values()) {
    const old = before.get(record.ref);
    if (old === undefined || old === record) continue;
    const patch: Record<string, unknown> = {};
    for (const name of new Set([...Object.keys(old), ...Object.keys(record)])) {
      const value = record[name as keyof R];
      if (JSON.stringify(value) !== JSON.stringify(old[name as keyof R])) patch[name] = value ?? null;
    }
    if (Object.keys(patch).length > 0) updated.push({ ref: record.ref, ...patch } as Patch<R>);
  }
  if (added.length + removed.length + updated.length === 0) return undefined;
  return {
    ...(added.length > 0 ? { added } : {}),
    ...(updated.length > 0 ? { updated } : {}),
    ...(removed.length > 0 ? { removed } : {}),
  };
}

function allows(list: readonly string[], ...values: (string | undefined)[]): boolean {
  return list.length === 0 || values.some((value) => value !== undefined && list.includes(value));
}

function keep<R extends { ref: Ref }>(table: Map<Ref, R>, test: (record: R) => boolean): Map<Ref, R> {
  return new Map([...table].filter(([, record]) => test(record)));
}

/** What `filters` show of the world: protocol.md, Filters, said naively. */
export function shownOf(world: ModelWorld, filters: Filters): Tables {
  const servers = keep(
    world.servers,
    (server) => allows(filters.server_types, server.type) && allows(filters.server_ids, server.id),
  );
  const swarms = keep(
    world.swarms,
    (swarm) =>
      allows(filters.server_types, swarm.server_type) &&
      allows(filters.server_ids, swarm.server_id) &&
      allows(filters.swarm_ids, swarm.key, swarm.id),
  );
  const types = filters.agent_types.map((type) => type.toLowerCase());
  const agents = keep(
    world.agents,
    (agent) =>
      swarms.has(agent.swarm) && allows(types, agent.type?.toLowerCase()) && allows(filters.statuses, agent.status),
  );
  for (const [ref, agent] of agents) {
    const visible = { ...agent };
    if (!filters.include_performance) delete visible.performance;
    if (!filters.include_neural) delete visible.neural;
    agents.set(ref, visible);
  }
  const links = keep(world.links, (link) => filters.include_topology && agents.has(link.from) && agents.has(link.to));
  const serverIds = new Set([...servers.values()].map((server) => server.id));
  const tasks = keep(world.tasks, (task) =>
    task.swarm === undefined ? serverIds.has(task.server_id) : swarms.has(task.swarm),
  );
  return { servers, swarms, agents, links, tasks };
}
