/** The world as operations need it: who is where, by the ids that people use. Made for one operation, then dropped. */
import type { AgentRecord } from '../../model/agent.ts';
import type { WorldSnapshot } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import { ControlError } from './control-error.ts';

/** Names in an error message. */
const MAX_NAMED = 12;

/** Where an operation is to take place. */
export interface Place {
  server_id?: string | undefined;
  swarm_id?: string | undefined;
}

export class WorldIndex {
  readonly snapshot: WorldSnapshot;
  readonly #swarms = new Map<Ref, SwarmRecord>();

  constructor(snapshot: WorldSnapshot) {
    this.snapshot = snapshot;
    for (const swarm of snapshot.swarms) this.#swarms.set(swarm.ref, swarm);
  }

  get servers(): readonly ServerRecord[] {
    return this.snapshot.servers;
  }

  swarmOf({ swarm }: Pick<AgentRecord, 'swarm'>): SwarmRecord | undefined {
    return this.#swarms.get(swarm);
  }

  /** @throws {@link ControlError} no_such_server */
  server(id: string): ServerRecord {
    const server = this.servers.find((one) => one.id === id);
    if (server !== undefined) return server;
    throw new ControlError(
      'no_such_server',
      `there is no server ${quote(id)}; ${known(this.servers.map((s) => s.id))}`,
    );
  }

  /** Oldest first. */
  swarmsOf(serverId: string): SwarmRecord[] {
    return this.snapshot.swarms
      .filter((swarm) => swarm.server_id === serverId)
      .toSorted((a, b) => (a.created_at_ms ?? 0) - (b.created_at_ms ?? 0) || a.ref - b.ref);
  }

  /**
   * The swarm of that id or key, on that server or on any.
   * @throws {@link ControlError} no_such_swarm, or ambiguous where servers have one of the same id
   */
  swarm(name: string, serverId: string | undefined): SwarmRecord {
    const here = this.snapshot.swarms.filter((swarm) => serverId === undefined || swarm.server_id === serverId);
    const found = here.filter((swarm) => swarm.id === name || swarm.key === name);
    return this.#only(found, here, { what: 'swarm', name, code: 'no_such_swarm' });
  }

  /** As {@link swarm}, for an agent; undefined where none of that name is known. @throws {@link ControlError} ambiguous */
  findAgent(name: string, { server_id, swarm_id }: Place): AgentRecord | undefined {
    const found = this.snapshot.agents.filter(
      (agent) =>
        (agent.id === name || agent.key === name) &&
        (server_id === undefined || agent.server_id === server_id) &&
        (swarm_id === undefined || this.swarmOf(agent)?.id === swarm_id),
    );
    if (found.length > 1) throw ambiguous('agent', name, found);
    return found[0];
  }

  findTask(id: string, serverId: string | undefined): TaskRecord | undefined {
    const found = this.snapshot.tasks.filter(
      (task) => task.id === id && (serverId === undefined || task.server_id === serverId),
    );
    if (found.length > 1)
      throw ambiguous(
        'task',
        id,
        found.map(({ server_id }) => ({ key: server_id })),
      );
    return found[0];
  }

  /** Ids of the agents of a swarm, those of longest standing first. */
  members(swarm: SwarmRecord): string[] {
    return this.snapshot.agents
      .filter((agent) => agent.swarm === swarm.ref && agent.stale !== true)
      .map(({ id }) => id);
  }

  #only<T extends { key: string }>(
    found: readonly T[],
    all: readonly T[],
    { what, name, code }: { what: string; name: string; code: 'no_such_swarm' },
  ): T {
    const [first] = found;
    if (first === undefined)
      throw new ControlError(code, `there is no ${what} ${quote(name)}; ${known(all.map(({ key }) => key))}`);
    if (found.length > 1) throw ambiguous(what, name, found);
    return first;
  }
}

/** What is there, shortened. */
export function known(names: readonly string[]): string {
  if (names.length === 0) return 'there is none';
  const more = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : '';
  return `known: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
}

function ambiguous(what: string, name: string, found: readonly { key: string }[]): ControlError {
  const keys = found.map(({ key }) => key);
  return new ControlError('ambiguous', `several are meant by ${what} ${quote(name)}: name one; ${known(keys)}`);
}

export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
