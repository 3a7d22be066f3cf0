/** The five tables of records, and how fields that depend on other entities are brought up to date. */
import type { EntityKind } from '../../model/change.ts';
import type { AgentRecord } from '../../model/agent.ts';
import { agentRef, plainRef } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { AgentEntry, LinkEntry, ServerEntry, SwarmEntry, TaskEntry } from './entries.ts';
import { AGENT_FIELDS, fieldBit, LINK_FIELDS, SERVER_FIELDS, SWARM_FIELDS, TASK_FIELDS } from './record-fields.ts';
import { RecordTable } from './record-table.ts';

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
      columns: [
        {
          field: 'performance',
          publish: (agent) => agent.measured?.publish() ?? false,
          value: (agent) => agent.measured?.published(),
        },
        {
          field: 'visual',
          publish: (agent) => agent.measured?.publishVisual() ?? false,
          value: (agent) => agent.measured?.publishedVisual(),
        },
      ],
      settle: settleAgent,
      settled: ['provenance'],
      onPublished: (agent, patch) => {
        if (patch === undefined || patch.slot !== undefined) onMembership(agent.swarm);
      },
    }),
    links: new RecordTable({ ...common('link'), fields: LINK_FIELDS, settle: settleLink }),
    tasks: new RecordTable({
      ...common('task'),
      fields: TASK_FIELDS,
      settle: settleTask,
      settled: ['swarm', 'assignees'],
    }),
  };
}

/** Bits of what follows from what is measured of an agent. */
export const MEASURED_BITS = fieldBit(AGENT_FIELDS, 'performance') | fieldBit(AGENT_FIELDS, 'visual');

function settleAgent(agent: AgentEntry): void {
  const { live, factSources } = agent;
  live.swarm = agent.swarm.live.ref;
  const hasLooks = agent.measured?.hasLooks ?? false;
  if (agent.settledLooks === hasLooks && agent.settledSources === factSources) return;
  agent.settledLooks = hasLooks;
  agent.settledSources = factSources;
  live.provenance = hasLooks ? { ...factSources, visual: 'derived' } : factSources;
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
