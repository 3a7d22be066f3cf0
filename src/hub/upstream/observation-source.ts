import type { ServerConfig } from '../../platform/config/schema.ts';
import type { Observation } from '../../model/observation.ts';

/** Where a server's state can be read beside its MCP connection, e.g. the files that claude-flow keeps. */
export interface ObservationSource {
  /**
   * Emits what it finds, at once and whenever it changes, until disposed. `onError` is for failures that it survives.
   * Runs only while the server is connected.
   */
  start(
    emit: (observations: Observation[], atMs: number) => void,
    onError: (error: Error) => void,
  ): AsyncDisposable | Promise<AsyncDisposable>;
}

/** The source that a server has beside MCP, if it has one. */
export type OpenSource = (server: ServerConfig) => ObservationSource | undefined;
