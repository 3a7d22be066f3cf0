/**
 * A swarm in memory: a row of named fields that point at its blocks. The host lays rows and blocks out
 * (kernel/swarm-fields.ts has the same offsets); the kernel reads and writes them.
 *
 * Blocks, all aligned to 16 bytes, for a capacity that is a multiple of four:
 *   places      f32 x, y, z, charge (1; 0 in rows beyond count)
 *   velocities  f32 x, y, z, 0   units per step
 *   repulsion   f32 x, y, z, 0   as last worked out, see multistep.ts
 *   mobility    f32, 0–1: share of the swarm's heat that reaches the body
 *   slots       u32
 *   ends        u32 × 2 per spring: byte offsets of its bodies in `places`
 *   constants   per four springs f32 × 4 rest lengths, strengths, and shares of the pull that `from` takes
 *   shape       f32 × 2 per body, see shape.ts
 *   components  u32: which bodies links join to one another, directly or through others
 *   pins        per pin u32 body, f32 x, y, z in world units
 *   tree        see fmm-tree.ts
 */
export namespace Field {
  /** 0 asleep, 1 awake, 2 asleep with something to publish. */
  export const state: usize = 0;
  export const count: usize = 4;
  export const places: usize = 8;
  export const velocities: usize = 12;
  /** Of the step under way, rows as of repulsion: in the scratch that all swarms share, or the block of repulsion. */
  export const forces: usize = 16;
  export const mobility: usize = 20;
  export const slots: usize = 24;
  export const springEnds: usize = 28;
  export const springConstants: usize = 32;
  /** A multiple of four: filled up with springs of no strength. */
  export const springCount: usize = 36;
  /** 0 free, 1 ring, 2 layers, 3 star. */
  export const shapeKind: usize = 40;
  export const shape: usize = 44;
  export const shapeRadius: usize = 48;
  /** Body in the middle of a star, −1 for none. */
  export const hub: usize = 52;
  export const pins: usize = 56;
  export const pinCount: usize = 60;
  export const alpha: usize = 64;
  export const restingSteps: usize = 68;
  export const seed: usize = 72;
  /** Times a body had turned non-finite and was put back. */
  export const poisoned: usize = 76;
  /** f32 × 4, world units; the fourth is 0. So are the next two. */
  export const centre: usize = 80;
  export const glideFrom: usize = 96;
  export const glideTo: usize = 112;
  /** Steps that the way from glideFrom to glideTo still takes; 0: at rest there. */
  export const glideLeft: usize = 128;
  /** 0: not published. */
  export const region: usize = 132;
  export const regionCapacity: usize = 136;
  /** The scale's place on its ladder, see publish.ts. */
  export const exponent: usize = 140;
  export const slotsRev: usize = 144;
  export const membership: usize = 148;
  /** 0 by size, 1 full, 2 symmetric, 3 fmm. */
  export const method: usize = 152;
  export const theta: usize = 156;
  export const tree: usize = 160;
  /** Leaves whose forces of the step under way are done; 0 between steps. */
  export const progress: usize = 164;
  /** Sum of leaf radii after the last sort; 0 asks for a sort. */
  export const sortedRadius: usize = 168;
  export const stepsSinceSort: usize = 172;
  /** Of the last step: greatest speed, greatest distance from the centre on an axis, bodies put back. */
  export const topSpeed: usize = 176;
  export const reach: usize = 180;
  export const poisonedNow: usize = 184;
  /** Pull to the centre, see centring.ts. */
  export const centring: usize = 188;
  /** Per body the number of its component, u32; and how many there are. */
  export const components: usize = 192;
  export const componentCount: usize = 196;
  /** What the host calls the swarm. */
  export const ref: usize = 200;
  /** Reach that the swarm is known to have room for. */
  export const room: usize = 204;
  /** When repulsion is worked out anew, see multistep.ts: its block, steps made, way since, and most of that. */
  export const repulsion: usize = 208;
  export const steps: usize = 212;
  export const way: usize = 216;
  export const wayMax: usize = 220;
}

/** Bytes of a swarm's row. */
export const SWARM_BYTES: usize = 256;

@inline export function u32At(swarm: usize, field: usize): u32 { return load<u32>(swarm + field); }
@inline export function i32At(swarm: usize, field: usize): i32 { return load<i32>(swarm + field); }
@inline export function f32At(swarm: usize, field: usize): f32 { return load<f32>(swarm + field); }
@inline export function pointer(swarm: usize, field: usize): usize { return <usize>load<u32>(swarm + field); }
