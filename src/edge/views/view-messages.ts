/** Server messages of one view: a delta, a snapshot, a discovery or health, uncoded, in the order of TICK_ORDER. */
import type { AgentRecord } from '../../model/agent.ts';
import { degradationLevel, type DegradationLevel } from '../../model/health.ts';
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { ServerMessage, ServerMessageType, ServerPayloads } from '../../protocol/server-messages.ts';
import type { Replica } from '../replica/replica.ts';
import type { Delta } from './delta.ts';
import type { ShownSet } from './shown-set.ts';
import { visibleAgent } from './visible-agent.ts';

/** Entities that one message carries; more are split over several. */
const MAX_ENTITIES_PER_MESSAGE = 2_000;

type Payloads = { [T in ServerMessageType]: { type: T; payload: ServerPayloads[T] } }[ServerMessageType];

/** Collects messages of one moment. The last one carries the cursor, when asked for. */
class MessageList {
  readonly messages: ServerMessage[] = [];
  readonly #timestamp: number;

  constructor(timestamp: number) {
    this.#timestamp = timestamp;
  }

  add<T extends ServerMessageType>(type: T, payload: ServerPayloads[T]): void {
    const message: Payloads = { type, payload } as Payloads;
    this.messages.push({ type: message.type, timestamp: this.#timestamp, payload: message.payload } as ServerMessage);
  }

  /** Only the last message takes the cursor: a client that saw a part then still asks from where it stood. */
  close(cursor: string): ServerMessage[] {
    const last = this.messages.pop();
    if (last !== undefined) {
      this.messages.push({
        type: last.type,
        timestamp: last.timestamp,
        cursor,
        payload: last.payload,
      } as ServerMessage);
    }
    return this.messages;
  }
}

/** The whole `discovery`. The degradation level is that of the servers that the view shows. */
export function discoveryMessage(replica: Replica, shown: ShownSet): ServerMessage {
  return { type: 'discovery', timestamp: replica.timeMs, payload: fullDiscovery(shown) };
}

function fullDiscovery(shown: ShownSet): ServerPayloads['discovery'] {
  return {
    full: true,
    servers: [...shown.servers.keys()].map((server) => server.record),
    swarms: [...shown.swarms.keys()].map((swarm) => swarm.record),
    removed_servers: [],
    removed_swarms: [],
    degradation_level: shownDegradation(shown),
  };
}

function shownDegradation(shown: ShownSet): DegradationLevel {
  return degradationLevel([...shown.servers.keys()].map((server) => server.record.health.state));
}

/** The messages of one delta, the last with the cursor. Empty when the delta is. */
export function deltaMessages(replica: Replica, shown: ShownSet, delta: Delta, cursor: string): ServerMessage[] {
  const list = new MessageList(replica.timeMs);
  addDiscovery(list, shown, delta);
  addAgentUpdates(list, shown, delta);
  addTopologyUpdates(list, replica, delta);
  chunked([delta.tasks, delta.removedTasks], ([tasks, removed]) =>
    list.add('task_update', { tasks: tasks.map((task) => task.record), removed }),
  );
  chunked([delta.performance], ([agents]) => list.add('performance_update', { agents }));
  chunked([delta.neural], ([agents]) => list.add('neural_update', { agents }));
  if (delta.flow.length > 0) list.add('message_flow', { messages: delta.flow, dropped: delta.flowDropped });
  return list.close(cursor);
}

function addDiscovery(list: MessageList, shown: ShownSet, delta: Delta): void {
  if (delta.fullDiscovery) {
    list.add('discovery', fullDiscovery(shown));
    return;
  }
  const { servers, swarms, removedServers, removedSwarms } = delta;
  if (servers.length + swarms.length + removedServers.length + removedSwarms.length === 0) return;
  list.add('discovery', {
    full: false,
    servers: servers.map((server) => server.record),
    swarms: swarms.map((swarm) => swarm.record),
    removed_servers: removedServers,
    removed_swarms: removedSwarms,
    degradation_level: shownDegradation(shown),
  });
}

function addAgentUpdates(list: MessageList, shown: ShownSet, delta: Delta): void {
  const { fields } = shown.filter;
  chunked([delta.added, delta.updated, delta.removed], ([added, updated, removed]) =>
    list.add('agent_update', {
      added: added.map((agent) => visibleAgent(agent.record, fields)),
      updated,
      removed,
    }),
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
    chunked([changes.linked, changes.unlinked], ([linked, unlinked]) =>
      list.add('topology_update', { swarm, linked, unlinked, ...(topology === undefined ? {} : { topology }) }),
    );
  }
}

/** Everything: the whole discovery, then agents, links and tasks in parts. The last part carries the cursor. */
export function snapshotMessages(
  replica: Replica,
  shown: ShownSet,
  snapshot: { id: number; cursor: string },
): ServerMessage[] {
  const list = new MessageList(replica.timeMs);
  list.add('discovery', fullDiscovery(shown));
  const { fields } = shown.filter;
  const agents: AgentRecord[] = [];
  for (const swarm of shown.swarms.values()) {
    for (const agent of swarm.agents.keys()) agents.push(visibleAgent(agent.record, fields));
  }
  const links: LinkRecord[] = [...shown.links.keys()].map((link) => link.record);
  const tasks: TaskRecord[] = [...shown.tasks.keys()].map((task) => task.record);
  const parts: ServerPayloads['snapshot'][] = [];
  chunked([agents, links, tasks], ([someAgents, someLinks, someTasks]) =>
    parts.push({
      snapshot_id: snapshot.id,
      part: parts.length,
      last: false,
      agents: someAgents,
      links: someLinks,
      tasks: someTasks,
    }),
  );
  // An empty view is told so.
  const last = parts.at(-1) ?? { snapshot_id: snapshot.id, part: 0, last: true, agents: [], links: [], tasks: [] };
  last.last = true;
  for (const part of parts.length === 0 ? [last] : parts) list.add('snapshot', part);
  return list.close(snapshot.cursor);
}

/** `health_update`s of shown servers whose health changed after `version`. */
export function healthMessages(replica: Replica, shown: ShownSet, version: number): ServerMessage[] {
  const list = new MessageList(replica.timeMs);
  for (let server = replica.servers.newest; server !== undefined && server.version > version; server = server.older) {
    if (!shown.servers.has(server) || server.fieldVersion('health') <= version) continue;
    const { id, health } = server.record;
    list.add('health_update', {
      server: server.ref,
      server_id: id,
      state: health.state,
      reason: health.reason,
      since_ms: health.since_ms,
      evidence: health.evidence,
      degradation_level: shownDegradation(shown),
    });
  }
  return list.messages;
}

/**
 * Cuts lists, taken one after the other, into groups of at most {@link MAX_ENTITIES_PER_MESSAGE} items altogether.
 * Lists that fit are handed on as they are; nothing is emitted for empty ones.
 */
function chunked<T extends readonly (readonly unknown[])[]>(lists: readonly [...T], emit: (lists: T) => void): void {
  let total = 0;
  for (const list of lists) total += list.length;
  if (total === 0) return;
  if (total <= MAX_ENTITIES_PER_MESSAGE) {
    emit(lists as unknown as T);
    return;
  }
  for (let start = 0; start < total; start += MAX_ENTITIES_PER_MESSAGE) {
    let before = 0;
    const group = lists.map((list) => {
      const from = Math.max(0, start - before);
      const to = Math.max(0, start + MAX_ENTITIES_PER_MESSAGE - before);
      before += list.length;
      return list.slice(from, to);
    });
    emit(group as unknown as T);
  }
}
