import type { Ref } from './ids.ts';

/** One task. Stored as it travels. */
export interface TaskRecord {
  ref: Ref;
  /** The server's id; unique with `server_id`. */
  id: string;
  server_id: string;
  /** Absent where the server did not say. */
  swarm?: Ref | undefined;
  description?: string | undefined;
  /** The server's word: pending, in_progress, completed, failed, cancelled, … */
  status?: string | undefined;
  priority?: string | undefined;
  /** 0–1. */
  progress?: number | undefined;
  /** Agent refs of those that are known. */
  assignees?: Ref[] | undefined;
  created_at_ms?: number | undefined;
}
