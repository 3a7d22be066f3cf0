/**
 * Every agent's place in the picture: the gateway's positions, smoothed between frames, with each swarm moved as a
 * whole to its place in the arrangement. Dense arrays, in the form that the graphics card takes. Pure.
 */
import type { Position } from '../../client/client.ts';
import type { Arrangement, SwarmRoom } from './arrangement.ts';
import { arrange, roomFor } from './arrangement.ts';

/** Floats per agent in {@link AgentField.data}: x, y, z, visibility 0–1. */
export const STRIDE = 4;
/** World units between the outermost agents of a swarm and the circle around it. */
export const RING_GAP = 9;
/** Agents per row of the texture that {@link AgentField.data} becomes. */
export const ROW = 128;

const FADE_MS = 220;
const REARRANGE_MS = 320;
/** World units below which nothing is seen to move. */
const STILL = 0.02;

export interface SwarmPlace {
  ref: number;
  server: string;
  count: number;
  /** Middle and radius of its agents, in the picture. */
  x: number;
  y: number;
  z: number;
  radius: number;
  /** 0–1, for fading in. */
  shown: number;
  /** As the gateway has it: middle of the agents. */
  middle: [number, number, number];
  /** What is added to the gateway's positions, and where that is going. */
  offset: [number, number, number];
  goal: [number, number, number];
  /** The gateway's middle that the goal was computed for. */
  anchor: [number, number, number];
  room: number;
}

export interface Step {
  /** Gateway time to show, ms since 1970. */
  timeMs: number;
  elapsedMs: number;
  /** Time in which two thirds of a correction are done, ms; 0: at once. */
  smoothingMs: number;
}

export type PositionSource = (agent: number, timeMs: number, out: [number, number, number]) => Position | undefined;

export class AgentField {
  /** {@link STRIDE} floats per agent; a whole number of rows of {@link ROW}. Replaced when it grows. */
  data = new Float32Array(ROW * STRIDE);
  readonly refs: number[] = [];
  readonly swarms = new Map<number, SwarmPlace>();
  #raw = new Float64Array(ROW * 3);
  readonly #swarmOf: number[] = [];
  readonly #indexOf = new Map<number, number>();
  #arrangement: Arrangement = { swarms: new Map(), areas: [] };
  #needsArranging = false;
  #aspect = 1.6;

  get size(): number {
    return this.refs.length;
  }

  get areas(): Arrangement['areas'] {
    return this.#arrangement.areas;
  }

  indexOf(ref: number): number | undefined {
    return this.#indexOf.get(ref);
  }

  /** width / height of the picture that swarms are arranged for; taken when they are next arranged. */
  set aspect(aspect: number) {
    this.#aspect = aspect;
  }

  /** Known agents only change their swarm. Returns the index. */
  add(ref: number, swarm: number, server: string): number {
    if (!this.swarms.has(swarm)) {
      this.swarms.set(swarm, newSwarm(swarm, server));
      this.#needsArranging = true;
    }
    const known = this.#indexOf.get(ref);
    const index = known ?? this.refs.length;
    if (known === undefined) {
      this.#grow(index + 1);
      this.refs.push(ref);
      this.#indexOf.set(ref, index);
      this.#raw[index * 3] = Number.NaN;
      this.data.fill(0, index * STRIDE, (index + 1) * STRIDE);
    }
    this.#swarmOf[index] = swarm;
    return index;
  }

  /** The last agent takes the place of the one that goes. */
  remove(ref: number): void {
    const index = this.#indexOf.get(ref);
    if (index === undefined) return;
    const last = this.refs.length - 1;
    const moved = this.refs[last] ?? ref;
    this.refs[index] = moved;
    this.#swarmOf[index] = this.#swarmOf[last] ?? 0;
    this.#indexOf.set(moved, index);
    this.#raw.copyWithin(index * 3, last * 3, last * 3 + 3);
    this.data.copyWithin(index * STRIDE, last * STRIDE, (last + 1) * STRIDE);
    this.refs.pop();
    this.#swarmOf.pop();
    this.#indexOf.delete(ref);
  }

  removeSwarm(ref: number): void {
    if (this.swarms.delete(ref)) this.#needsArranging = true;
  }

  swarmOf(index: number): SwarmPlace | undefined {
    return this.swarms.get(this.#swarmOf[index] ?? -1);
  }

  /** One frame later. True when something is to be seen moving. */
  advance(step: Step, positionAt: PositionSource): boolean {
    const moved = this.#follow(step, positionAt);
    this.#measure();
    this.#arrange();
    const shifted = this.#shift(step);
    const faded = this.#place(step);
    return moved || shifted || faded;
  }

  #follow({ timeMs, elapsedMs, smoothingMs }: Step, positionAt: PositionSource): boolean {
    const share = smoothingMs === 0 ? 1 : 1 - Math.exp(-elapsedMs / smoothingMs);
    const raw = this.#raw;
    const out: [number, number, number] = [0, 0, 0];
    let farthest = 0;
    for (let i = 0; i < this.refs.length; i++) {
      if (positionAt(this.refs[i] ?? 0, timeMs, out) === undefined) continue;
      const isNew = Number.isNaN(raw[i * 3]);
      for (let axis = 0; axis < 3; axis++) {
        const at = i * 3 + axis;
        const to = out[axis] ?? 0;
        const delta = isNew ? 0 : to - (raw[at] ?? 0);
        if (Math.abs(delta) > farthest) farthest = Math.abs(delta);
        raw[at] = isNew || share === 1 ? to : to - delta * (1 - share);
      }
    }
    return farthest > STILL;
  }

