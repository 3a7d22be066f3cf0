/**
 * Where the picture is seen from: a point looked at, a distance, and two angles. What is asked for is reached gently;
 * what a hand does is done at once. Pure: no DOM, no clock of its own.
 */
export type Vec3 = [x: number, y: number, z: number];

export interface CameraPose {
  target: Vec3;
  distance: number;
  /** Radians; 0 looks along −z with y up. */
  yaw: number;
  pitch: number;
}

/** Vertical field of view, radians. */
export const FIELD_OF_VIEW = (35 * Math.PI) / 180;
const MAX_PITCH = 1.45;
const MIN_DISTANCE = 20;
const MAX_DISTANCE = 200_000;
/** Time in which two thirds of the way are done, ms. */
const EASE_MS = 160;

/** Right, up and backward (towards the eye) of a pose. */
export function axesOf({ yaw, pitch }: Pick<CameraPose, 'yaw' | 'pitch'>): { right: Vec3; up: Vec3; back: Vec3 } {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return { right: [cy, 0, -sy], up: [-sy * sp, cp, -cy * sp], back: [sy * cp, sp, cy * cp] };
}

function dot(a: Readonly<Vec3>, b: Readonly<Vec3>): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** A ball that has to be seen. */
export interface Ball {
  center: Readonly<Vec3>;
  radius: number;
}

/**
 * The nearest place from which all balls lie within the picture, at the angles of `pose`.
 * @param aspect width / height. @param margin share of the picture kept free around it, each side.
 * Without balls the pose stays.
 */
export function fitPose(
  balls: readonly Ball[],
  pose: CameraPose,
  aspect: number,
  margin: { x: number; top: number; bottom: number },
): CameraPose {
  if (balls.length === 0) return pose;
  const { right, up, back } = axesOf(pose);
  const tanV = Math.tan(FIELD_OF_VIEW / 2);
  const tanX = tanV * aspect * (1 - 2 * margin.x);
  const tanY = tanV * (1 - margin.top - margin.bottom);
  const [minX, maxX] = rangeAlong(balls, right);
  const [minY, maxY] = rangeAlong(balls, up);
  const [minZ, maxZ] = rangeAlong(balls, back);
  const [x, y, z] = [(minX + maxX) / 2, (minY + maxY) / 2, (minZ + maxZ) / 2];
  let distance = MIN_DISTANCE;
  for (const { center, radius } of balls) {
    const depth = dot(center, back) - z + radius * 0.5;
    const across = Math.abs(dot(center, right) - x) + radius;
    const along = Math.abs(dot(center, up) - y) + radius;
    distance = Math.max(distance, across / tanX + depth, along / tanY + depth);
  }
  // The free strip above and the one below may differ: the middle of what is left moves by half their difference.
  const lift = (margin.top - margin.bottom) * distance * tanV;
  const target: Vec3 = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    target[axis] = (right[axis] ?? 0) * x + (up[axis] ?? 0) * (y + lift) + (back[axis] ?? 0) * z;
  }
  return { target, distance, yaw: pose.yaw, pitch: pose.pitch };
}

function rangeAlong(balls: readonly Ball[], axis: Readonly<Vec3>): [number, number] {
  let min = Infinity;
  let max = -Infinity;
  for (const { center, radius } of balls) {
    const at = dot(center, axis);
    min = Math.min(min, at - radius);
    max = Math.max(max, at + radius);
  }
  return [min, max];
}

export class CameraRig {
  #pose: CameraPose = { target: [0, 0, 0], distance: 800, yaw: 0, pitch: 0.22 };
  #goal: CameraPose = this.#pose;
  /** False: goals are taken at once (reduced motion). */
  eases = true;

  get pose(): Readonly<CameraPose> {
    return this.#pose;
  }

  get goal(): Readonly<CameraPose> {
    return this.#goal;
  }

  /** Goes there, gently; at once when `now` or motion is unwanted. */
  moveTo(goal: CameraPose, now = false): void {
    this.#goal = { ...goal, target: [...goal.target] };
    if (now || !this.eases) this.#pose = { ...this.#goal, target: [...goal.target] };
  }

  /** A hand's turn, radians. */
  orbit(yaw: number, pitch: number): void {
    const goal = this.#goal;
    this.moveTo(
      { ...goal, yaw: goal.yaw + yaw, pitch: Math.min(MAX_PITCH, Math.max(-MAX_PITCH, goal.pitch + pitch)) },
      true,
    );
  }

  /** A hand's shift, in shares of the picture's height, right and up. */
  pan(x: number, y: number): void {
    const { right, up } = axesOf(this.#goal);
    const scale = this.#goal.distance * 2 * Math.tan(FIELD_OF_VIEW / 2);
    const target: Vec3 = [...this.#goal.target];
    for (let axis = 0; axis < 3; axis++) {
      target[axis] = (target[axis] ?? 0) + scale * (x * (right[axis] ?? 0) + y * (up[axis] ?? 0));
    }
    this.moveTo({ ...this.#goal, target }, true);
  }

  /** Nearer (factor < 1) or farther, towards the point (x, y) of the picture in shares of its height from the middle. */
  zoom(factor: number, x = 0, y = 0): void {
    const distance = Math.min(MAX_DISTANCE, Math.max(MIN_DISTANCE, this.#goal.distance * factor));
    const share = 1 - distance / this.#goal.distance;
    this.pan(x * share, y * share);
    this.moveTo({ ...this.#goal, distance }, true);
  }

  /** One frame later. True while the picture moves. */
  advance(elapsedMs: number): boolean {
    const { target, distance, yaw, pitch } = this.#pose;
    const goal = this.#goal;
    const share = 1 - Math.exp(-elapsedMs / EASE_MS);
    const left = Math.hypot(goal.target[0] - target[0], goal.target[1] - target[1], goal.target[2] - target[2]);
    const isThere =
      left < distance * 1e-4 &&
      Math.abs(goal.distance - distance) < distance * 1e-4 &&
      Math.abs(goal.yaw - yaw) + Math.abs(goal.pitch - pitch) < 1e-4;
    if (isThere) {
      this.#pose = goal;
      return false;
    }
    this.#pose = {
      target: [0, 1, 2].map((axis) => mix(target[axis] ?? 0, goal.target[axis] ?? 0, share)) as Vec3,
      distance: mix(distance, goal.distance, share),
      yaw: mix(yaw, goal.yaw, share),
      pitch: mix(pitch, goal.pitch, share),
    };
    return true;
  }
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
