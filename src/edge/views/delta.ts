/** What one client lacks, before coding. Filled by the gatherers (gather-*.ts), written by delta-messages.ts. */
import type { AgentPerformance, AgentNeural, AgentRecord } from '../../model/agent.ts';
import type { Patch } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { MessageFlow } from '../../model/message.ts';
import type { SwarmEvent } from '../../model/swarm-event.ts';
import type { AgentEntity, AnyEntity, LinkEntity, ServerEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import type { ShownSet } from './shown-set.ts';
import { FIELDS, type ViewFilter } from './view-filter.ts';

/** Messages between agents that one tick lists. */
const MAX_FLOW_MESSAGES = 500;
/** Events of swarms that one turn lists. */
const MAX_SWARM_EVENTS = 100;

export class Delta {
  /** Send the whole discovery instead of `servers` and `swarms`. */
  fullDiscovery = false;
  readonly servers: ServerEntity[] = [];
  readonly swarms: SwarmEntity[] = [];
  readonly removedServers: Ref[] = [];
  readonly removedSwarms: Ref[] = [];
  readonly added: AgentEntity[] = [];
  readonly updated: Patch<AgentRecord>[] = [];
  readonly removed: Ref[] = [];
  readonly linked: LinkEntity[] = [];
  readonly unlinked: LinkEntity[] = [];
  readonly tasks: TaskEntity[] = [];
  readonly removedTasks: Ref[] = [];
  readonly performance: { ref: Ref; performance: AgentPerformance | null }[] = [];
  readonly neural: { ref: Ref; neural: AgentNeural | null }[] = [];
  /** Oldest first. */
  readonly flow: MessageFlow[] = [];
  /** Messages that the view shows and that were one too many for `flow`. */
  flowDropped = 0;
  /** Oldest first. */
  readonly swarmEvents: SwarmEvent[] = [];
  swarmEventsDropped = 0;

  /** Lists an entity as removed. Links only where the removal of an end does not imply it. */
  remove(entity: AnyEntity, shown: ShownSet): void {
    switch (entity.kind) {
      case 'server':
        this.removedServers.push(entity.ref);
        return;
      case 'swarm':
        this.removedSwarms.push(entity.ref);
        return;
      case 'agent':
        this.removed.push(entity.ref);
        return;
      case 'link':
        if (shown.showsLink(entity)) this.unlinked.push(entity);
        return;
      case 'task':
        this.removedTasks.push(entity.ref);
        return;
      default:
        entity satisfies never;
    }
  }

  /** Lists those fields of a held agent that changed after `version` and that the view shows. */
  patchAgent(agent: AgentEntity, version: number, { fields, visibility }: ViewFilter): void {
    let patch: (Record<string, unknown> & { ref: Ref }) | undefined;
    const { record } = agent;
    for (const [field, changedAt] of agent.fieldVersions) {
      if (changedAt <= version) continue;
      if (field === 'performance') {
        if ((fields & FIELDS.performance) !== 0) {
          this.performance.push({ ref: agent.ref, performance: record.performance ?? null });
        }
      } else if (field === 'neural') {
        if ((fields & FIELDS.neural) !== 0) this.neural.push({ ref: agent.ref, neural: record.neural ?? null });
      } else if (!visibility.hidesAgentField(field)) {
        patch ??= { ref: agent.ref };
        patch[field] =
          (field === 'provenance' ? visibility.ofProvenance(record.provenance) : record[field as keyof AgentRecord]) ??
          null;
      }
    }
    if (patch !== undefined) this.updated.push(patch);
  }

  /** Lists what happened after `version` and has no state: the newest messages and events of swarms. */
  addHappened(replica: Replica, shown: ShownSet, version: number): void {
    this.#addFlow(replica, shown, version);
    replica.swarmEvents.newerThan(version, (event) => {
      if (!shown.showsEvent(event)) return;
      if (this.swarmEvents.length < MAX_SWARM_EVENTS) this.swarmEvents.push(event);
      else this.swarmEventsDropped++;
    });
    this.swarmEvents.reverse();
  }

  #addFlow(replica: Replica, shown: ShownSet, version: number): void {
    if (!shown.filter.showsMessages) return;
    replica.flow.newerThan(version, ({ message, from, to }) => {
      if (shown.agentSince(from) === undefined || shown.agentSince(to) === undefined) return;
      if (this.flow.length < MAX_FLOW_MESSAGES) this.flow.push(message);
      else this.flowDropped++;
    });
    this.flow.reverse();
  }
}