  #measure(): void {
    for (const swarm of this.swarms.values()) {
      swarm.count = 0;
      swarm.radius = 0;
      swarm.middle = [0, 0, 0];
    }
    this.#eachPlaced((swarm, x, y, z) => {
      swarm.count++;
      swarm.middle[0] += x;
      swarm.middle[1] += y;
      swarm.middle[2] += z;
    });
    for (const { count, middle } of this.swarms.values()) {
      for (let axis = 0; axis < 3; axis++) middle[axis] = (middle[axis] ?? 0) / Math.max(1, count);
    }
    this.#eachPlaced((swarm, x, y, z) => {
      const [mx, my, mz] = swarm.middle;
      swarm.radius = Math.max(swarm.radius, Math.hypot(x - mx, y - my, z - mz));
    });
  }

  #eachPlaced(visit: (swarm: SwarmPlace, x: number, y: number, z: number) => void): void {
    const raw = this.#raw;
    for (let i = 0; i < this.refs.length; i++) {
      const swarm = this.swarmOf(i);
      const x = raw[i * 3] ?? Number.NaN;
      if (swarm !== undefined && !Number.isNaN(x)) visit(swarm, x, raw[i * 3 + 1] ?? 0, raw[i * 3 + 2] ?? 0);
    }
  }

  #arrange(): void {
    for (const swarm of this.swarms.values()) {
      if (swarm.count === 0) continue;
      this.#needsArranging ||= roomFor(swarm.radius, swarm.room) !== swarm.room;
      // The gateway moved the swarm as a whole: the picture does not follow.
      if (swarm.room > 0 && distance2(swarm.middle, swarm.anchor) > (swarm.room * 0.5) ** 2) this.#anchor(swarm, true);
    }
    if (!this.#needsArranging) return;
    this.#needsArranging = false;
    const rooms: SwarmRoom[] = [];
    for (const { ref, server, radius, room, count } of this.swarms.values())
      if (count > 0) rooms.push({ ref, server, room: roomFor(radius, room) });
    this.#arrangement = arrange(rooms, this.#aspect);
    for (const swarm of this.swarms.values()) this.#anchor(swarm, swarm.room === 0);
  }

  /** `now`: its agents were not where they could be seen to move from. */
  #anchor(swarm: SwarmPlace, now: boolean): void {
    const place = this.#arrangement.swarms.get(swarm.ref);
    if (place === undefined) return;
    swarm.anchor = [...swarm.middle];
    swarm.room = place.room;
    swarm.goal = [place.x - swarm.middle[0], place.y - swarm.middle[1], -swarm.middle[2]];
    if (now) swarm.offset = [...swarm.goal];
  }

  #shift({ elapsedMs, smoothingMs }: Step): boolean {
    const share = smoothingMs === 0 ? 1 : 1 - Math.exp(-elapsedMs / REARRANGE_MS);
    let moves = false;
    for (const swarm of this.swarms.values()) {
      for (let axis = 0; axis < 3; axis++) {
        const delta = (swarm.goal[axis] ?? 0) - (swarm.offset[axis] ?? 0);
        if (Math.abs(delta) > STILL) moves = true;
        swarm.offset[axis] = (swarm.offset[axis] ?? 0) + delta * share;
      }
      swarm.x = swarm.middle[0] + swarm.offset[0];
      swarm.y = swarm.middle[1] + swarm.offset[1];
      swarm.z = swarm.middle[2] + swarm.offset[2];
      const seen = swarm.count > 0 ? 1 : 0;
      if (Math.abs(seen - swarm.shown) > 0.01) moves = true;
      swarm.shown += (seen - swarm.shown) * share;
    }
    return moves;
  }

  #place({ elapsedMs, smoothingMs }: Step): boolean {
    const share = smoothingMs === 0 ? 1 : 1 - Math.exp(-elapsedMs / FADE_MS);
    const { data } = this;
    const raw = this.#raw;
    let fades = false;
    for (let i = 0; i < this.refs.length; i++) {
      const swarm = this.swarmOf(i);
      if (swarm === undefined || Number.isNaN(raw[i * 3])) continue;
      const at = i * STRIDE;
      for (let axis = 0; axis < 3; axis++) data[at + axis] = (raw[i * 3 + axis] ?? 0) + (swarm.offset[axis] ?? 0);
      const left = 1 - (data[at + 3] ?? 0);
      if (left > 0.01) fades = true;
      data[at + 3] = left > 0.01 ? 1 - left * (1 - share) : 1;
    }
    return fades;
  }

  #grow(count: number): void {
    const capacity = this.data.length / STRIDE;
    if (count <= capacity) return;
    const rows = 2 ** Math.ceil(Math.log2(Math.ceil(count / ROW)));
    const data = new Float32Array(rows * ROW * STRIDE);
    data.set(this.data);
    this.data = data;
    const raw = new Float64Array(rows * ROW * 3);
    raw.set(this.#raw);
    this.#raw = raw;
  }
}

function newSwarm(ref: number, server: string): SwarmPlace {
  return {
    ref,
    server,
    count: 0,
    x: 0,
    y: 0,
    z: 0,
    radius: 0,
    shown: 0,
    middle: [0, 0, 0],
    offset: [0, 0, 0],
    goal: [0, 0, 0],
    anchor: [0, 0, 0],
    room: 0,
  };
}

function distance2(a: readonly number[], b: readonly number[]): number {
  return ((a[0] ?? 0) - (b[0] ?? 0)) ** 2 + ((a[1] ?? 0) - (b[1] ?? 0)) ** 2 + ((a[2] ?? 0) - (b[2] ?? 0)) ** 2;
}
