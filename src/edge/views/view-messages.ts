/** Server messages of one view: a delta, a snapshot, a discovery or health, uncoded, in the order of TICK_ORDER. */
import type { AgentRecord } from '../../model/agent.ts';
import { degradationLevel, type DegradationLevel } from '../../model/health.ts';
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { ServerMessage, ServerMessageType, ServerPayloads } from '../../protocol/server-messages.ts';
import type { ServerEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import type { Delta } from './delta.ts';
import type { MessageSource } from './encoded-messages.ts';
import type { ShownSet } from './shown-set.ts';
import { visibleAgent } from './visible-agent.ts';

/** Collects messages of one moment. The last one carries the cursor, when asked for. */
class MessageList {
  readonly #makers: ((cursor: string | undefined) => ServerMessage)[] = [];
  readonly #timestamp: number;
  readonly #entitiesPerMessage: number;

  constructor(timestamp: number, entitiesPerMessage: number) {
    this.#timestamp = timestamp;
    this.#entitiesPerMessage = entitiesPerMessage;
  }

  /** `make` is called when the message is encoded, which may be ticks later. */
  add<T extends ServerMessageType>(type: T, make: () => ServerPayloads[T]): void {
    const timestamp = this.#timestamp;
    // Keys in the order in which PROTOCOL.md names them.
    this.#makers.push((cursor) =>
      cursor === undefined
        ? ({ type, timestamp, payload: make() } as ServerMessage)
        : ({ type, timestamp, cursor, payload: make() } as ServerMessage),
    );
  }

  /**
   * Cuts lists, taken one after the other, into groups of at most as many items altogether as a message may carry.
   * Lists that fit are handed on as they are; nothing is emitted for empty ones.
   */
  chunked<T extends readonly (readonly unknown[])[]>(lists: readonly [...T], emit: (lists: T) => void): void {
    let total = 0;
    for (const list of lists) total += list.length;
    if (total === 0) return;
    if (total <= this.#entitiesPerMessage) {
      emit(lists as unknown as T);
      return;
    }
    for (let start = 0; start < total; start += this.#entitiesPerMessage) {
      let before = 0;
      const group = lists.map((list) => {
        const from = Math.max(0, start - before);
        const to = Math.max(0, start + this.#entitiesPerMessage - before);
        before += list.length;
        return list.slice(from, to);
      });
      emit(group as unknown as T);
    }
  }

  /** Only the last message takes the cursor: a client that saw a part then still asks from where it stood. */
  close(cursor?: string): MessageSource[] {
    const last = this.#makers.length - 1;
    return this.#makers.map((make, i) => () => make(i === last ? cursor : undefined));
  }
}

/** The whole `discovery`. The degradation level is that of the servers that the view shows. */
export function discoveryMessage(replica: Replica, shown: ShownSet): ServerMessage {
  return { type: 'discovery', timestamp: replica.timeMs, payload: fullDiscovery(shown) };
}

function fullDiscovery(shown: ShownSet): ServerPayloads['discovery'] {
  return {
    full: true,
    servers: [...shown.servers.keys()].map(({ record }) => shown.filter.visibility.ofServer(record)),
    swarms: [...shown.swarms.keys()].map((swarm) => swarm.record),
    removed_servers: [],
    removed_swarms: [],
    degradation_level: shownDegradation(shown),
  };
}

export function shownDegradation(shown: ShownSet): DegradationLevel {
  return degradationLevel([...shown.servers.keys()].map((server) => server.record.health.state));
}

/** The messages of one delta, the last with the cursor. Empty when the delta is. */
export function deltaMessages(
  replica: Replica,
  shown: ShownSet,
  delta: Delta,
  how: { cursor: string; entitiesPerMessage: number },
): MessageSource[] {
  const list = new MessageList(replica.timeMs, how.entitiesPerMessage);
  addDiscovery(list, shown, delta);
  addAgentUpdates(list, shown, delta);
  addTopologyUpdates(list, replica, delta);
  list.chunked(
    [delta.tasks.map(({ record }) => shown.filter.visibility.ofTask(record)), delta.removedTasks],
    ([tasks, removed]) => list.add('task_update', () => ({ tasks, removed })),
  );
  list.chunked([delta.performance], ([agents]) => list.add('performance_update', () => ({ agents })));
  list.chunked([delta.neural], ([agents]) => list.add('neural_update', () => ({ agents })));
  const { flow, flowDropped, swarmEvents, swarmEventsDropped } = delta;
  if (flow.length > 0) list.add('message_flow', () => ({ messages: flow, dropped: flowDropped }));
  if (swarmEvents.length > 0) list.add('swarm_event', () => ({ events: swarmEvents, dropped: swarmEventsDropped }));
  return list.close(how.cursor);
}

function addDiscovery(list: MessageList, shown: ShownSet, delta: Delta): void {
  if (delta.fullDiscovery) {
    const discovery = fullDiscovery(shown);
    list.add('discovery', () => discovery);
    return;
  }
  const { servers, swarms, removedServers, removedSwarms } = delta;
  if (servers.length + swarms.length + removedServers.length + removedSwarms.length === 0) return;
  const discovery = {
    full: false,
    servers: servers.map(({ record }) => shown.filter.visibility.ofServer(record)),
    swarms: swarms.map((swarm) => swarm.record),
    removed_servers: removedServers,
    removed_swarms: removedSwarms,
    degradation_level: shownDegradation(shown),
  };
  list.add('discovery', () => discovery);
}

function addAgentUpdates(list: MessageList, shown: ShownSet, delta: Delta): void {
  const { filter } = shown;
  // Records are replaced, never changed in place: those of now are kept, and cut to what the view shows when encoded.
  const records = delta.added.map(({ record }) => record);
  list.chunked([records, delta.updated, delta.removed], ([added, updated, removed]) =>
    list.add('agent_update', () => ({
      added: added.map((record) => visibleAgent(record, filter)),
      updated,
      removed,
    })),
  );
}

function addTopologyUpdates(list: MessageList, replica: Replica, delta: Delta): void {
  if (delta.linked.length + delta.unlinked.length === 0) return;
  const swarms = new Map<Ref, { linked: LinkRecord[]; unlinked: Ref[] }>();
  const changesOf = (swarm: Ref): { linked: LinkRecord[]; unlinked: Ref[] } => {
    let changes = swarms.get(swarm);
    if (changes === undefined) swarms.set(swarm, (changes = { linked: [], unlinked: [] }));
    return changes;
  };
  for (const link of delta.linked) changesOf(link.swarm).linked.push(link.record);
  for (const link of delta.unlinked) changesOf(link.swarm).unlinked.push(link.ref);
  for (const [swarm, changes] of swarms) {
    const topology = replica.swarms.get(swarm)?.record.topology;
    list.chunked([changes.linked, changes.unlinked], ([linked, unlinked]) =>
      list.add('topology_update', () => ({ swarm, linked, unlinked, ...(topology === undefined ? {} : { topology }) })),
    );
  }
}

/** Everything: the whole discovery, then agents, links and tasks in parts. The last part carries the cursor. */
export function snapshotMessages(
  replica: Replica,
  shown: ShownSet,
  how: { id: number; cursor: string; entitiesPerMessage: number },
): MessageSource[] {
  const list = new MessageList(replica.timeMs, how.entitiesPerMessage);
  const discovery = fullDiscovery(shown);
  list.add('discovery', () => discovery);
  const { filter } = shown;
  const agents: AgentRecord[] = [];
  for (const swarm of shown.swarms.values()) for (const agent of swarm.agents.keys()) agents.push(agent.record);
  const links: LinkRecord[] = [];
  for (const link of shown.links.keys()) links.push(link.record);
  const tasks: TaskRecord[] = [];
  for (const task of shown.tasks.keys()) tasks.push(filter.visibility.ofTask(task.record));

  const total = agents.length + links.length + tasks.length;
  // An empty view is told so.
  const parts = Math.max(1, Math.ceil(total / how.entitiesPerMessage));
  let part = 0;
  const add = ([someAgents, someLinks, someTasks]: [AgentRecord[], LinkRecord[], TaskRecord[]]): void => {
    const head = { snapshot_id: how.id, part, last: part === parts - 1 };
    part++;
    list.add('snapshot', () => ({
      ...head,
      agents: someAgents.map((record) => visibleAgent(record, filter)),
      links: someLinks,
      tasks: someTasks,
    }));
  };
  if (total === 0) add([[], [], []]);
  list.chunked([agents, links, tasks], add);
  return list.close(how.cursor);
}

/** Shown servers whose health changed after `version`, the newest change first. */
export function healthChangedSince(replica: Replica, shown: ShownSet, version: number): ServerEntity[] {
  const changed: ServerEntity[] = [];
  for (let server = replica.servers.newest; server !== undefined && server.version > version; server = server.older) {
    if (shown.servers.has(server) && server.fieldVersion('health') > version) changed.push(server);
  }
  return changed;
}

export function healthMessage(
  replica: Replica,
  shown: ShownSet,
  server: ServerEntity,
  level: DegradationLevel,
): ServerMessage {
  const { state, reason, since_ms, evidence } = shown.filter.visibility.ofHealth(server.record.health);
  return {
    type: 'health_update',
    timestamp: replica.timeMs,
    payload: {
      server: server.ref,
      server_id: server.record.id,
      state,
      reason,
      since_ms,
      evidence,
      degradation_level: level,
    },
  };
}
