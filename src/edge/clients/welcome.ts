import type { Identity } from '../../platform/auth/identity.ts';
import type { ClientsConfig } from '../../platform/config/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import { MAX_CLIENT_MESSAGE_BYTES, PROTOCOL_VERSION } from '../../protocol/client-messages.ts';
import { MODE_HZ, type Mode } from '../../protocol/modes.ts';
import type { ServerPayloads } from '../../protocol/server-messages.ts';
import type { Replica } from '../replica/replica.ts';
import type { View } from '../views/view.ts';

/** `cursor`: where the client stands when its resume was accepted; undefined when a snapshot follows. */
export function welcomePayload(
  shared: { config: ClientsConfig; replica: Replica; clock: Clock },
  client: { id: string; identity: Identity; simulated: boolean; mode: Mode; view: View; cursor: string | undefined },
): ServerPayloads['welcome'] {
  const { config, replica, clock } = shared;
  const { id, identity, simulated, mode, view, cursor } = client;
  return {
    client_id: id,
    protocol: PROTOCOL_VERSION,
    epoch: replica.epoch,
    cursor: cursor ?? '',
    follows: cursor === undefined ? 'snapshot' : 'resume',
    mode,
    effective_rate_hz: MODE_HZ[mode],
    filters: view.filters,
    identity: identityPayload(identity),
    positions: view.positions,
    simulated,
    limits: {
      max_message_bytes: MAX_CLIENT_MESSAGE_BYTES,
      idle_timeout_ms: config.idle_timeout_ms,
      heartbeat_ms: config.heartbeat_interval_ms,
      discover_per_minute: config.discover_per_minute,
    },
    server_time: clock.now(),
  };
}

/** An identity as its bearer is told. */
export function identityPayload({
  subject,
  role,
  limits,
  expires_at_ms,
}: Identity): ServerPayloads['welcome']['identity'] {
  return {
    subject,
    role,
    // Copies: limits without entries of undefined, as they travel.
    limits: Object.fromEntries(Object.entries(limits).flatMap(([name, list]) => (list ? [[name, [...list]]] : []))),
    ...(expires_at_ms === undefined ? {} : { expires_at_ms }),
  };
}
