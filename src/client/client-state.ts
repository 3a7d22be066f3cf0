import type { AgentRecord } from '../model/agent.ts';
import type { DegradationLevel } from '../model/health.ts';
import type { Ref } from '../model/ids.ts';
import type { LinkRecord } from '../model/link.ts';
import type { ServerRecord } from '../model/server.ts';
import type { SwarmRecord } from '../model/swarm.ts';
import type { TaskRecord } from '../model/task.ts';

/** The view's state, by ref. */
export interface ClientState {
  readonly servers: ReadonlyMap<Ref, ServerRecord>;
  readonly swarms: ReadonlyMap<Ref, SwarmRecord>;
  readonly agents: ReadonlyMap<Ref, AgentRecord>;
  readonly links: ReadonlyMap<Ref, LinkRecord>;
  readonly tasks: ReadonlyMap<Ref, TaskRecord>;
  /** Absent before the first discovery. */
  readonly degradationLevel: DegradationLevel | undefined;
}
