/**
 * A swarm's row in the kernel's memory: byte offsets of its fields, as assembly/swarm.ts describes them. Values are u32
 * unless said otherwise.
 */
export const FIELD = {
  state: 0,
  count: 4,
  places: 8,
  velocities: 12,
  mobility: 20,
  slots: 24,
  springEnds: 28,
  springConstants: 32,
  springCount: 36,
  shapeKind: 40,
  shape: 44,
  /** f32 */
  shapeRadius: 48,
  /** i32 */
  hub: 52,
  pins: 56,
  pinCount: 60,
  /** f32 */
  alpha: 64,
  restingSteps: 68,
  seed: 72,
  poisoned: 76,
  /** f32 × 4 */
  centre: 80,
  /** f32 × 4 */
  glideFrom: 96,
  /** f32 × 4 */
  glideTo: 112,
  glideLeft: 128,
  region: 132,
  regionCapacity: 136,
  /** i32 */
  exponent: 140,
  slotsRev: 144,
  membership: 148,
  method: 152,
  /** f32 */
  theta: 156,
  tree: 160,
  progress: 164,
  /** f32 */
  sortedRadius: 168,
  stepsSinceSort: 172,
  /** f32 */
  topSpeed: 176,
  /** f32 */
  reach: 180,
  poisonedNow: 184,
  /** f32 */
  centring: 188,
  components: 192,
  componentCount: 196,
  ref: 200,
  /** f32 */
  room: 204,
  repulsion: 208,
  steps: 212,
  /** f32 */
  way: 216,
  /** f32 */
  wayMax: 220,
} as const;

export type Field = (typeof FIELD)[keyof typeof FIELD];

export const SWARM_BYTES = 256;

/** Values of `state`: at rest; being stepped; at rest with something to publish. */
export const STATE = { asleep: 0, awake: 1, publishOnce: 2 } as const;

export const SHAPE_KIND = { free: 0, ring: 1, layers: 2, star: 3 } as const;

/** How repulsion is computed; `auto` goes by size. */
export const METHOD = { auto: 0, full: 1, symmetric: 2, fmm: 3 } as const;
export type KernelMethod = keyof typeof METHOD;
