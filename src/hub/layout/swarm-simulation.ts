/**
 * The physics and the life of one swarm.
 *
 * A swarm is warmed by changes (alpha, the scale of all forces), cools with every step, and goes to sleep when it has
 * come to rest: it then costs nothing until the next change. Changes are collected and take effect at the start of the
 * next step. Everything but that step's wall clock, which link weights decay by, follows from the seed and the changes.
 */
import type { Ref } from '../../model/ids.ts';
import { copyBody, createBodies } from './bodies.ts';
import type { Bodies } from './bodies.ts';
import { pullToCentre } from './forces/centring.ts';
import { integrate } from './forces/integrate.ts';
import type { Motion } from './forces/integrate.ts';
import { repel } from './forces/repulsion.ts';
import { pullToShape } from './forces/shape.ts';
import { createSprings, pullSprings } from './forces/springs.ts';
import { RepulsionTree } from './forces/tree-repulsion.ts';
import { compileLinks, pullAt } from './link-springs.ts';
import type { CompiledLinks } from './link-springs.ts';
import {
  ALPHA_MIN,
  COOLING,
  EXACT_MAX,
  GLIDE_TICKS,
  HEAT,
  LINK_LENGTH,
  MAX_LOCAL,
  PULL_CHANGE,
  REST_SPEED,
  REST_STEPS,
  SLICE_BODIES,
  STEP_HZ,
} from './parameters.ts';
import type { AgentSeat, LinkSeat, Place, SwarmChange, SwarmSeat } from './seats.ts';
import { linkRestLength, planShape, shapeKind } from './shape.ts';
import type { ShapePlan } from './shape.ts';
import { startNewcomers, startSwarm } from './start-positions.ts';

/** Positions to go on from, in world units, and velocities in units/s, by slot. */
export type LastPositions = ReadonlyMap<number, { place: Place; velocity: Place }>;

export class SwarmSimulation {
  readonly ref: Ref;
  readonly #seed: number;
  readonly #agents = new Map<Ref, AgentSeat>();
  readonly #links = new Map<Ref, LinkSeat>();
  readonly #pins = new Map<Ref, Place>();
  readonly #pulls = new Map<Ref, number>();
  readonly #motion: Motion = { maxSpeed: 0, poisoned: 0 };
  readonly #centre: [number, number, number];
  #topology: string | undefined;
  #bodies: Bodies = createBodies(0);
  #indexOf: ReadonlyMap<Ref, number> = new Map();
  #compiled: CompiledLinks = { springs: createSprings(0), topology: [], all: [] };
  #plan: ShapePlan = planShape('free', { count: 0, links: [], isLead: () => false });
  #tree: RepulsionTree | undefined;
  #alpha = 0;
  #asleep = false;
  #restingSteps = 0;
  /** Bodies whose repulsion of the step under way is done; 0 between steps. */
  #progress = 0;
  #membersChanged = true;
  #linksChanged = true;
  /** Something other than positions is to be published. */
  #unpublished = true;
  #joined = 0;
  #left = 0;
  #slotsRev: number;
  #membership: number;
  #glide: { from: Place; to: Place; ticks: number } | undefined;
  #poisoned = 0;
  /** As of the bodies in force; the fields above may be ahead of a step under way. */
  #inForce = { slotsRev: 0, membership: 0 };

  constructor(seat: SwarmSeat, seed: number, last?: LastPositions) {
    this.ref = seat.ref;
    this.#seed = (seed ^ Math.imul(seat.ref, 0x9e37_79b1)) >>> 0;
    this.#centre = [...seat.centre];
    this.#topology = seat.topology;
    this.#slotsRev = seat.slotsRev;
    this.#membership = seat.membership;
    for (const agent of seat.agents) this.#agents.set(agent.ref, agent);
    for (const link of seat.links) this.#links.set(link.ref, link);
    for (const [agent, place] of seat.pins) this.pin(agent, place);
    this.#joined = this.#agents.size;
    if (last !== undefined) this.#resume(last);
  }

