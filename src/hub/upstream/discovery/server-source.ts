import type { ServerConfig } from '../../../platform/config/schema.ts';

/** Where servers are found. A source that fails keeps what it found last. */
export interface ServerSource {
  readonly name: string;
  /** All servers it knows of now. Errors are told in the log, once per message. */
  find(signal: AbortSignal): Promise<readonly ServerConfig[]>;
  /** Calls `onChanged` when it is worth asking before it is time; ends by the function that it returns. */
  watch?(onChanged: () => void): () => void;
}
