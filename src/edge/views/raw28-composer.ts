/** Positions as the seeds' records: u32 agent ref, 3 × f32 position, 3 × f32 velocity, without any header. */
import { MAX_FRAME_BYTES, RAW28_RECORD_BYTES } from '../../protocol/frames.ts';
import type { ShownSwarm } from './shown-swarm.ts';
import { indexOfSlot } from './slot-search.ts';

const WORDS_PER_RECORD = RAW28_RECORD_BYTES / 4;
const RECORDS_PER_FRAME = Math.floor(MAX_FRAME_BYTES / RAW28_RECORD_BYTES);

/**
 * Frames of at most 128 KiB with a record for every shown agent of `swarms` that has a position. Each swarm's
 * {@link ShownSwarm.loaded} is set.
 */
export function composeRaw28(swarms: readonly ShownSwarm[]): readonly Uint8Array[] {
  let bound = 0;
  for (const view of swarms) bound += Math.min(view.size, view.loaded?.head.count ?? 0);
  if (bound === 0) return [];
  const words = new Uint32Array(bound * WORDS_PER_RECORD);
  const floats = new Float32Array(words.buffer);
  let at = 0;
  for (const view of swarms) {
    const { loaded } = view;
    if (loaded === undefined) continue;
    let index = 0;
    for (const agent of view.ascending()) {
      const { slot } = agent.record;
      index = indexOfSlot(loaded, slot, index, loaded.head.count);
      if (index === loaded.head.count) break;
      if (loaded.slotAt(index) !== slot) continue;
      words[at] = agent.ref;
      for (let axis = 0; axis < 3; axis++) {
        // Records of f32 are slot, x, y, z.
        words[at + 1 + axis] = loaded.words[index * 4 + 1 + axis] ?? 0;
        floats[at + 4 + axis] = loaded.velocities[index * 3 + axis] ?? 0;
      }
      at += WORDS_PER_RECORD;
      index++;
    }
  }
  const frames: Uint8Array[] = [];
  const bytes = new Uint8Array(words.buffer, 0, at * 4);
  for (let start = 0; start < bytes.byteLength; start += RECORDS_PER_FRAME * RAW28_RECORD_BYTES) {
    frames.push(bytes.subarray(start, Math.min(bytes.byteLength, start + RECORDS_PER_FRAME * RAW28_RECORD_BYTES)));
  }
  return frames;
}
