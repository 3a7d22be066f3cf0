/**
 * The test vectors of PROTOCOL.md. test/unit/protocol/vectors.test.ts holds them against vectors.json. After a change of
 * the protocol: npx tsx test/unit/protocol/compute-vectors.ts > test/fixtures/protocol/vectors.json
 */
import { pathToFileURL } from 'node:url';
import { linkWeightAt } from '../../../src/model/link.ts';
import { quantise } from '../../../src/model/position-region.ts';
import { canonicalJson } from '../../../src/protocol/canonical-json.ts';
import { packMessage } from '../../../src/protocol/codec.ts';
import { decodeFrame, writeFrameHeader, writeSectionHeader, type FrameKind } from '../../../src/protocol/frames.ts';
import {
  entityHash,
  formatHash,
  LANE_SEEDS,
  murmur3,
  toggle,
  UNHASHED,
  type HashedKind,
} from '../../../src/protocol/state-hash.ts';

const AGENT = 0x8000_0000;

const canonicalValues: unknown[] = [
  null,
  [true, false, null, '', 0],
  [0.1, 4.5, 1000, -1.5, 1e-6, 1e-7, 1.5e-9, 123456789.125, 1e20, 123456789012345680000, 1e21, 1.5e300, 5e-324],
  { b: 1, a: { d: [], c: {} } },
  {
    '\u20ac': 'Euro',
    '\r': 'CR',
    '\ufb33': 'Hebrew',
    '1': 'One',
    '\ud83d\ude00': 'Emoji',
    '\u0080': 'C1',
    '\u00f6': 'o',
  },
  'quote " backslash \\ slash / tab \t newline \n unit \u001f delete \u007f line \u2028 Zo\u00eb \u4e2d \ud83d\ude00',
];

/** Entities of one view. The ignored fields are there on purpose. */
const entities: { kind: HashedKind; record: { ref: number } & Record<string, unknown> }[] = [
  {
    kind: 'swarm',
    record: { ref: 1, key: 's1/w', id: 'w', server_id: 's1', server_type: 'ruv-swarm', topology: 'mesh', slots_rev: 3 },
  },
  {
    kind: 'agent',
    record: {
      ref: AGENT + 5,
      key: 's1/w/a-5',
      id: 'a-5',
      swarm: 1,
      server_id: 's1',
      server_type: 'ruv-swarm',
      type: 'coder',
      name: 'Zo\u00eb "1"',
      status: 'busy',
      slot: 4,
      capabilities: ['code', 'review'],
      performance: { response_time_ms: 12.5, success_rate: 1, tokens_used: 1e21 },
      visual: { size: 7.5, color: '#0072b2', pulse_hz: 0.8 },
      provenance: { 'visual.size': 'derived' },
      created_at_ms: 1_763_715_600_000,
    },
  },
  {
    kind: 'agent',
    record: {
      ref: AGENT + 6,
      key: 's1/w/a-6',
      id: 'a-6',
      swarm: 1,
      server_id: 's1',
      server_type: 'ruv-swarm',
      status: 'unknown',
      status_raw: 'zzz',
      slot: 0,
      stale: true,
      stale_since_ms: 1_763_715_600_123,
    },
  },
  {
    kind: 'link',
    record: {
      ref: 9,
      swarm: 1,
      from: AGENT + 5,
      to: AGENT + 6,
      kind: 'communication',
      source: 'reported',
      weight: 0.30000000000000004,
      at_ms: 1_763_715_600_000,
      half_life_ms: 30_000,
      message_count: 2,
    },
  },
  {
    kind: 'task',
    record: {
      ref: 2,
      id: 't',
      server_id: 's1',
      swarm: 1,
      status: 'in_progress',
      progress: 1e-7,
      assignees: [AGENT + 5],
    },
  },
];

interface FrameInput {
  note: string;
  kind: FrameKind;
  tick: number;
  timeMs: number;
  sections: {
    swarmRef: number;
    flags: number;
    block: number;
    slotsRev: number;
    origin: [number, number, number];
    scale: number;
    /** slot, x, y, z: i16 steps for q16, world units for f32. */
    records: [number, number, number, number][];
  }[];
}

const frames: FrameInput[] = [
  {
    note: 'q16, one whole settled swarm of two agents',
    kind: 'q16',
    tick: 600,
    timeMs: 1_763_715_610_000,
    sections: [
      {
        swarmRef: 1,
        flags: 3,
        block: 0,
        slotsRev: 3,
        origin: [0, 0, 0],
        scale: 0.03125,
        records: [
          [0, 320, -320, 1],
          [4, -32767, 32767, 0],
        ],
      },
    ],
  },
  {
    note: 'q16, two sections, the second of block 1 and away from the origin',
    kind: 'q16',
    tick: 4_294_967_295,
    timeMs: 1_763_715_610_016.5,
    sections: [
      { swarmRef: 1, flags: 0, block: 0, slotsRev: 65_535, origin: [0, 0, 0], scale: 1, records: [[65_535, 1, 2, 3]] },
      {
        swarmRef: 8_388_609,
        flags: 1,
        block: 1,
        slotsRev: 0,
        origin: [-64, 0, 128],
        scale: 0.0078125,
        records: [[2, -128, 64, -1]],
      },
    ],
  },
  {
    note: 'f32, slots are whole',
    kind: 'f32',
    tick: 601,
    timeMs: 1_763_715_610_016,
    sections: [
      {
        swarmRef: 1,
        flags: 1,
        block: 0,
        slotsRev: 3,
        origin: [0, 0, 0],
        scale: 1,
        records: [[65_538, 0.5, -1.25, 1024]],
      },
    ],
  },
];

