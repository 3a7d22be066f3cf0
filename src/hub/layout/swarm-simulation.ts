/**
 * One swarm between the world and the kernel: collects what changes, and brings it into the kernel's memory between two
 * steps. What happens within a step is the kernel's (kernel/assembly/index.ts).
 *
 * A swarm is warmed by changes (alpha, the scale of all forces), cools with every step, and goes to sleep when it has
 * come to rest: it then costs nothing until the next change. Everything but that step's wall clock, which link weights
 * decay by, follows from the seed and the changes.
 */
import type { Ref } from '../../model/ids.ts';
import { readBodies } from './bodies.ts';
import type { Bodies } from './bodies.ts';
import { GLIDE_TICKS } from './kernel/physics.ts';
import { FIELD, STATE } from './kernel/swarm-fields.ts';
import type { SwarmPool } from './kernel/swarm-pool.ts';
import { readSwarmState, writeSwarmState } from './kernel/swarm-state.ts';
import { createSprings, writeComponents, writeSprings } from './kernel/springs.ts';
import { unfoldedStart } from './kernel/unfolded-start.ts';
import { compileLinks, pullAt } from './link-springs.ts';
import type { CompiledLinks } from './link-springs.ts';
import { neighboursOf, spreadHeat } from './local-heat.ts';
import type { Neighbours } from './local-heat.ts';
import { HEAT, HEAT_FLOOR, PULL_CHANGE, UNFOLD_MIN } from './parameters.ts';
import { resumeBodies, resumeCentre } from './resume.ts';
import type { LastPositions } from './resume.ts';
import type { AgentSeat, LinkSeat, MovedState, Place, SwarmChange, SwarmSeat } from './seats.ts';
import { linkRestLength, planShape, shapeKind, shapeRadius } from './shape.ts';
import type { ShapePlan } from './shape.ts';
import { startNewcomers, startSwarm } from './start-positions.ts';
import { bySlot, seatBodies, startRows, writePins, writePlan } from './swarm-rows.ts';

export class SwarmSimulation {
  readonly ref: Ref;
  /** Of the swarm in its pool. */
  readonly number: number;
  readonly #pool: SwarmPool;
  readonly #seed: number;
  readonly #agents = new Map<Ref, AgentSeat>();
  readonly #links = new Map<Ref, LinkSeat>();
  readonly #pins = new Map<Ref, Place>();
  readonly #pulls = new Map<Ref, number>();
  #refs: readonly Ref[] = [];
  #topology: string | undefined;
  #indexOf: ReadonlyMap<Ref, number> = new Map();
  #compiled: CompiledLinks = { springs: createSprings(0), topology: [], all: [] };
  /** By links as compiled; undefined until somebody asks. */
  #near: Neighbours | undefined;
  #plan: ShapePlan = planShape('free', { count: 0, links: [], isLead: () => false });
  #slotsRev: number;
  #membership: number;
  #membersChanged = true;
  #linksChanged = true;
  #pinsChanged = true;
  /** Something other than positions is to be published. */
  #unpublished = true;
  #joined = 0;
  #left = 0;
  /** Indices of bodies whose agents have left. */
  readonly #leavers: number[] = [];
  /** Heat to be given to all, and to some agents and from there on along links. */
  #heatForAll = 0;
  readonly #heatFor = new Map<Ref, number>();
  #glideTarget: Place | undefined;

