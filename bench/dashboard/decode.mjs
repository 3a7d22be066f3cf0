// One frame of so many agents, in Node: decoded and applied as the page does it, beside the least work that the same bytes
// allow (every value read through a DataView into memory that is there already), and the same positions as JSON.
import { PositionStore } from '../../dist/client/position-store.js';
import {
  decodeFrame,
  FRAME_HEADER_BYTES,
  SECTION_HEADER_BYTES,
  writeFrameHeader,
  writeSectionHeader,
} from '../../dist/protocol/frames.js';

const PER_SWARM = 84;
const ROUNDS = 40;

/** Rows of µs a frame, the median over rounds, and times the limit. */
export function measureDecoding(agents) {
  const { frame, sections } = frameOf(agents);
  const store = storeOf(sections);
  const scratch = new Float32Array(agents * 3);
  const json = JSON.stringify(positionsOf(frame));
  const works = {
    'DataView only (limit)': () => readAll(frame, scratch),
    decode: () => decodeFrame(frame),
    'decode and apply': () => store.apply(decodeFrame(frame)),
    'the same as JSON.parse (peer)': () => JSON.parse(json),
  };
  const times = Object.fromEntries(Object.entries(works).map(([what, work]) => [what, medianUs(work, agents)]));
  if (store.size !== agents) throw new Error(`${store.size} of ${agents} agents were given a position`);
  const limit = times['DataView only (limit)'];
  return Object.entries(times).map(([what, us]) => ({
    part: `one frame of ${agents} agents, ${frame.byteLength} bytes (q16), in Node`,
    what,
    us_a_frame: us,
    times_the_limit: us / limit,
  }));
}

function medianUs(work, agents) {
  // Rounds of some milliseconds each, taken one after the other: CPU time, since the machine may be shared.
  const repeats = Math.max(4, Math.round(200_000 / agents));
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.cpuUsage();
    for (let i = 0; i < repeats; i++) work();
    const { user, system } = process.cpuUsage(begun);
    // The first ones compile.
    if (round >= ROUNDS / 4) rounds.push((user + system) / repeats);
  }
  return rounds.toSorted((a, b) => a - b)[rounds.length >> 1];
}

function frameOf(agents) {
  const sections = [];
  for (let first = 0; first < agents; first += PER_SWARM) {
    sections.push({ swarmRef: sections.length + 1, count: Math.min(PER_SWARM, agents - first) });
  }
  const bytes = FRAME_HEADER_BYTES + sections.length * SECTION_HEADER_BYTES + agents * 8;
  const view = new DataView(new ArrayBuffer(bytes));
  writeFrameHeader(view, 0, { kind: 'q16', sections: sections.length, tick: 1, timeMs: 1_000 });
  let offset = FRAME_HEADER_BYTES;
  for (const { swarmRef, count } of sections) {
    writeSectionHeader(view, offset, {
      swarmRef,
      count,
      flags: 1,
      block: 0,
      slotsRev: 1,
      origin: [0, 0, 0],
      scale: 0.01,
    });
    offset += SECTION_HEADER_BYTES;
    for (let slot = 0; slot < count; slot++, offset += 8) {
      view.setUint16(offset, slot, true);
      for (let axis = 0; axis < 3; axis++) view.setInt16(offset + 2 + axis * 2, slot * 7 + axis * 1_000, true);
    }
  }
  return { frame: new Uint8Array(view.buffer), sections };
}

function storeOf(sections) {
  const store = new PositionStore();
  for (const { swarmRef, count } of sections) {
    store.swarmSet({ ref: swarmRef, slots_rev: 1 });
    for (let slot = 0; slot < count; slot++) store.agentSet({ ref: swarmRef * 1_000 + slot, swarm: swarmRef, slot });
  }
  return store;
}

function readAll(frame, out) {
  const view = new DataView(frame.buffer);
  let at = 0;
  let offset = FRAME_HEADER_BYTES;
  for (let left = view.getUint16(2, true); left > 0; left--) {
    const count = view.getUint16(offset + 4, true);
    const scale = view.getFloat32(offset + 24, true);
    offset += SECTION_HEADER_BYTES;
    for (let i = 0; i < count; i++, offset += 8) {
      out[at++] = scale * view.getInt16(offset + 2, true);
      out[at++] = scale * view.getInt16(offset + 4, true);
      out[at++] = scale * view.getInt16(offset + 6, true);
    }
  }
}

function positionsOf(frame) {
  return decodeFrame(frame).sections.map(({ swarmRef, slots, positions }) => ({
    swarm: swarmRef,
    agents: [...slots].map((slot, i) => [slot, ...positions.subarray(i * 3, i * 3 + 3)]),
  }));
}
