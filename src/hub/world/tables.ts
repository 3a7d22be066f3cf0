/** The five tables of records, and how fields that depend on other entities are brought up to date. */
import type { EntityKind } from '../../model/change.ts';
import type { AgentRecord } from '../../model/agent.ts';
import { agentRef, plainRef } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { AgentEntry, LinkEntry, ServerEntry, SwarmEntry, TaskEntry } from './entries.ts';
import { type FieldTable, RecordTable } from './record-table.ts';
import { sameValue } from './same-value.ts';
import { agentVisual } from './visual.ts';

const SERVER_FIELDS: FieldTable<ServerRecord> = {
  id: 'fixed',
  type: 'changes',
  simulated: 'changes',
  transport: 'changes',
  endpoint: 'changes',
  dialect: 'changes',
  name: 'changes',
  version: 'changes',
  protocol_version: 'changes',
  capabilities: 'changes',
  metrics: 'changes',
  neural: 'changes',
  health: 'changes',
  circuit: 'changes',
};
const SWARM_FIELDS: FieldTable<SwarmRecord> = {
  key: 'fixed',
  id: 'fixed',
  server_id: 'fixed',
  server_type: 'changes',
  topology: 'changes',
  status: 'changes',
  strategy: 'changes',
  max_agents: 'changes',
  created_at_ms: 'changes',
  slots_rev: 'changes',
  provenance: 'changes',
};
const AGENT_FIELDS: FieldTable<AgentRecord> = {
  key: 'fixed',
  id: 'fixed',
  swarm: 'fixed',
  server_id: 'fixed',
  server_type: 'changes',
  type: 'changes',
  name: 'changes',
  status: 'changes',
  status_raw: 'changes',
  slot: 'changes',
  stale: 'changes',
  stale_since_ms: 'changes',
  health: 'changes',
  lead: 'changes',
  kind: 'changes',
  capabilities: 'changes',
  current_task: 'changes',
  model: 'changes',
  created_at_ms: 'changes',
  performance: 'changes',
  neural: 'changes',
  visual: 'changes',
  provenance: 'changes',
};
const LINK_FIELDS: FieldTable<LinkRecord> = {
  swarm: 'fixed',
  from: 'fixed',
  to: 'fixed',
  kind: 'fixed',
  source: 'fixed',
  weight: 'changes',
  at_ms: 'changes',
  half_life_ms: 'fixed',
  message_count: 'changes',
};
const TASK_FIELDS: FieldTable<TaskRecord> = {
  id: 'fixed',
  server_id: 'fixed',
  swarm: 'changes',
  description: 'changes',
  status: 'changes',
  priority: 'changes',
  progress: 'changes',
  assignees: 'changes',
  created_at_ms: 'changes',
};

export interface WorldTables {
  servers: RecordTable<ServerRecord, ServerEntry>;
  swarms: RecordTable<SwarmRecord, SwarmEntry>;
  agents: RecordTable<AgentRecord, AgentEntry>;
  links: RecordTable<LinkRecord, LinkEntry>;
  tasks: RecordTable<TaskRecord, TaskEntry>;
}

export interface WorldTablesOptions {
  hub: number;
  refsPerEpoch: number;
  onDirty: () => void;
  /** An agent joined or left the swarm, or has another slot, as of this flush. */
  onMembership: (swarm: SwarmEntry) => void;
}

/** Refs are dealt as tables are taken or dealt anew, so that has to happen in the order of the fields. */
export function createTables({ hub, refsPerEpoch, onDirty, onMembership }: WorldTablesOptions): WorldTables {
  const common = <K extends EntityKind>(kind: K) => ({
    kind,
    refsPerEpoch,
    onDirty,
    refOf: (n: number) => (kind === 'agent' ? agentRef(hub, n) : plainRef(hub, n)),
  });
  return {
    servers: new RecordTable({ ...common('server'), fields: SERVER_FIELDS }),
    swarms: new RecordTable({ ...common('swarm'), fields: SWARM_FIELDS }),
    agents: new RecordTable({
      ...common('agent'),
      fields: AGENT_FIELDS,
      settle: settleAgent,
      onPublished: (agent, patch) => {
        if (patch === undefined || patch.slot !== undefined) onMembership(agent.swarm);
      },
    }),
    links: new RecordTable({ ...common('link'), fields: LINK_FIELDS, settle: settleLink }),
    tasks: new RecordTable({ ...common('task'), fields: TASK_FIELDS, settle: settleTask }),
  };
}

function settleAgent(agent: AgentEntry): void {
  const { live, factSources } = agent;
  live.swarm = agent.swarm.live.ref;
  const visual = agentVisual(live.performance);
  const appeared = (visual === undefined) !== (live.visual === undefined);
  if (!sameValue(visual, live.visual)) live.visual = visual;
  if (!appeared && agent.settledSources === factSources) return;
  agent.settledSources = factSources;
  live.provenance = visual === undefined ? factSources : { ...factSources, visual: 'derived' };
}

function settleLink({ live, from, to, kind }: LinkEntry): void {
  const turned = kind === 'topology' && from.live.ref > to.live.ref;
  const [first, second] = turned ? [to, from] : [from, to];
  live.swarm = first.swarm.live.ref;
  live.from = first.live.ref;
  live.to = second.live.ref;
}

function settleTask({ live, server, swarmId, assigneeIds }: TaskEntry): void {
  const swarm = swarmId === undefined ? undefined : server.swarms.get(swarmId);
  live.swarm = swarm?.live.ref;
  if (assigneeIds === undefined) {
    live.assignees = undefined;
    return;
  }
  const known = assigneeIds.map((id) => swarm?.agents.get(id) ?? server.agentsById.only(id));
  live.assignees = [...new Set(known.flatMap((agent) => (agent === undefined ? [] : [agent.live.ref])))];
}
