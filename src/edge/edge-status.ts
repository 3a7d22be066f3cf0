/** What an edge tells of itself: counters, what clients cost, and how full everything bounded is. */
import { MAX_PENDING_REQUESTS, type EdgeBound, type EdgeCost, type EdgeStatus } from '../feed/feed.ts';
import type { ClientsConfig } from '../platform/config/schema.ts';
import type { Clients } from './clients/clients.ts';
import { MAX_OUTBOX_MESSAGES } from './clients/outlet.ts';
import type { Replica } from './replica/replica.ts';
import { MAX_SPARE_PIECES } from './views/frame-slab.ts';
import { MAX_ADDRESSES } from './transport/address-gate.ts';
import type { ViewRegistry } from './views/view-registry.ts';

export interface EdgeParts {
  edgeId: number;
  limits: ClientsConfig;
  clients: Clients;
  views: ViewRegistry;
  replica: Replica;
  /** Requests to the hub that wait for their answers. */
  pendingRequests: number;
  /** Of the gate that remembers most. */
  rememberedAddresses: number;
  /** Numbers that only the edge itself knows. */
  own: Record<string, number>;
}

/** O(clients), for the buffered bytes. */
export function edgeStatus(parts: EdgeParts): EdgeStatus {
  const { edgeId, clients, views } = parts;
  return {
    edge_id: edgeId,
    clients: clients.size,
    views: views.size,
    clients_by_mode: clients.countByMode(),
    costs: costs(clients),
    bounds: bounds(parts),
    metrics: { ...parts.own, ...metrics(parts) },
    refusals: clients.refusals.read(),
  };
}

function metrics({ clients, views, replica }: EdgeParts): Record<string, number> {
  const { counters } = clients;
  return {
    connections_total: counters.connectionsTotal,
    connections_refused_total: counters.refusedTotal,
    client_messages_received_total: counters.messagesReceivedTotal,
    client_messages_sent_total: counters.sum('messages'),
    client_message_bytes_total: counters.sum('messageBytes'),
    frames_sent_total: counters.sum('frames'),
    frame_bytes_total: counters.sum('frameBytes'),
    turns_skipped_total: counters.skipsTotal,
    turns_skipped_behind_total: counters.behindSkipsTotal,
    turn_seconds_total: clients.busyMs / 1_000,
    pings_total: counters.pingsTotal,
    demotions_total: counters.demotionsTotal,
    promotions_total: counters.promotionsTotal,
    operator_mode_changes_total: counters.operatorChangesTotal,
    client_errors_total: counters.errorsSentTotal,
    rate_limited_total: counters.rateLimitedTotal,
    memory_limit_closes_total: counters.memoryLimitTotal,
    idle_closes_total: counters.idleClosedTotal,
    ignored_batches_total: replica.ignoredBatches,
    buffered_bytes: clients.bufferedBytes(),
    mode_cap_hz: clients.capHz,
    cohorts: clients.cohorts,
    cohort_clients: clients.cohortMembers(),
    shown_sets: views.shownSets,
    world_version: replica.version,
  };
}

function costs(clients: Clients): EdgeCost[] {
  return clients.counters.meters
    .filter((meter) => meter.turns > 0 || meter.messages > 0)
    .map((meter) => ({
      mode: meter.mode,
      view: meter.view,
      turns: meter.turns,
      frames: meter.frames,
      frame_bytes: meter.frameBytes,
      messages: meter.messages,
      message_bytes: meter.messageBytes,
      sampled_turns: meter.sampledTurns,
      sampled_us: meter.sampledMs * 1_000,
    }));
}

function bounds({ clients, views, replica, limits, pendingRequests, rememberedAddresses }: EdgeParts): EdgeBound[] {
  return [
    { name: 'clients', used: clients.size, limit: limits.max_clients },
    { name: 'bulk_queue', used: clients.bulkSize, limit: limits.max_clients },
    { name: 'views', used: views.size, limit: limits.max_views },
    { name: 'departures', used: views.mostDepartures(), limit: views.departureLimit },
    { name: 'spare_frame_memory', used: views.spareFrameMemory, limit: MAX_SPARE_PIECES },
    { name: 'tombstones', used: replica.tombstones.size, limit: replica.tombstones.capacity },
    { name: 'swarm_events', used: replica.swarmEvents.size, limit: replica.swarmEvents.capacity },
    { name: 'agent_messages', used: replica.flow.size, limit: replica.flow.capacity },
    { name: 'addresses', used: rememberedAddresses, limit: MAX_ADDRESSES },
    { name: 'hub_requests', used: pendingRequests, limit: MAX_PENDING_REQUESTS },
    { name: 'outbox_messages_peak', used: clients.counters.outboxPeak, limit: MAX_OUTBOX_MESSAGES },
    { name: 'buffered_bytes_most', used: clients.mostBufferedBytes(), limit: limits.hard_limit_bytes },
  ];
}
