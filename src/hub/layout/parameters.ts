/** Constants of a swarm's life. Those of its physics are in kernel/physics.ts, which the kernel reads, too. */
import { LINK_LENGTH } from './kernel/physics.ts';

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

/** Heat falls off with the distance from the change: share that a neighbour gets of what an agent has. */
export const HEAT_FALLOFF = 0.4;
/** Share of the heat that reaches everybody in a swarm without a shape. */
export const HEAT_FLOOR = 0.05;

/** Greatest strength of a communication link, as a share of a topology link's. */
export const PULL_STRENGTH = 0.3;
/** Rest length of a communication link: those who talk come closer than those who are merely linked. */
export const PULL_LENGTH = 0.6 * LINK_LENGTH;
/** Change of pull (0–1) that warms a swarm; smaller ones wait for its next change. */
export const PULL_CHANGE = 0.2;

/** A swarm of so many agents begins unfolded (kernel/unfolded-start.ts); smaller ones unfold by themselves. */
export const UNFOLD_MIN = 100;
