/**
 * Physics of all swarms. Leaf: imports the model only. Workers compute; this side deals swarms out to them and keeps
 * them alive. Positions never pass through here: edges read them from shared memory (model/position-region.ts).
 */
import type { ChangeBatch, WorldSnapshot } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { LayoutSink } from '../../model/position-region.ts';

export interface LayoutOptions {
  threads: number;
  /** u32. Same seed and same events at the same steps: same positions. */
  seed: number;
  /** A worker failed and was replaced; its swarms go on from their last positions. */
  onWorkerReplaced: (error: Error) => void;
}

/** One swarm's numbers, for metrics and status. */
export interface LayoutStats {
  swarms: number;
  awake: number;
  agents: number;
  workers: number;
  workersReplaced: number;
  /** Swarms that went on in another worker, because theirs had more to do. */
  swarmsMoved?: number | undefined;
  /** Bodies that had turned non-finite and were put back, over the swarms of the present workers. */
  poisoned?: number | undefined;
}

export interface Layout extends AsyncDisposable {
  /** Everything at once; forgets what was before. */
  reset(snapshot: WorldSnapshot): void;
  /** Joins, leaves, links and topology take effect at the next step. */
  follow(batch: ChangeBatch): void;
  /** Events go to this sink from now on: regions known so far first, then ticks. */
  connect(sink: LayoutSink): void;
  /** An operator holds an agent at a place (world units); `undefined` lets go. */
  pin(agent: Ref, position: readonly [number, number, number] | undefined): void;
  stats(): LayoutStats;
}
