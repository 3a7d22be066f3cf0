/** What a simulator counted since it started. */
export interface SimulatorStats {
  /** Open now: sockets, HTTP sessions, or the one stdio peer. */
  connections: number;
  connectionsTotal: number;
  /** JSON-RPC requests that were understood. */
  requests: number;
  eventsPushed: number;
  /** Telemetry that slow readers did not get. */
  eventsDropped: number;
  /** Lines that were no JSON-RPC. */
  badLines: number;
  /** Steps of the world that were skipped, since the process came too late. */
  stepsSkipped: number;
  faultsFired: number;
}

/** All zero. */
export function emptyStats(): SimulatorStats {
  return {
    connections: 0,
    connectionsTotal: 0,
    requests: 0,
    eventsPushed: 0,
    eventsDropped: 0,
    badLines: 0,
    stepsSkipped: 0,
    faultsFired: 0,
  };
}
