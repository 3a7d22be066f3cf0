/** Constants of the physics. Lengths in world units, times in steps of 1/60 s. Origin: measurements in design/layout.md. */

/** Steps per second. */
export const STEP_HZ = 60;
/** Rest length of a link. */
export const LINK_LENGTH = 30;
/** Repulsion between two bodies is REPULSION × d / (r² + 1)^1.5: Coulomb's law, softened below one unit. */
export const REPULSION = 10 * LINK_LENGTH;
/**
 * Pull to the swarm's centre, per unit of distance. n agents without links come to rest in a ball of radius
 * (REPULSION / CENTRING × n)^(1/3) ≈ 31 n^(1/3).
 */
export const CENTRING = 0.01;
/** Share of a velocity that is kept from step to step. */
export const RETENTION = 0.9;
/** No body moves further in one step. */
export const MAX_SPEED = LINK_LENGTH / 2;
/** Bodies never leave this distance from their swarm's centre on any axis. */
export const MAX_LOCAL = 2 ** 20;

/** Alpha scales all forces; per step it is multiplied by this: 1 → 0.001 in 300 steps (5 s). */
export const COOLING = 0.977_237;
/** Below this alpha a swarm may rest. */
export const ALPHA_MIN = 0.005;
/** Speed, units per step, below which a body counts as resting. */
export const REST_SPEED = 0.002 * LINK_LENGTH;
/** A swarm that rested for so many steps goes to sleep before it has cooled down. */
export const REST_STEPS = 30;

/** Heat (the least alpha) of each kind of change. Joins and leaves of many warm by their share of the swarm. */
export const HEAT = {
  coldStart: 1,
  topology: 0.3,
  member: 0.1,
  /** An operator moves an agent. */
  pin: 0.1,
  /** A topology link appears or vanishes. */
  link: 0.05,
  /** A communication link appears, vanishes, or changes its pull by more than {@link PULL_CHANGE}. */
  communication: 0.03,
} as const;

/** Greatest strength of a communication link, as a share of a topology link's. */
export const PULL_STRENGTH = 0.3;
/** Rest length of a communication link: those who talk come closer than those who are merely linked. */
export const PULL_LENGTH = 0.6 * LINK_LENGTH;
/** Change of pull (0–1) that warms a swarm; smaller ones wait for its next change. */
export const PULL_CHANGE = 0.2;

/** Above this many bodies repulsion is approximated by a tree. */
export const EXACT_MAX = 1_000;
/** Opening angle of the tree: a cell is taken as one body when its width is below THETA × its distance. */
export const THETA = 0.9;
/** Bodies whose tree repulsion is computed in one tick; a swarm of more takes several ticks for a step. */
export const SLICE_BODIES = 2_000;

/** Ticks that a swarm takes to move to another place. */
export const GLIDE_TICKS = 60;
