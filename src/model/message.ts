import type { Ref } from './ids.ts';

/** One message between agents, as it was seen: an event, not state. */
export interface MessageFlow {
  swarm: Ref;
  from: Ref;
  to: Ref;
  /** coordination, data_exchange, status_update, heartbeat, … */
  message_type: string;
  at_ms: number;
  size_bytes?: number | undefined;
  latency_ms?: number | undefined;
}