  get bodies(): Bodies {
    return this.#bodies;
  }
  get asleep(): boolean {
    return this.#asleep;
  }
  get alpha(): number {
    return this.#alpha;
  }
  /** World units. */
  get centre(): Place {
    return this.#centre;
  }
  get slotsRev(): number {
    return this.#inForce.slotsRev;
  }
  get membership(): number {
    return this.#inForce.membership;
  }
  /** Ticks that a step of a swarm of this size takes. */
  get ticksPerStep(): number {
    const { count } = this.#bodies;
    return count <= EXACT_MAX ? 1 : Math.ceil(count / SLICE_BODIES);
  }
  /** Times a body had turned non-finite and was put back. */
  get poisoned(): number {
    return this.#poisoned;
  }

  /** Takes effect at the next step. */
  change(change: SwarmChange): void {
    if (change.topology !== undefined && change.topology.name !== this.#topology) {
      this.#topology = change.topology.name;
      this.#linksChanged = true;
      this.#heat(HEAT.topology);
    }
    this.#renumber(change.slotsRev ?? this.#slotsRev, change.membership ?? this.#membership);
    if (change.centre !== undefined) this.#glideTo(change.centre);
    for (const agent of change.seated ?? []) this.#seat(agent);
    for (const agent of change.left ?? []) this.#remove(agent);
    for (const link of change.linked ?? []) this.#link(link);
    for (const link of change.unlinked ?? []) this.#unlink(link);
  }

