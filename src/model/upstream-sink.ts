/** What upstreams tell the rest of the hub: upstreams speak it, the world implements it. */
import type { HealthReport } from './health.ts';
import type { ObservationBatch } from './observation.ts';
import type { ServerRecord } from './server.ts';

/** What is known of a server before it was reached. */
export type ServerIntroduction = Pick<ServerRecord, 'id' | 'type' | 'simulated' | 'transport' | 'endpoint'>;
/** What was learned by connecting. */
export type ServerIdentity = Partial<
  Pick<ServerRecord, 'type' | 'dialect' | 'name' | 'version' | 'protocol_version' | 'capabilities' | 'circuit'>
>;

export interface UpstreamSink {
  /** Before anything else about this server. */
  addServer(introduction: ServerIntroduction): void;
  identify(serverId: string, identity: ServerIdentity): void;
  observe(batch: ObservationBatch): void;
  /** The connection ended: all of the server's agents become stale at once. Hearing of them again clears it. */
  disconnected(serverId: string, atMs: number): void;
  setHealth(serverId: string, health: HealthReport): void;
  /** No longer configured: the server and all it had are removed. */
  removeServer(serverId: string): void;
}
