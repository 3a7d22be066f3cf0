/**
 * Constants of the physics, read by both compilers: tsc for the engine, asc for the kernel. Plain numbers only, so that
 * both take them alike. Lengths in world units, times in steps of 1/60 s. Origin: measurements in design/layout.md.
 */

/** Steps per second. */
export const STEP_HZ = 60;
/** Rest length of a link. */
export const LINK_LENGTH = 30;
/** Repulsion between two bodies is REPULSION × d / (r² + SOFTENING)^1.5: Coulomb's law, softened below one unit. */
export const REPULSION = 300;
export const SOFTENING = 1;
/**
 * Pull of each component (agents that links join to one another) as a whole to the swarm's centre, per unit of distance
 * of its own centre. n agents without links come to rest in a ball of radius (REPULSION / CENTRING × n)^(1/3) ≈ 31
 * n^(1/3).
 */
export const CENTRING = 0.01;
/** Share of a velocity that is kept from step to step. */
export const RETENTION = 0.9;
/** No body moves further in one step. */
export const MAX_SPEED = 15;
/** Bodies never leave this distance from their swarm's centre on any axis. */
export const MAX_LOCAL = 1_048_576;
/** Half the width of the cube in which woken bodies are shaken, so that coincident ones find a direction to part in. */
export const JITTER = 0.001;

/** Alpha scales all forces; per step it is multiplied by this: 1 → 0.001 in 300 steps (5 s). */
export const COOLING = 0.977_237;
/** Below this alpha a swarm may rest. */
export const ALPHA_MIN = 0.005;
/** Speed, units per step, below which a body counts as resting. */
export const REST_SPEED = 0.06;
/** A swarm that rested for so many steps goes to sleep before it has cooled down. */
export const REST_STEPS = 30;
/** Steps that a swarm takes to move to another place. */
export const GLIDE_TICKS = 60;

/** Up to this many bodies repulsion is the full sum; scratch costs more than it saves. */
export const FULL_MAX = 20;
/** Up to this many bodies each pair is computed once; above, far groups are approximated. */
export const SYMMETRIC_MAX = 320;
/** Repulsion is worked out in every so many steps, a power of two, and when the fastest body may have gone so far: a quarter of a link. */
export const REPULSION_STEPS = 4;
export const REPULSION_WAY = 7.5;
/** Accuracy of the approximation: groups of radii r and s interact as wholes when (r + s) ≤ THETA × distance. */
export const THETA = 1.2;
/** Bodies whose approximated repulsion is computed in one tick; a swarm of more takes several ticks for a step. */
export const SLICE_BODIES = 50_000;

/** Share of the way to its place that a body is drawn per step at alpha 1, by shape. */
export const RING_STRENGTH = 0.1;
export const LAYER_STRENGTH = 0.3;
export const HUB_STRENGTH = 0.3;
export const SHELL_STRENGTH = 0.1;