  /** Holds an agent at a place in world units, or lets go. A place that is not finite is ignored. */
  pin(agent: Ref, place: Place | undefined): void {
    if (place === undefined) {
      if (this.#pins.delete(agent)) this.#heat(HEAT.pin);
    } else if (place.every(Number.isFinite)) {
      this.#pins.set(agent, place);
      this.#heat(HEAT.pin);
    }
  }

  /**
   * One tick. Small swarms make a step in each; a swarm above {@link SLICE_BODIES} makes one in several.
   * @returns whether there is something to publish.
   */
  tick(nowMs: number): boolean {
    if (this.#progress === 0) this.#takeChanges(nowMs);
    if (this.#asleep) {
      const publish = this.#unpublished;
      this.#unpublished = false;
      return publish;
    }
    if (!this.#repel()) return false;
    const bodies = this.#bodies;
    pullSprings(bodies, this.#compiled.springs, this.#alpha);
    pullToShape(bodies, this.#plan, this.#alpha);
    pullToCentre(bodies, this.#alpha);
    integrate(bodies, this.#seed, this.#motion);
    this.#poisoned += this.#motion.poisoned;
    this.#moveCentre();
    this.#holdPins();
    this.#cool();
    this.#unpublished = false;
    return true;
  }

  #repel(): boolean {
    const bodies = this.#bodies;
    if (bodies.count <= EXACT_MAX) {
      repel(bodies, this.#alpha, this.#seed);
      return true;
    }
    this.#tree ??= new RepulsionTree();
    if (this.#progress === 0) this.#tree.build(bodies);
    const to = Math.min(bodies.count, this.#progress + SLICE_BODIES);
    this.#tree.repel(bodies, this.#progress, to, this.#alpha, this.#seed);
    this.#progress = to < bodies.count ? to : 0;
    return this.#progress === 0;
  }

  #cool(): void {
    this.#alpha *= COOLING;
    const { maxSpeed, poisoned } = this.#motion;
    const resting = maxSpeed < REST_SPEED && poisoned === 0 && this.#glide === undefined;
    this.#restingSteps = resting ? this.#restingSteps + 1 : 0;
    if (!resting || (this.#alpha >= ALPHA_MIN && this.#restingSteps < REST_STEPS)) return;
    this.#asleep = true;
    this.#alpha = 0;
    this.#bodies.vx.fill(0);
    this.#bodies.vy.fill(0);
    this.#bodies.vz.fill(0);
  }

  #heat(alpha: number): void {
    this.#asleep = false;
    this.#restingSteps = 0;
    if (alpha > this.#alpha) this.#alpha = alpha;
  }

  #renumber(slotsRev: number, membership: number): void {
    if (slotsRev === this.#slotsRev && membership === this.#membership) return;
    this.#slotsRev = slotsRev;
    this.#membership = membership;
    this.#membersChanged = true;
    this.#unpublished = true;
  }

  #seat(agent: AgentSeat): void {
    const known = this.#agents.get(agent.ref);
    this.#agents.set(agent.ref, agent);
    this.#membersChanged = true;
    this.#unpublished = true;
    if (known === undefined) this.#joined += 1;
    else if (known.lead !== agent.lead) this.#heat(HEAT.link);
  }

  #remove(agent: Ref): void {
    this.#pins.delete(agent);
    if (!this.#agents.delete(agent)) return;
    this.#membersChanged = true;
    this.#unpublished = true;
    this.#left += 1;
  }

  #link(link: LinkSeat): void {
    const known = this.#links.get(link.ref);
    this.#links.set(link.ref, link);
    if (known === undefined) {
      this.#linksChanged = true;
      this.#heat(link.kind === 'topology' ? HEAT.link : HEAT.communication);
      return;
    }
    // A chatty swarm updates weights all the time; only a pull that is markedly another one is worth moving for.
    const used = this.#pulls.get(link.ref);
    if (used === undefined || link.at_ms === undefined) return;
    if (Math.abs(pullAt(link, link.at_ms) - used) <= PULL_CHANGE) return;
    this.#linksChanged = true;
    this.#heat(HEAT.communication);
  }

  #unlink(ref: Ref): void {
    const known = this.#links.get(ref);
    if (known === undefined) return;
    this.#links.delete(ref);
    this.#linksChanged = true;
    this.#heat(known.kind === 'topology' ? HEAT.link : HEAT.communication);
  }

  #takeChanges(nowMs: number): void {
    if (!this.#membersChanged && !this.#linksChanged) return;
    const countBefore = this.#bodies.count;
    const isNew = this.#membersChanged ? this.#rebuildBodies() : undefined;
    this.#compile(nowMs);
    if (isNew?.includes(1) === true) {
      if (isNew.every((flag) => flag === 1)) startSwarm(this.#bodies, this.#plan, this.#seed);
      else startNewcomers(this.#bodies, isNew, this.#compiled.all, this.#seed);
    }
    const changed = this.#joined + this.#left;
    if (changed > 0) {
      const share = changed / Math.max(countBefore, this.#bodies.count);
      this.#heat(Math.min(HEAT.coldStart, Math.max(HEAT.member, share)));
    }
    this.#joined = 0;
    this.#left = 0;
    this.#membersChanged = false;
    this.#linksChanged = false;
  }

  /** @returns 1 for each body that has no position yet. */
  #rebuildBodies(): Uint8Array {
    const seats = [...this.#agents.values()].toSorted((one, other) => one.slot - other.slot);
    const old = this.#bodies;
    const bodies = createBodies(seats.length);
    const isNew = new Uint8Array(seats.length);
    const indexOf = new Map<Ref, number>();
    bodies.count = seats.length;
    seats.forEach((seat, index) => {
      bodies.slots[index] = seat.slot;
      bodies.refs.push(seat.ref);
      indexOf.set(seat.ref, index);
      const before = this.#indexOf.get(seat.ref);
      if (before === undefined) isNew[index] = 1;
      else copyBody(old, before, bodies, index);
    });
    this.#bodies = bodies;
    this.#indexOf = indexOf;
    this.#inForce = { slotsRev: this.#slotsRev, membership: this.#membership };
    return isNew;
  }

  #compile(nowMs: number): void {
    const kind = shapeKind(this.#topology);
    const { count, refs } = this.#bodies;
    const rest = linkRestLength(kind, count);
    this.#compiled = compileLinks(this.#links.values(), this.#indexOf, rest, nowMs, this.#pulls);
    const isLead = (index: number): boolean => this.#agents.get(refs[index] ?? -1)?.lead === true;
    this.#plan = planShape(kind, { count, links: this.#compiled.topology, isLead });
  }

  #glideTo(to: Place): void {
    this.#glide = { from: [...this.#centre], to, ticks: 0 };
    this.#asleep = false;
    this.#restingSteps = 0;
  }

  #moveCentre(): void {
    const glide = this.#glide;
    if (glide === undefined) return;
    glide.ticks += 1;
    const t = Math.min(1, glide.ticks / GLIDE_TICKS);
    const eased = t * t * (3 - 2 * t);
    for (const axis of [0, 1, 2] as const) {
      this.#centre[axis] = glide.from[axis] + (glide.to[axis] - glide.from[axis]) * eased;
    }
    if (glide.ticks >= GLIDE_TICKS) this.#glide = undefined;
  }

  #holdPins(): void {
    const { x, y, z, vx, vy, vz } = this.#bodies;
    for (const [agent, place] of this.#pins) {
      const index = this.#indexOf.get(agent);
      if (index === undefined) continue;
      x[index] = bounded(place[0] - this.#centre[0]);
      y[index] = bounded(place[1] - this.#centre[1]);
      z[index] = bounded(place[2] - this.#centre[2]);
      vx[index] = 0;
      vy[index] = 0;
      vz[index] = 0;
    }
  }

  /** Goes on from positions that another thread has published; agents without one begin as newcomers. */
  #resume(last: LastPositions): void {
    this.#rebuildBodies();
    const bodies = this.#bodies;
    const resumed = new Map<Ref, number>();
    const perStep = this.ticksPerStep / STEP_HZ;
    bodies.refs.forEach((ref, index) => {
      const known = last.get(bodies.slots[index] ?? -1);
      if (known === undefined) return;
      resumed.set(ref, index);
      bodies.x[index] = bounded(known.place[0] - this.#centre[0]);
      bodies.y[index] = bounded(known.place[1] - this.#centre[1]);
      bodies.z[index] = bounded(known.place[2] - this.#centre[2]);
      bodies.vx[index] = bounded(known.velocity[0] * perStep);
      bodies.vy[index] = bounded(known.velocity[1] * perStep);
      bodies.vz[index] = bounded(known.velocity[2] * perStep);
    });
    if (resumed.size === 0) return;
    this.#indexOf = resumed;
    this.#joined = bodies.count - resumed.size;
    this.#resumeGlide(resumed);
    // Enough to finish what was going on; a swarm that was at rest hardly stirs.
    this.#heat(HEAT.communication);
  }

  /** A swarm that was on its way to another place when its thread died goes on from where it was. */
  #resumeGlide(resumed: ReadonlyMap<Ref, number>): void {
    const { x, y, z } = this.#bodies;
    const mean: [number, number, number] = [0, 0, 0];
    for (const index of resumed.values()) {
      mean[0] += (x[index] ?? 0) / resumed.size;
      mean[1] += (y[index] ?? 0) / resumed.size;
      mean[2] += (z[index] ?? 0) / resumed.size;
    }
    if (Math.max(...mean.map(Math.abs)) < 3 * LINK_LENGTH) return;
    const to: Place = [...this.#centre];
    for (const axis of [0, 1, 2] as const) this.#centre[axis] += mean[axis];
    for (const index of resumed.values()) {
      x[index] = (x[index] ?? 0) - mean[0];
      y[index] = (y[index] ?? 0) - mean[1];
      z[index] = (z[index] ?? 0) - mean[2];
    }
    this.#glideTo(to);
  }
}

function bounded(value: number): number {
  return Number.isFinite(value) ? Math.max(-MAX_LOCAL, Math.min(MAX_LOCAL, value)) : 0;
}
