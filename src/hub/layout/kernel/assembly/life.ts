/**
 * The life of a swarm between changes: it cools with every step and goes to sleep when it has come to rest. The host
 * warms it. Beside it, what moves a swarm from outside: the way to another place, and held agents.
 */
import {
  ALPHA_MIN, COOLING, GLIDE_TICKS, JITTER, MAX_LOCAL, REST_SPEED, REST_STEPS,
} from "../physics";
import { signedUnit } from "./random";
import { f32At, Field, pointer, u32At } from "./swarm";
import { add, bodyAt, laneX, laneY, laneZ, mul, ROW, splat, sub } from "./vectors";

export namespace State {
  export const asleep: u32 = 0;
  export const awake: u32 = 1;
  export const publishOnce: u32 = 2;
}

/** After a step: less heat, and sleep when it is time. */
export function cool(swarm: usize): void {
  const alpha = f32At(swarm, Field.alpha) * <f32>COOLING;
  store<f32>(swarm + Field.alpha, alpha);
  const resting = f32At(swarm, Field.topSpeed) < <f32>REST_SPEED
    && u32At(swarm, Field.poisonedNow) == 0
    && u32At(swarm, Field.glideLeft) == 0;
  const steps = resting ? u32At(swarm, Field.restingSteps) + 1 : <u32>0;
  store<u32>(swarm + Field.restingSteps, steps);
  if (!resting || (alpha >= <f32>ALPHA_MIN && steps < <u32>REST_STEPS)) return;
  store<u32>(swarm + Field.state, State.asleep);
  store<f32>(swarm + Field.alpha, 0);
  memory.fill(pointer(swarm, Field.velocities), 0, (<usize>u32At(swarm, Field.count)) << 4);
}

/** One step of the way to another place: slow at its ends. */
export function glide(swarm: usize): void {
  const left = u32At(swarm, Field.glideLeft);
  if (left == 0) return;
  store<u32>(swarm + Field.glideLeft, left - 1);
  const t: f32 = <f32>1 - <f32>(left - 1) / <f32>GLIDE_TICKS;
  const eased = splat(t * t * (<f32>3 - <f32>2 * t));
  const from = v128.load(swarm + Field.glideFrom), to = v128.load(swarm + Field.glideTo);
  v128.store(swarm + Field.centre, left == 1 ? to : add(from, mul(sub(to, from), eased)));
}

/** Held agents stand where they are held. */
export function holdPins(swarm: usize): void {
  const count = u32At(swarm, Field.pinCount);
  if (count == 0) return;
  const centre = v128.load(swarm + Field.centre);
  const farthest = splat(<f32>MAX_LOCAL);
  let reach = f32At(swarm, Field.reach);
  for (let k: u32 = 0, pin = pointer(swarm, Field.pins); k < count; k += 1, pin += ROW) {
    const body = <i32>load<u32>(pin);
    const held = v128.load(pin);
    const world = v128.shuffle<f32>(held, held, 1, 2, 3, 3);
    const local = f32x4.pmin(f32x4.pmax(sub(world, centre), f32x4.neg(farthest)), farthest);
    v128.store(bodyAt(pointer(swarm, Field.places), body), f32x4.replace_lane(local, 3, 1));
    v128.store(bodyAt(pointer(swarm, Field.velocities), body), splat(0));
    const distance = f32x4.abs(local);
    reach = max<f32>(max<f32>(reach, laneX(distance)), max<f32>(laneY(distance), laneZ(distance)));
  }
  store<f32>(swarm + Field.reach, reach);
}

/** Shakes all bodies by next to nothing, each in a direction of its own, so that coincident ones can part. */
export function shake(swarm: usize): void {
  const count = u32At(swarm, Field.count), seed = u32At(swarm, Field.seed);
  const slots = pointer(swarm, Field.slots);
  for (let i: u32 = 0, p = pointer(swarm, Field.places); i < count; i += 1, p += ROW) {
    const key = (i << 8) ^ load<u32>(slots + ((<usize>i) << 2));
    const by = f32x4(signedUnit(seed, key, 31), signedUnit(seed, key, 32), signedUnit(seed, key, 33), 0);
    v128.store(p, add(v128.load(p), mul(by, splat(<f32>JITTER))));
  }
}
