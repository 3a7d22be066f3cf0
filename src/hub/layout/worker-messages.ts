/** What the supervisor and a layout worker say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Ref } from '../../model/ids.ts';
import type { LayoutEvent } from '../../model/position-region.ts';
import type { WorkerLoad } from './load-balance.ts';
import type { LayoutOrder, SwarmSeat } from './seats.ts';

/** What a worker is started with. */
export interface WorkerStart {
  seed: number;
  /** When tick 0 was due: monotonic, and wall clock (ms since 1970). */
  originMs: number;
  originWallMs: number;
  /** i32 cells, see {@link STATUS}: the worker writes, the supervisor reads. */
  status: SharedArrayBuffer;
}

/** Indices of a worker's status cells. */
export const STATUS = { awake: 0, poisoned: 1, lastTick: 2 } as const;
export const STATUS_BYTES = 16;

export type WorkerRequest =
  /** Taken together at the start of the next tick. */
  | { kind: 'orders'; orders: LayoutOrder[] }
  /** Events go to this port from now on: known regions first. */
  | { kind: 'sink'; port: MessagePort }
  /** Ticks go to the supervisor, too. */
  | { kind: 'relay' }
  | { kind: 'stop' };

export type WorkerReport =
  /** Events of regions always; ticks once asked for. */
  | { kind: 'event'; event: LayoutEvent }
  /** A swarm takes more room than it was given. */
  | { kind: 'outgrown'; swarm: Ref; radius: number }
  /** A swarm that was to be released, as it is. */
  | { kind: 'released'; seat: SwarmSeat }
  /** Once a second. */
  | { kind: 'load'; load: WorkerLoad };
