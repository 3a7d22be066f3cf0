/** Which sections a client of a view lacks, and the frames that hold them, made once for all that lack the same. */
import type { PositionFormat } from '../../protocol/client-messages.ts';
import type { Replica } from '../replica/replica.ts';
import type { PositionKind } from '../replica/swarm-positions.ts';
import type { FrameComposer } from './frame-composer.ts';
import { composeRaw28 } from './raw28-composer.ts';
import type { ShownSet } from './shown-set.ts';
import type { ShownSwarm } from './shown-swarm.ts';

/** No tick that anybody asks for. */
const NOBODY = -2;
const NO_FRAMES: readonly Uint8Array[] = [];
const LOADED_KIND: Readonly<Record<Exclude<PositionFormat, 'none'>, PositionKind>> = {
  q16: 'q16',
  f32: 'f32',
  raw28: 'raw',
};
// Reused by all views of the thread; empty between two compositions.
const due: ShownSwarm[] = [];

/** Those of an edge. */
export type FrameComposers = Readonly<Record<'q16' | 'f32', FrameComposer>>;

export class ViewFrames {
  readonly #composers: FrameComposers;
  readonly #replica: Replica;
  readonly #shown: ShownSet;
  readonly #format: PositionFormat;
  /** What was asked for last; most clients of a view ask for the same. */
  #since = NOBODY;
  #frames = NO_FRAMES;
  /** Made when clients ask for different things. */
  #bySince: Map<number, readonly Uint8Array[]> | undefined;
  /** What was composed last, of so many sections; 0: nothing. */
  #madeSections = 0;
  #made = NO_FRAMES;
  #bySections: Map<number, readonly Uint8Array[]> | undefined;
  #madeFor = '';
  #tick = -1;
  #shownRevision = -1;
  #positionsRevision = -1;

  constructor(composers: FrameComposers, replica: Replica, shown: ShownSet, format: PositionFormat) {
    this.#composers = composers;
    this.#replica = replica;
    this.#shown = shown;
    this.#format = shown.filter.showsPositions ? format : 'none';
  }

  /** See View.frames. `shown` is at the replica's version. */
  since(sinceTick: number): readonly Uint8Array[] {
    if (this.#format === 'none') return NO_FRAMES;
    this.#replica.positions.noteAsked();
    this.#dropOutdated();
    if (sinceTick === this.#since) return this.#frames;
    if (this.#since !== NOBODY) (this.#bySince ??= new Map()).set(this.#since, this.#frames);
    // A client of an earlier epoch has none of this one's.
    this.#frames =
      this.#bySince?.get(sinceTick) ?? this.#make(sinceTick > this.#replica.tick ? -1 : sinceTick, this.#format);
    this.#since = sinceTick;
    return this.#frames;
  }

  /** Lets go of this tick's frames. */
  drop(): void {
    this.#since = NOBODY;
    this.#frames = NO_FRAMES;
    this.#bySince = undefined;
    this.#madeSections = 0;
    this.#made = NO_FRAMES;
    this.#bySections = undefined;
  }

  #dropOutdated(): void {
    const { tick, revision } = this.#replica.positions;
    const { epoch } = this.#replica;
    const { frameRevision } = this.#shown;
    if (
      tick === this.#tick &&
      revision === this.#positionsRevision &&
      frameRevision === this.#shownRevision &&
      epoch === this.#madeFor
    ) {
      return;
    }
    this.drop();
    this.#tick = tick;
    this.#positionsRevision = revision;
    this.#shownRevision = frameRevision;
    this.#madeFor = epoch;
  }

  #make(sinceTick: number, format: Exclude<PositionFormat, 'none'>): readonly Uint8Array[] {
    const isComplete = this.#gather(sinceTick, LOADED_KIND[format]);
    const frames = this.#compose(format, isComplete);
    due.length = 0;
    return frames;
  }

  // Lists the swarms that moved since. False when one of them has to wait.
  #gather(sinceTick: number, kind: PositionKind): boolean {
    const { positions, tick } = this.#replica;
    let isComplete = true;
    for (const view of this.#shown.swarms.values()) {
      if (view.size === 0) continue;
      const { swarm } = view;
      const place = positions.get(swarm.ref);
      if (place === undefined || (place.movedTick <= sinceTick && view.changedTick <= sinceTick)) continue;
      const loaded = place.load(kind, tick);
      // Slots dealt anew name other agents: nothing until both sides speak of the same deal.
      if (loaded === undefined || loaded.head.slotsRev !== swarm.record.slots_rev) {
        isComplete = false;
        continue;
      }
      view.loaded = loaded;
      due.push(view);
    }
    return isComplete;
  }

  #compose(format: Exclude<PositionFormat, 'none'>, isComplete: boolean): readonly Uint8Array[] {
    if (due.length === 0) return NO_FRAMES;
    // What is newer than one tick includes what is newer than a later one: as many sections, the same sections.
    const known = isComplete ? this.#ofSections(due.length) : undefined;
    if (known !== undefined) return known;
    const frames = format === 'raw28' ? composeRaw28(due) : this.#composers[format].compose(this.#replica, due);
    if (!isComplete) return frames;
    if (this.#madeSections > 0) (this.#bySections ??= new Map()).set(this.#madeSections, this.#made);
    this.#madeSections = due.length;
    this.#made = frames;
    return frames;
  }

  #ofSections(count: number): readonly Uint8Array[] | undefined {
    return count === this.#madeSections ? this.#made : this.#bySections?.get(count);
  }
}
