/** The nouns of the simulated world. Faces read them; only the world writes them. */
import type { Topology } from '../model/swarm.ts';
import type { SeededRandom } from './random.ts';

export type SimAgentStatus = 'idle' | 'active' | 'busy';

/** What an agent's own meters show: a bounded random walk around a mean that depends on what it does. */
export interface SimMetrics {
  /** 0–1 of a core. */
  cpu: number;
  memoryMb: number;
  responseTimeMs: number;
  /** 0–1. */
  successRate: number;
  throughputTps: number;
  queueDepth: number;
  tokensUsed: number;
  errorCount: number;
  tasksCompleted: number;
  tasksFailed: number;
}

export interface SimAgent {
  readonly id: string;
  name: string;
  type: string;
  swarmId: string;
  /** `busy` exactly while {@link currentTaskId} is set. */
  status: SimAgentStatus;
  /** A word that a write gave instead of `status` (claude-flow's agent_update takes any); gone at the next change of status. */
  statusWord?: string | undefined;
  /** 0–1. */
  health: number;
  capabilities: string[];
  cognitivePattern: string;
  model?: string | undefined;
  readonly createdAtMs: number;
  lastActivityMs: number;
  currentTaskId?: string | undefined;
  /** `tokensUsed` when the current task was taken up. */
  tokensAtStart: number;
  /** The last task it ended. */
  lastRun?: { taskId: string; success: boolean; tokens: number; durationMs: number } | undefined;
  metrics: SimMetrics;
  /** The last few agents that it wrote to, newest first; at most 8. */
  peers: string[];
}

export interface SimSwarm {
  readonly id: string;
  topology: Topology;
  strategy: string;
  maxAgents: number;
  readonly createdAtMs: number;
  updatedAtMs: number;
  dissolvedAtMs?: number | undefined;
  /** In order of arrival. */
  readonly agentIds: Set<string>;
}

export type SimTaskStatus = 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';

export interface SimTask {
  readonly id: string;
  swarmId: string;
  type: string;
  description: string;
  priority: string;
  strategy: string;
  status: SimTaskStatus;
  /** 0–1. */
  progress: number;
  /** Agent ids. */
  assignees: string[];
  tags: string[];
  readonly createdAtMs: number;
  startedAtMs?: number | undefined;
  finishedAtMs?: number | undefined;
  result?: unknown;
}

/** What a new task may bring; the rest is drawn or left empty. */
export interface TaskWish {
  description: string;
  type?: string | undefined;
  priority?: string | undefined;
  strategy?: string | undefined;
  assignees?: string[] | undefined;
  tags?: string[] | undefined;
}

export interface SimMessage {
  swarmId: string;
  from: string;
  to: string;
  messageType: string;
  sizeBytes: number;
  latencyMs: number;
}

/** One change of the world. */
export type WorldEvent =
  | { kind: 'agent-spawned'; agent: SimAgent; atMs: number }
  | { kind: 'agent-terminated'; agent: SimAgent; atMs: number }
  | { kind: 'agent-status'; agent: SimAgent; atMs: number }
  | { kind: 'agent-metrics'; agent: SimAgent; atMs: number }
  | { kind: 'message'; message: SimMessage; atMs: number }
  | { kind: 'task'; task: SimTask; change: 'created' | 'started' | 'progressed' | 'finished'; atMs: number }
  | { kind: 'swarm-created'; swarm: SimSwarm; atMs: number }
  | { kind: 'swarm-dissolved'; swarm: SimSwarm; atMs: number };

export type IdKind = 'swarm' | 'agent' | 'task';
/** How a kind of server builds its ids. `stampMs` is a different millisecond for every id. */
export type IdStyle = (kind: IdKind, stampMs: number, random: SeededRandom) => string;

export const AGENT_TYPES = [
  'coordinator',
  'researcher',
  'coder',
  'analyst',
  'tester',
  'reviewer',
  'optimizer',
  'documenter',
] as const;

export const COGNITIVE_PATTERNS = ['convergent', 'divergent', 'lateral', 'systems', 'critical', 'adaptive'] as const;

export const MESSAGE_TYPES = ['coordination', 'data_exchange', 'status_update', 'heartbeat'] as const;

export const TASK_SUBJECTS = [
  'Review the login flow',
  'Write tests for the parser',
  'Trace the slow query',
  'Summarise the open issues',
  'Refactor the cache layer',
  'Draft the release notes',
  'Compare the two encodings',
  'Check the error budget',
] as const;
