/** What the world counted since it was made; every refusal has its count. Names are metric names. */
export interface WorldCounters {
  observations_total: number;
  /** Observations of, or words about, servers that were not added. */
  unknown_server_total: number;
  /** Messages whose sender or receiver is not a known agent: dropped, since agents are not invented. */
  unknown_sender_total: number;
  /** Messages beyond the newest 1,000 of a server in one flush; their links count all the same. */
  flow_dropped_total: number;
  /** Created, dissolved, moved, message. */
  swarm_events_total: number;
  /** Those beyond the first 1,000 of a flush. */
  swarm_events_dropped_total: number;
  refused_agents_total: number;
  refused_swarms_total: number;
  refused_links_total: number;
  refused_tasks_total: number;
  /** Ids that are empty or longer than MAX_ID_LENGTH. */
  refused_ids_total: number;
  /** Lists that are too long, or of too many scopes. */
  refused_lists_total: number;
  expired_agents_total: number;
  expired_swarms_total: number;
  expired_links_total: number;
  expired_tasks_total: number;
  /** Finished tasks, and communication links, that made room for others. */
  evicted_tasks_total: number;
  evicted_links_total: number;
}

export function createCounters(): WorldCounters {
  return {
    observations_total: 0,
    unknown_server_total: 0,
    unknown_sender_total: 0,
    flow_dropped_total: 0,
    swarm_events_total: 0,
    swarm_events_dropped_total: 0,
    refused_agents_total: 0,
    refused_swarms_total: 0,
    refused_links_total: 0,
    refused_tasks_total: 0,
    refused_ids_total: 0,
    refused_lists_total: 0,
    expired_agents_total: 0,
    expired_swarms_total: 0,
    expired_links_total: 0,
    expired_tasks_total: 0,
    evicted_tasks_total: 0,
    evicted_links_total: 0,
  };
}