  constructor(pool: SwarmPool, seat: SwarmSeat, seed: number, last?: LastPositions) {
    this.ref = seat.ref;
    this.#pool = pool;
    this.#seed = (seed ^ Math.imul(seat.ref, 0x9e37_79b1)) >>> 0;
    this.number = pool.add(this.#seed, seat.ref);
    pool.setVector(this.number, FIELD.centre, seat.centre);
    this.#topology = seat.topology;
    this.#slotsRev = seat.slotsRev;
    this.#membership = seat.membership;
    for (const agent of seat.agents) this.#agents.set(agent.ref, agent);
    for (const link of seat.links) this.#links.set(link.ref, link);
    for (const [agent, place] of seat.pins) this.pin(agent, place);
    if (seat.moved !== undefined) {
      this.#takeOver(seat.moved);
      return;
    }
    this.#joined = this.#agents.size;
    if (last !== undefined) this.#resume(last);
  }

  /** A copy of its bodies as they are. */
  get bodies(): Bodies {
    return readBodies(this.#pool, this.number, this.#refs);
  }
  /** Bodies in force, which changes may be ahead of. */
  get count(): number {
    return this.#refs.length;
  }
  /** At rest, with nothing to come. */
  get asleep(): boolean {
    const warmed = this.#heatForAll > 0 || this.#heatFor.size > 0 || this.#glideTarget !== undefined;
    return this.#pool.u32(this.number, FIELD.state) === STATE.asleep && !warmed && !this.#unpublished;
  }
  get alpha(): number {
    return this.#pool.f32(this.number, FIELD.alpha);
  }
  /** Greatest distance of a body from the centre along an axis, world units. */
  get reach(): number {
    return this.#pool.f32(this.number, FIELD.reach);
  }
  /** Radius that the swarm is known to have room for. */
  get room(): number {
    return this.#pool.f32(this.number, FIELD.room);
  }
  set room(radius: number) {
    this.#pool.setF32(this.number, FIELD.room, radius);
  }
  /** Radius that its topology and size are usually content with. */
  get usualRadius(): number {
    return shapeRadius(this.#topology, this.#agents.size);
  }
  /** World units. */
  get centre(): Place {
    return this.#pool.vector(this.number, FIELD.centre);
  }
  /** Times a body had turned non-finite and was put back. */
  get poisoned(): number {
    return this.#pool.u32(this.number, FIELD.poisoned);
  }

  /**
   * The swarm for another worker. To be called between steps, when all changes are in force; the swarm is not to be
   * used any more.
   */
  release(): SwarmSeat {
    return {
      ref: this.ref,
      topology: this.#topology,
      slotsRev: this.#slotsRev,
      membership: this.#membership,
      centre: this.centre,
      agents: [...this.#agents.values()],
      links: [...this.#links.values()],
      pins: [...this.#pins],
      moved: {
        kernel: readSwarmState(this.#pool, this.number),
        awake: this.#pool.u32(this.number, FIELD.state) === STATE.awake,
        pulls: [...this.#pulls],
      },
    };
  }

  /** Gives the swarm's memory back. */
  dispose(): void {
    this.#pool.remove(this.number);
  }

  /** Takes effect at the next {@link prepare}. */
  change(change: SwarmChange): void {
    if (change.topology !== undefined && change.topology.name !== this.#topology) {
      this.#topology = change.topology.name;
      this.#linksChanged = true;
      this.#warmAll(HEAT.topology);
    }
    this.#renumber(change.slotsRev ?? this.#slotsRev, change.membership ?? this.#membership);
    if (change.centre !== undefined) this.#glideTarget = change.centre;
    for (const agent of change.seated ?? []) this.#seat(agent);
    for (const agent of change.left ?? []) this.#remove(agent);
    for (const link of change.linked ?? []) this.#link(link);
    for (const link of change.unlinked ?? []) this.#unlink(link);
  }

  /** Holds an agent at a place in world units, or lets go. A place that is not finite is ignored. */
  pin(agent: Ref, place: Place | undefined): void {
    if (place === undefined ? !this.#pins.delete(agent) : !place.every(Number.isFinite)) return;
    if (place !== undefined) this.#pins.set(agent, place);
    this.#pinsChanged = true;
    this.#warm(agent, HEAT.pin);
  }

  /**
   * Brings what has changed into the kernel's memory. To be called before a tick, after changes.
   * @returns false while a step is under way that takes several ticks: changes wait for its end.
   */
  prepare(nowMs: number): boolean {
    if (this.#pool.u32(this.number, FIELD.progress) !== 0) return false;
    if (this.#membersChanged || this.#linksChanged) this.#takeChanges(nowMs);
    if (this.#pinsChanged) this.#holdPins();
    if (this.#glideTarget !== undefined) this.#startGlide(this.#glideTarget);
    this.#giveHeat();
    if (this.#unpublished) this.#pool.wake(this.number, STATE.publishOnce);
    this.#unpublished = false;
    return true;
  }

  #takeOver(moved: MovedState): void {
    const seats = bySlot(this.#agents.values());
    this.#refs = seats.map((seat) => seat.ref);
    this.#indexOf = new Map(this.#refs.map((ref, index) => [ref, index]));
    this.#plan = this.#planNow(0);
    this.#pulls.clear();
    for (const [link, pull] of moved.pulls) this.#pulls.set(link, pull);
    writeSwarmState(this.#pool, this.number, moved.kernel);
    this.#pool.wake(this.number, moved.awake ? STATE.awake : STATE.publishOnce);
    this.#membersChanged = false;
    this.#linksChanged = false;
    this.#pinsChanged = false;
    this.#unpublished = false;
    this.#heatFor.clear();
  }

  #warmAll(heat: number): void {
    this.#heatForAll = Math.max(this.#heatForAll, heat);
  }

  #warm(agent: Ref, heat: number): void {
    this.#heatFor.set(agent, Math.max(this.#heatFor.get(agent) ?? 0, heat));
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
    else if (known.lead !== agent.lead) this.#warmAll(HEAT.link);
  }

  #remove(agent: Ref): void {
    if (this.#pins.delete(agent)) this.#pinsChanged = true;
    if (!this.#agents.delete(agent)) return;
    this.#membersChanged = true;
    this.#unpublished = true;
    this.#left += 1;
    const index = this.#indexOf.get(agent);
    if (index !== undefined) this.#leavers.push(index);
  }

  #link(link: LinkSeat): void {
    const known = this.#links.get(link.ref);
    this.#links.set(link.ref, link);
    if (known === undefined) {
      this.#linksChanged = true;
      this.#warmEnds(link);
      return;
    }
    // A chatty swarm updates weights all the time; only a pull that is markedly another one is worth moving for.
    const used = this.#pulls.get(link.ref);
    if (used === undefined || link.at_ms === undefined) return;
    if (Math.abs(pullAt(link, link.at_ms) - used) <= PULL_CHANGE) return;
    this.#linksChanged = true;
    this.#warmEnds(link);
  }

  #unlink(ref: Ref): void {
    const known = this.#links.get(ref);
    if (known === undefined) return;
    this.#links.delete(ref);
    this.#linksChanged = true;
    this.#warmEnds(known);
  }

  #warmEnds(link: LinkSeat): void {
    const heat = link.kind === 'topology' ? HEAT.link : HEAT.communication;
    this.#warm(link.from, heat);
    this.#warm(link.to, heat);
  }

  #takeChanges(nowMs: number): void {
    const countBefore = this.#refs.length;
    this.#warmThoseLeft();
    const isNew = this.#membersChanged ? this.#rebuildBodies() : undefined;
    this.#compile(nowMs);
    if (isNew?.includes(1) === true) this.#start(isNew);
    const changed = this.#joined + this.#left;
    const share = changed / Math.max(1, countBefore, this.#refs.length);
    if (share > HEAT.member) this.#warmAll(Math.min(HEAT.coldStart, share));
    this.#joined = 0;
    this.#left = 0;
    this.#membersChanged = false;
    this.#linksChanged = false;
  }

  /** Those who were linked to agents that have left. */
  #warmThoseLeft(): void {
    if (this.#leavers.length === 0) return;
    const leavers = new Set(this.#leavers);
    const { all } = this.#compiled;
    for (let k = 0; k + 1 < all.length; k += 2) {
      const a = all[k] as number;
      const b = all[k + 1] as number;
      if (leavers.has(a) === leavers.has(b)) continue;
      const stays = this.#refs[leavers.has(a) ? b : a];
      if (stays !== undefined) this.#warm(stays, HEAT.member);
    }
    // Also where nobody was linked: everybody gets a little.
    this.#warm(-1, HEAT.member);
    this.#leavers.length = 0;
  }

  #start(isNew: Uint8Array): void {
    if (isNew.every((flag) => flag === 1)) {
      const unfolded = this.#unfolded();
      // Before the rows: laying it out may make the memory grow.
      startSwarm(startRows(this.#pool, this.number), this.#plan, this.#seed, unfolded);
      return;
    }
    isNew.forEach((flag, index) => {
      if (flag === 1) this.#warm(this.#refs[index] ?? -1, HEAT.member);
    });
    startNewcomers(startRows(this.#pool, this.number), isNew, this.#compiled.all, this.#seed);
  }

  /** Places of a large swarm whose links make its picture. */
  #unfolded(): Float32Array | undefined {
    const count = this.#refs.length;
    const { all } = this.#compiled;
    if (count < UNFOLD_MIN || all.length === 0 || this.#plan.kind === 'ring' || this.#plan.kind === 'star')
      return undefined;
    return unfoldedStart(this.#pool, count, all, this.#seed);
  }

  /** @returns 1 for each body that has no position yet. */
  #rebuildBodies(): Uint8Array {
    const seats = bySlot(this.#agents.values());
    const isNew = seatBodies(this.#pool, this.number, seats, this.#indexOf);
    this.#refs = seats.map((seat) => seat.ref);
    this.#indexOf = new Map(this.#refs.map((ref, index) => [ref, index]));
    this.#pinsChanged = true;
    this.#pool.setU32(this.number, FIELD.slotsRev, this.#slotsRev);
    this.#pool.setU32(this.number, FIELD.membership, this.#membership);
    return isNew;
  }

  #compile(nowMs: number): void {
    this.#plan = this.#planNow(nowMs);
    writeSprings(this.#pool, this.number, this.#compiled.springs);
    writeComponents(this.#pool, this.number, this.#refs.length, this.#compiled.all);
    writePlan(this.#pool, this.number, this.#plan);
  }

  #planNow(nowMs: number): ShapePlan {
    const kind = shapeKind(this.#topology);
    const refs = this.#refs;
    const rest = linkRestLength(kind, refs.length);
    this.#near = undefined;
    this.#compiled = compileLinks(this.#links.values(), this.#indexOf, rest, nowMs, this.#pulls);
    const isLead = (index: number): boolean => this.#agents.get(refs[index] ?? -1)?.lead === true;
    return planShape(kind, { count: refs.length, links: this.#compiled.topology, isLead });
  }

  #holdPins(): void {
    this.#pinsChanged = false;
    const held: [number, Place][] = [];
    for (const [agent, place] of this.#pins) {
      const index = this.#indexOf.get(agent);
      if (index !== undefined) held.push([index, place]);
    }
    writePins(this.#pool, this.number, held);
  }

  #startGlide(to: Place): void {
    this.#glideTarget = undefined;
    this.#pool.setVector(this.number, FIELD.glideFrom, this.centre);
    this.#pool.setVector(this.number, FIELD.glideTo, to);
    this.#pool.setU32(this.number, FIELD.glideLeft, GLIDE_TICKS);
    this.#wake();
  }

  /** Alpha becomes the greatest heat; each body's mobility is its share of it. */
  #giveHeat(): void {
    if (this.#heatForAll === 0 && this.#heatFor.size === 0) return;
    const pool = this.#pool;
    const count = this.#refs.length;
    const before = this.alpha;
    const sources: [number, number][] = [];
    let local = 0;
    for (const [agent, heat] of this.#heatFor) {
      local = Math.max(local, heat);
      const index = this.#indexOf.get(agent);
      if (index !== undefined) sources.push([index, heat]);
    }
    const alpha = Math.max(before, this.#heatForAll, local);
    // Rings and stars have a size that depends on how many they are: everybody moves a little, or they lose their
    // shape.
    const floor = this.#plan.kind === 'ring' || this.#plan.kind === 'star' ? 1 : HEAT_FLOOR;
    // A held agent is moved many times between two changes of links.
    const near = (this.#near ??= neighboursOf(count, this.#compiled.all));
    const heats = spreadHeat(near, sources, Math.max(this.#heatForAll, local * floor));
    const mobility = pool.floats(this.number, FIELD.mobility, count);
    for (let i = 0; i < count; i += 1) {
      mobility[i] = Math.max((mobility[i] as number) * before, heats[i] as number) / alpha;
    }
    pool.setF32(this.number, FIELD.alpha, alpha);
    this.#heatForAll = 0;
    this.#heatFor.clear();
    this.#wake();
  }

  #wake(): void {
    const pool = this.#pool;
    pool.setU32(this.number, FIELD.restingSteps, 0);
    // Coincident bodies need a direction to part in; among those that move nobody stays coincident.
    if (pool.u32(this.number, FIELD.state) !== STATE.awake && this.alpha > 0) pool.kernel.shake(pool.row(this.number));
    pool.wake(this.number, STATE.awake);
  }

  /** Goes on from positions that another thread has published; agents without one begin as newcomers. */
  #resume(last: LastPositions): void {
    this.#rebuildBodies();
    const resumed = resumeBodies(this.#pool, this.number, last);
    if (resumed.length === 0) return;
    this.#indexOf = new Map(resumed.map((index) => [this.#refs[index] as Ref, index]));
    this.#joined = this.#refs.length - resumed.length;
    this.#glideTarget = resumeCentre(this.#pool, this.number, resumed);
    // Enough to finish what was going on; a swarm that was at rest hardly stirs.
    this.#warmAll(HEAT.communication);
  }
}
