/**
 * Where the camera looks: all that is shown, until a hand moves the picture; or an agent that it follows. It never goes
 * anywhere by itself otherwise.
 */
import type { AgentField } from './agent-field.ts';
import { STRIDE } from './agent-field.ts';
import type { Ball, CameraRig } from './camera-rig.ts';
import { fitPose } from './camera-rig.ts';
import { createProjector } from './projection.ts';
import type { Projector } from './projection.ts';

/** Free strips around a fitted picture, shares of its size. */
const MARGIN = { x: 0.05, top: 0.1, bottom: 0.07 };
/** Strip at the edge, in pixels, in which an agent does not count as in sight. */
const EDGE_PX = 30;
/** How near an agent is approached, world units. */
const NEAR = 260;

export class Framing {
  readonly #rig: CameraRig;
  readonly #field: AgentField;
  #size = { width: 1, height: 1 };
  /** The picture keeps everything in sight. */
  #autoFit = true;
  #fitted = false;
  #hasFitted = false;
  #follow: number | undefined;

  constructor(rig: CameraRig, field: AgentField) {
    this.#rig = rig;
    this.#field = field;
  }

  /** CSS pixels. */
  get size(): { width: number; height: number } {
    return this.#size;
  }

  resize(width: number, height: number): void {
    this.#size = { width, height };
    if (this.#autoFit) this.#fitted = false;
  }

  /** All that is shown comes into sight, and is kept there until a hand moves the picture. */
  fit(): void {
    this.#autoFit = true;
    this.#fitted = false;
    this.#follow = undefined;
  }

  /** A hand moved the picture: from now on nothing else does. */
  release(): void {
    this.#autoFit = false;
    this.#follow = undefined;
  }

  /** Keeps an agent in the middle; undefined ends it. */
  follow(ref: number | undefined): void {
    this.#follow = ref;
    if (ref !== undefined) this.#autoFit = false;
  }

  /** Brings an agent into sight, if it is not, by moving sideways only. True when something moves. */
  reveal(ref: number): boolean {
    const at = this.#placeOf(ref);
    if (at === undefined || this.#isInSight(at)) return false;
    this.#autoFit = false;
    this.#rig.moveTo({ ...this.#rig.goal, target: at });
    return true;
  }

  /** Goes near an agent. True when something moves. */
  approach(ref: number): boolean {
    const at = this.#placeOf(ref);
    if (at === undefined) return false;
    this.#autoFit = false;
    this.#rig.moveTo({ ...this.#rig.goal, target: at, distance: Math.min(this.#rig.goal.distance, NEAR) });
    return true;
  }

  projector(): Projector {
    return createProjector(this.#rig.pose, this.#size.width, this.#size.height);
  }

  /** Before each frame: sets the camera's goal. `swarm`: the only one that is shown; undefined: all are. */
  steer(swarm: number | undefined): void {
    if (this.#follow !== undefined) {
      const at = this.#placeOf(this.#follow);
      if (at !== undefined) this.#rig.moveTo({ ...this.#rig.goal, target: at });
      return;
    }
    if (!this.#autoFit) return;
    const balls = this.#balls(swarm);
    if (balls.length === 0) return;
    const aspect = this.#size.width / Math.max(1, this.#size.height);
    const fitted = fitPose(balls, this.#rig.goal, aspect, MARGIN);
    const { distance, target } = this.#rig.goal;
    const off = Math.hypot(fitted.target[0] - target[0], fitted.target[1] - target[1], fitted.target[2] - target[2]);
    // Small changes stay within the margin and move nothing.
    const fits = Math.abs(fitted.distance / distance - 1) < 0.06 && off < distance * 0.03;
    if (this.#fitted && fits) return;
    const isFirst = !this.#hasFitted;
    this.#fitted = true;
    this.#hasFitted = true;
    this.#rig.moveTo(fitted, isFirst);
  }

  #isInSight(at: [number, number, number]): boolean {
    const { width, height } = this.#size;
    const seen = this.projector().at(...at);
    if (seen === undefined) return false;
    const { x, y } = seen;
    return x > EDGE_PX && x < width - EDGE_PX && y > EDGE_PX && y < height - EDGE_PX;
  }

  #balls(swarm: number | undefined): Ball[] {
    const balls: Ball[] = [];
    for (const { ref, count, goal, middle, room } of this.#field.swarms.values()) {
      if (count === 0 || (swarm !== undefined && ref !== swarm)) continue;
      balls.push({ center: [middle[0] + goal[0], middle[1] + goal[1], middle[2] + goal[2]], radius: room });
    }
    return balls;
  }

  #placeOf(ref: number): [number, number, number] | undefined {
    const index = this.#field.indexOf(ref);
    if (index === undefined) return undefined;
    const { data } = this.#field;
    const at = index * STRIDE;
    return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
  }
}