function encodeFrame({ kind, tick, timeMs, sections }: FrameInput): Uint8Array {
  const recordBytes = kind === 'q16' ? 8 : 16;
  const size = sections.reduce((sum, { records }) => sum + 28 + records.length * recordBytes, 16);
  const view = new DataView(new ArrayBuffer(size));
  writeFrameHeader(view, 0, { kind, sections: sections.length, tick, timeMs });
  let at = 16;
  for (const { records, ...header } of sections) {
    writeSectionHeader(view, at, { ...header, count: records.length });
    at += 28;
    for (const [slot, ...axes] of records) {
      if (kind === 'q16') view.setUint16(at, slot, true);
      else view.setUint32(at, slot, true);
      axes.forEach((value, axis) => {
        if (kind === 'q16') view.setInt16(at + 2 + axis * 2, value, true);
        else view.setFloat32(at + 4 + axis * 4, value, true);
      });
      at += recordBytes;
    }
  }
  return new Uint8Array(view.buffer);
}

function frameVector(input: FrameInput) {
  const bytes = encodeFrame(input);
  const { kind, tick, timeMs, sections } = decodeFrame(bytes);
  return {
    note: input.note,
    hex: hex(bytes),
    kind,
    tick,
    time_ms: timeMs,
    sections: sections.map(({ swarmRef, flags, slotsRev, slots, positions }) => ({
      swarm: swarmRef,
      full: (flags & 1) !== 0,
      settled: (flags & 2) !== 0,
      slots_rev: slotsRev,
      agents: [...slots].map((slot, i) => ({ slot, position: [...positions.subarray(i * 3, i * 3 + 3)] })),
    })),
  };
}

function raw28Vector() {
  const view = new DataView(new ArrayBuffer(28));
  view.setUint32(0, AGENT + 5, true);
  const position = [1.5, -2.25, 1024];
  const velocity = [0, 0.125, -3];
  [...position, ...velocity].forEach((value, i) => {
    view.setFloat32(4 + i * 4, value, true);
  });
  return [{ hex: hex(new Uint8Array(view.buffer)), agents: [{ ref: AGENT + 5, position, velocity }] }];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function lane(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function entityVector({ kind, record }: (typeof entities)[number]) {
  const fields = Object.fromEntries(Object.entries(record).filter(([key]) => !UNHASHED[kind].includes(key)));
  const { high, low } = entityHash(kind, record);
  return { kind, record, input: canonicalJson([kind, record.ref, fields]), high: lane(high), low: lane(low) };
}

function viewHash(): string {
  const sum = { high: 0, low: 0 };
  for (const { kind, record } of entities) toggle(sum, entityHash(kind, record));
  return formatHash(sum);
}

const texts = ['', 'a', 'ab', 'abc', 'abcd', 'hello, world', 'Zo\u00eb \u4e2d \ud83d\ude00'];
const decays = [
  { weight: 1, at_ms: 1_000, half_life_ms: 30_000, now_ms: 1_000 },
  { weight: 0.8, at_ms: 1_000, half_life_ms: 30_000, now_ms: 31_000 },
  { weight: 3, at_ms: 0, half_life_ms: 30_000, now_ms: 75_000 },
];

/** Everything that vectors.json holds. */
export function computeVectors() {
  return {
    protocol: 1,
    murmur3: texts.flatMap((text) =>
      LANE_SEEDS.map((seed) => ({ text, seed, hash: lane(murmur3(new TextEncoder().encode(text), seed)) })),
    ),
    canonical_json: canonicalValues.map((value) => ({ value, canonical: canonicalJson(value) })),
    state_hash: { entities: entities.map(entityVector), empty: formatHash({ high: 0, low: 0 }), view: viewHash() },
    frames: frames.map(frameVector),
    raw28: raw28Vector(),
    quantise: [
      [0.015, 0, 0.03125],
      [0.015625, 0, 0.03125],
      [-0.015625, 0, 0.03125],
      [-0.0467, 0, 0.03125],
      [5_000, 0, 0.03125],
      [130, 128, 0.5],
    ].map(([value = 0, origin = 0, scale = 1]) => ({ value, origin, scale, steps: quantise(value, origin, scale) })),
    link_decay: decays.map(({ now_ms, ...link }) => ({
      ...link,
      now_ms,
      value: linkWeightAt(link, now_ms),
    })),
    msgpack: [
      { type: 'ack', payload: { tick: 600 } },
      { type: 'performance_mode', id: 7, payload: { mode: 'on_demand' } },
      { type: 'error', timestamp: 1_763_715_600_000, payload: { code: 'malformed', message: 'no' } },
    ].map((message) => ({ message, hex: hex(packMessage(message)) })),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${JSON.stringify(computeVectors(), null, 2)}\n`);
}
