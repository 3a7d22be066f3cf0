/** What a client emits, by event name. Payloads are those of PROTOCOL.md; the state already holds them. */
import type { DecodedFrame } from '../protocol/frames.ts';
import type { ServerMessageType, ServerPayloads } from '../protocol/server-messages.ts';

/** Where the connection stands. */
export type ClientStatus =
  | { status: 'connecting' }
  /** The state is the view's. `resumed`: it was brought up to date; otherwise it came anew. */
  | { status: 'live'; resumed: boolean }
  /** The connection ended (`code`, `reason`); the next attempt comes after `delayMs`. The state is kept, and old. */
  | { status: 'reconnecting'; code: number; reason: string; attempt: number; delayMs: number }
  /** It will not come back. */
  | { status: 'closed'; code: number; reason: string };

/** Who the client is to the gateway, what it may see at most, and until when. */
export type ClientIdentity = ServerPayloads['welcome']['identity'];

export interface ClientEvents {
  welcome: ServerPayloads['welcome'];
  discovery: ServerPayloads['discovery'];
  /** A whole snapshot was taken over. */
  snapshot: { agents: number; links: number; tasks: number };
  agents: ServerPayloads['agent_update'];
  topology: ServerPayloads['topology_update'];
  tasks: ServerPayloads['task_update'];
  performance: ServerPayloads['performance_update'];
  neural: ServerPayloads['neural_update'];
  flow: ServerPayloads['message_flow'];
  /** Swarms created, dissolved, moved, or sent a message by another. */
  swarms: ServerPayloads['swarm_event'];
  health: ServerPayloads['health_update'];
  mode: ServerPayloads['mode_changed'];
  frame: DecodedFrame;
  /** `matches`: whether the state's hash agreed; undefined when it could not be compared. */
  heartbeat: ServerPayloads['heartbeat'] & { matches: boolean | undefined };
  /** An error that answers no request, or data that could not be read. */
  error: { code: string; message: string };
  goodbye: ServerPayloads['goodbye'];
  status: ClientStatus;
}

/** The event of each message whose payload is passed on as it is. */
export const EVENT_OF = {
  discovery: 'discovery',
  agent_update: 'agents',
  topology_update: 'topology',
  task_update: 'tasks',
  performance_update: 'performance',
  neural_update: 'neural',
  message_flow: 'flow',
  swarm_event: 'swarms',
  health_update: 'health',
} as const satisfies Partial<Record<ServerMessageType, keyof ClientEvents>>;
