/**
 * What `/metrics` can show, with the meaning of every number. A name that ends in `_total` is a counter, any other a
 * gauge. docs/metrics.md is made from this table (`npm run docs:metrics`), and a test compares it with a running gateway.
 */

/** Meaning, and labels beside those of the group. */
type Metric = string | { help: string; labels: readonly string[] };

export interface MetricGroup {
  /** What the group speaks of. */
  title: string;
  /** Labels of all its metrics. Their values come from closed sets, or are capped. */
  labels: readonly string[];
  metrics: Readonly<Record<string, Metric>>;
}

/** Full name = `swarmcast_<group>_<name>`. */
export const METRIC_GROUPS: Readonly<Record<string, MetricGroup>> = {
  build: {
    title: 'The gateway',
    labels: ['version', 'node'],
    metrics: { info: 'Always 1; its labels say what runs' },
  },
  hub: {
    title: 'The hub: what has one owner',
    labels: [],
    metrics: {
      batches_total: 'Batches of changes told to edges',
      edges: 'Edge threads that are connected',
      edge_requests_pending: 'Requests to edges that wait for their answers',
      edge_requests_pending_limit: 'Most requests that may wait so',
      degradations_total: 'Times that the degradation level got worse',
      recoveries_total: 'Times that it got better',
      degradation_level: 'Degradation level: 0 fully operational, 1 partial, 2 emergency, 3 safe',
      servers: { help: 'MCP servers by state of health, also those left out of upstream metrics', labels: ['state'] },
      servers_left_out: 'Servers beyond the cap on label values: they have no upstream metrics of their own',
    },
  },
  control: {
    title: 'Control operations',
    labels: [],
    metrics: {
      operations_total: 'Operations that were asked for',
      operations_failed_total: 'Those that were not done, for whatever reason',
      operations_refused_total: 'Those among them that the role or the rate limit refused',
      operations_pending: 'Operations under way',
      operations_pending_limit: 'Most operations that may be under way',
    },
  },
  audit: {
    title: 'The audit',
    labels: [],
    metrics: {
      entries_total: 'Control operations and actions of operators that were noted, done or refused',
      refusals_left_out_total: 'Refusals that were counted only, since more than 5 a second came',
      unwritten_total: 'Entries that could not be written to where they belong: they are in the log instead',
      held: 'Entries held for GET /api/audit',
      held_limit: 'Most entries that are held',
    },
  },
  world: {
    title: 'The merged world',
    labels: [],
    metrics: {
      version: 'Version of the last batch in this epoch',
      servers: 'Servers',
      swarms: 'Swarms',
      agents: 'Agents, stale ones included',
      stale_agents: 'Agents whose server has been silent about them',
      topology_links: 'Links that follow from a topology',
      communication_links: 'Links that follow from messages',
      tasks: 'Tasks',
      finished_tasks: 'Tasks that have ended and are still held',
      records: 'Records held, those gone since the last flush included',
      queued: 'Entries of the queues in order of time (silence, decay)',
      waiting: 'Swarms and servers with work put off to the next flush',
      remembered_moves: 'Names of swarms and agents that began or ended lately, kept to tell moves by',
      pending_messages: 'Agent messages for the next batch',
      messages: 'Agent messages in the history',
      observations_total: 'Facts taken from servers',
      unknown_server_total: 'Facts about servers that are not configured: dropped',
      unknown_sender_total: 'Messages from or to agents nobody reported: dropped, since agents are not invented',
      flow_dropped_total:
        'Messages beyond the newest 1,000 of a server in one flush: not passed on, though counted in links',
      swarm_events_total:
        'Swarms that were created, dissolved, moved or sent a message, and agents that changed theirs',
      swarm_events_dropped_total: 'Such events beyond the first 1,000 of a flush: not told to clients',
      refused_agents_total: 'Agents refused because world.max_agents was reached',
      refused_swarms_total: 'Swarms refused because a bound was reached',
      refused_links_total: 'Links refused because world.max_links was reached',
      refused_tasks_total: 'Tasks refused because world.max_tasks was reached',
      refused_ids_total: 'Facts whose ids are empty or too long',
      refused_lists_total: 'Lists that are too long, or of too many scopes',
      expired_agents_total: 'Agents removed after their silence',
      expired_swarms_total: 'Swarms removed after their silence',
      expired_links_total: 'Links removed after their weight had decayed',
      expired_tasks_total: 'Tasks removed after their silence',
      evicted_tasks_total: 'Finished tasks that made room for others',
      evicted_links_total: 'Links that made room for others',
    },
  },
  layout: {
    title: 'The layout',
    labels: [],
    metrics: {
      swarms: 'Swarms laid out',
      awake: 'Swarms that move now',
      agents: 'Agents laid out',
      workers: 'Layout threads',
      workers_replaced_total: 'Layout threads that died and were replaced',
      swarms_moved_total: 'Swarms that went on in another thread, because theirs had more to do',
      poisoned: 'Bodies that had turned non-finite and were put back, over the swarms of the present threads',
    },
  },
  http: {
    title: 'HTTP',
    labels: [],
    metrics: {
      requests_total: { help: 'Requests answered by the HTTP app', labels: ['method', 'route', 'status'] },
      request_seconds_total: { help: 'Time spent on them in the app', labels: ['method', 'route', 'status'] },
      requests_refused_total: { help: 'Requests without a right token or role', labels: ['reason'] },
    },
  },
  upstream: {
    title: 'One MCP server',
    labels: ['server'],
    metrics: {
      health_state: { help: '1 for the state that the server is in', labels: ['state'] },
      health_score: '0–1, from evidence; absent before there is any',
      circuit_state: 'Circuit breaker: 0 closed, 1 half open, 2 open',
      circuit_trips_total: 'Times that the circuit opened',
      circuit_recoveries_total: 'Times that it closed again',
      circuit_resets_total: 'Times that an operator closed it by hand',
      circuit_time_in_state_seconds: 'Time since the circuit changed last',
      requests_total: 'Requests let in; their retries are not counted again',
      attempts_total: 'Attempts made for them, retries included; connects not',
      successes_total: 'Attempts and connects that succeeded',
      failures_total: 'Calls that were refused, failed or timed out',
      attempt_failures_total: 'Attempts of requests that failed',
      retries_total: 'Attempts after a request’s first',
      retried_successes_total: 'Requests that succeeded after a retry',
      retried_failures_total: 'Requests that failed after a retry',
      max_attempts_reached_total: 'Requests that used all their attempts',
      refused_total: 'Requests refused at once because the circuit was open',
      rejected_total: 'Requests refused because too many waited',
      rate_limited_total: 'Requests that had to wait for the rate limit',
      window_successes: 'Successes in the sliding window of the circuit',
      window_failures: 'Failures in it',
      in_flight: 'Requests in flight',
      max_in_flight: 'Most requests that may be in flight',
      queued: 'Requests that wait for their turn',
      max_queued: 'Most requests that may wait; one more is refused',
      retry_attempts: 'Attempts that a request may have; 1: no retries',
      retry_min_seconds: 'Delay before the first retry, as adapted',
      failure_threshold: 'Failures in a row that open the circuit, as adapted',
      adaptations_total: 'Values fitted to what was measured, each logged with its cause',
      calls_total: 'Calls made, for dialects, bootstrap and control',
      batches_total: 'Batches that were answered call by call',
      batched_calls_total: 'Calls in them',
      pushes_total: 'Pushed events that reached a dialect',
      events_total: 'Bare events (the seeds’ telemetry) among them',
      reconnects_total: 'Connections made after the first',
      noise_lines_total: 'Lines that are not JSON-RPC: dropped',
      oversize_lines_total: 'Lines, and replies of HTTP, longer than upstream.max_line_bytes: skipped',
      dropped_replies_total: 'Replies that nobody asked for: wrong id, no id, duplicate or late',
      bad_messages_total: 'Messages that could not be handled',
      refused_observations_total: 'Facts with unusable ids',
      unreadable_total: 'Replies and events that the dialect could not read',
      secrets_redacted_total: 'Texts and fields in which secrets were replaced by ***',
      suspicious_total: {
        help: 'Texts with content that a page might run, broken by a middle dot; ids are kept as they are',
        labels: ['kind'],
      },
      deep_lines_total: 'Messages nested beyond 128 levels: taken for noise; over HTTP the request fails',
      pauses_total: 'Times that a stream was paused since too much of it waited for the server’s turn',
      waiting_bytes: 'Bytes received that wait for the server’s turn; a stream is paused at 262,144',
      waiting_observations: 'Facts that wait for the server’s turn; at 20,000 all are told at once',
      remembered_entries:
        'Entries that the dialect remembers between calls (swarms, creations, tokens): each kind is bounded',
      inboxes_full_total: 'Times that this happened',
      facts_merged_total: 'Facts of agents merged into older ones that waited: the newest win',
      messages_dropped_total: 'Messages dropped, oldest first, since 1,000 waited',
      pool_connections: 'Connections open',
      pool_active: 'Connections with requests in flight',
      pool_idle: 'Connections without',
      pool_max: 'Most connections that may be open, as adapted',
      pool_opened_total: 'Further connections opened on this connection to the server',
      pool_broken_total: 'Further connections that broke',
      pool_idle_closed_total: 'Further connections closed for being idle',
      last_round_trip_seconds: 'Time that the last call took',
      average_round_trip_seconds: 'Smoothed over about ten probes',
      poll_interval_seconds: 'Time between polls now; absent while not connected',
      online_for_seconds: 'Time since the connection was made; absent while not connected',
    },
  },
  edge: {
    title: 'One edge thread',
    labels: ['edge'],
    metrics: {
      clients: 'Clients connected',
      clients_by_mode: { help: 'Clients by the mode in which they are served', labels: ['mode'] },
      views: 'Distinct views (filters, coding, positions) of its clients',
      shown_sets: 'Distinct sets of agents that views show',
      hub_connected: '1 while the edge hears its hub',
      world_version: 'Version of the last batch it applied',
      ignored_batches_total: 'Batches that did not fit what it held',
      ticks_total: 'Ticks of the layout served; 60 a second when all is well',
      fallback_ticks_total: 'Turns of its own clock, while no tick of the layout came',
      certificate_expiry_timestamp_seconds:
        'When the certificate that newcomers are served with ends, seconds since 1970; absent without TLS',
      loop_lag_p99_seconds: 'Lateness of its event loop, 99th percentile over about 10 s',
      loop_lag_max_seconds: 'The worst of it',
      turn_seconds_total: 'Time spent on the turns of clients',
      turns_skipped_total: 'Times that a due client was passed over because it had not kept up',
      turns_skipped_behind_total: 'Those of them that its silence told: no acknowledgement, no answer to a ping',
      connections_total: 'Clients that connected',
      connections_refused_total: 'Clients refused because there were too many, or it was draining',
      foreign_requests_total: 'Requests refused for a foreign Origin or Host',
      unfinished_requests_total:
        'Requests whose body did not come whole: the asker left, or was cut off for being slow; what never got through its headers or handshake is not in it',
      refusals_total: { help: 'What was not let in, or not done, by reason (docs/security.md)', labels: ['reason'] },
      client_messages_received_total: 'Messages that clients sent',
      client_messages_sent_total: 'State and control messages sent',
      client_message_bytes_total: 'Their bytes',
      frames_sent_total: 'Frames of positions sent',
      frame_bytes_total: 'Their bytes',
      pings_total: 'WebSocket pings sent',
      demotions_total: 'Times that a client was slowed because it did not keep up',
      promotions_total: 'Times that a slowed client was sped up again',
      operator_mode_changes_total: 'Modes that operators set',
      client_errors_total: 'Error messages sent to clients',
      rate_limited_total: 'Client messages refused for coming too fast',
      memory_limit_closes_total: 'Clients closed because clients.hard_limit_bytes was reached',
      idle_closes_total: 'Clients closed because they were silent',
      buffered_bytes: 'Bytes accepted for clients that the kernel has not taken',
      cohorts: 'Groups of clients of one view and mode that share their turns',
      cohort_clients: 'Clients in such groups; the others have turns of their own',
      mode_cap_hz: 'Fastest rate that operators allow; 0: no cap',
      bound_used: { help: 'How full a bounded thing is', labels: ['bound'] },
      bound_limit: { help: 'Its bound', labels: ['bound'] },
    },
  },
  cost: {
    title: 'What clients cost, by mode and kind of view',
    labels: ['edge', 'mode', 'view'],
    metrics: {
      turns_total: 'Turns served',
      turn_seconds_total: 'Time they took: the mean of those that were timed (one of 31), times all',
      frames_total: 'Frames of positions sent',
      frame_bytes_total: 'Their bytes',
      messages_total: 'Messages sent',
      message_bytes_total: 'Their bytes',
    },
  },
};

/** Names that the seeds ask for, over all servers. Absent while nothing was measured. */
export const SEED_METRICS = {
  mcp_connection_latency_ms:
    'Round trip, mean over servers (ms). Same as swarmcast_upstream_average_round_trip_seconds',
  mcp_message_throughput_per_sec: 'Messages from all servers per second, over the last minute',
  mcp_error_rate: 'Share of requests that failed within the circuits’ windows (0–1)',
  mcp_reconnection_total: 'Connections made after the first. Same as swarmcast_upstream_reconnects_total',
  mcp_active_subscriptions: 'Servers that push telemetry to us',
  mcp_buffer_utilization: 'Requests in flight or waiting among those that may, of the fullest server (percent)',
} as const;

/** Meaning and labels of a metric; undefined when the table does not have it. */
export function describeMetric(group: string, name: string): { help: string; labels: readonly string[] } | undefined {
  const found = METRIC_GROUPS[group];
  const metric = found !== undefined && Object.hasOwn(found.metrics, name) ? found.metrics[name] : undefined;
  if (found === undefined || metric === undefined) return undefined;
  return typeof metric === 'string'
    ? { help: metric, labels: found.labels }
    : { help: metric.help, labels: [...found.labels, ...metric.labels] };
}
