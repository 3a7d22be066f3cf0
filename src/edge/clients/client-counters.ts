/** Counters of all clients of an edge since its start; read for metrics. */
export interface ClientCounters {
  connectionsTotal: number;
  refusedTotal: number;
  messagesReceivedTotal: number;
  messagesSentTotal: number;
  framesSentTotal: number;
  /** Times a due client was passed over since its buffers were full. */
  skipsTotal: number;
  demotionsTotal: number;
  promotionsTotal: number;
  errorsSentTotal: number;
  rateLimitedTotal: number;
  memoryLimitTotal: number;
  idleClosedTotal: number;
}

export function createClientCounters(): ClientCounters {
  return {
    connectionsTotal: 0,
    refusedTotal: 0,
    messagesReceivedTotal: 0,
    messagesSentTotal: 0,
    framesSentTotal: 0,
    skipsTotal: 0,
    demotionsTotal: 0,
    promotionsTotal: 0,
    errorsSentTotal: 0,
    rateLimitedTotal: 0,
    memoryLimitTotal: 0,
    idleClosedTotal: 0,
  };
}
