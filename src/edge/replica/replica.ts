/** The world as the feed tells it, on an edge. Not yet complete: see the API below. */
import type { ChangeBatch, WorldSnapshot } from '../../model/change.ts';
import type { LayoutEvent } from '../../model/position-region.ts';

export interface ReplicaOptions {
  /** Removed entities that are remembered, for clients that catch up. */
  tombstones: number;
  /** Agent messages that are remembered for clients slower than the hub. */
  flowLimit: number;
}

/** The world as the feed tells it. */
export class Replica {
  readonly options: ReplicaOptions;
  /** Empty before the first snapshot. */
  epoch = '';
  version = 0;
  /** Newest tick heard of. */
  tick = 0;
  /** Wall clock of the newest thing heard, ms since 1970. */
  timeMs = 0;
  /** True once a snapshot was taken. */
  ready = false;

  constructor(options: ReplicaOptions) {
    this.options = options;
  }

  reset(snapshot: WorldSnapshot): void {
    this.epoch = snapshot.epoch;
    this.version = snapshot.version;
    this.ready = true;
  }

  apply(batch: ChangeBatch): void {
    this.version = batch.version;
  }

  onLayout(event: LayoutEvent): void {
    if (event.kind === 'tick') this.tick = event.tick;
  }
}
