/**
 * Where each swarm's positions are, and when this edge heard that they changed.
 *
 * Clients ask for what is new since the tick of their last frames. The tick of a publication can't answer that: workers
 * post on their own, so one of tick 100 may be heard of after frames of tick 100 went out. So a change is stamped with
 * the present tick, or with the next one once frames were composed in this tick.
 */
import type { Ref } from '../../model/ids.ts';
import type { LayoutEvent } from '../../model/position-region.ts';
import { SwarmPositions } from './swarm-positions.ts';

export class PositionStore {
  /** Newest tick heard of. */
  tick = 0;
  /** Wall clock of that tick, ms since 1970. */
  tickTimeMs = 0;
  /** Grows with every event; frames made before are then not the newest. */
  revision = 0;
  readonly #swarms = new Map<Ref, SwarmPositions>();
  #askedTick = -1;

  get(swarm: Ref): SwarmPositions | undefined {
    return this.#swarms.get(swarm);
  }

  /** The tick to stamp a change with: every client that has not seen it has an older one. */
  stamp(): number {
    return this.#askedTick >= this.tick ? this.tick + 1 : this.tick;
  }

  /** Frames are being composed in this tick. */
  noteAsked(): void {
    this.#askedTick = this.tick;
  }

  /** A new epoch counts ticks anew. */
  restartClock(): void {
    this.tick = 0;
    this.#askedTick = -1;
    this.revision++;
    for (const swarm of this.#swarms.values()) swarm.moved(0);
  }

  onLayout(event: LayoutEvent): void {
    this.revision++;
    switch (event.kind) {
      case 'region':
        this.#swarms.set(event.handle.swarm, new SwarmPositions(event.handle, this.stamp()));
        return;
      case 'region-gone':
        this.#swarms.delete(event.swarm);
        return;
      case 'tick':
        if (event.tick > this.tick) {
          this.tick = event.tick;
          this.tickTimeMs = event.time_ms;
        }
        for (const ref of event.moved) {
          this.#swarms.get(ref)?.moved(this.stamp());
        }
        return;
      default:
        event satisfies never;
    }
  }
}
