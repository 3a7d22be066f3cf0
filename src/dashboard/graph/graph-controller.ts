/**
 * Joins the client's state with the scene: follows changes, moves agents between frames, and draws only when something
 * is to be seen moving.
 */
import type { LinkRecord, SwarmcastClient } from '../../client/client.ts';
import { AgentField, RING_GAP } from './agent-field.ts';
import type { Emphasis } from './emphasis.ts';
import { isEmphasised } from './emphasis.ts';
import { lookOf, SERVER_HUES, parseColor } from './agent-look.ts';
import type { Ball } from './camera-rig.ts';
import { CameraRig, fitPose } from './camera-rig.ts';
import { FLASH_SECONDS, GraphScene, writeRgb } from './graph-scene.ts';
import type { SceneTheme } from './graph-scene.ts';
import { createProjector, neighbour, pick } from './projection.ts';
import type { Projector } from './projection.ts';
import { QUALITY_STEPS, QualityGovernor } from './quality-governor.ts';

/** Links drawn at most; communication first. */
const MAX_LINKS = 60_000;
/** A picture that only pulses is drawn this often. */
const PULSE_FRAME_MS = 33;
/** Weights of links fade; a picture at rest is drawn anew this often for it. */
const FADE_FRAME_MS = 1_000;
const LINKS_EVERY_MS = 120;
/** A picture that holds the page longer than this is drawn less often, though once a second at least. */
const LONG_DRAW_MS = 60;
const MAX_REST_MS = 1_000;
/** Free strips around a fitted picture, shares of its size. */
const MARGIN = { x: 0.05, top: 0.1, bottom: 0.07 };
const PICK_REACH_PX = 16;

export interface GraphOptions {
  canvas: HTMLCanvasElement;
  client: SwarmcastClient;
  /** How far behind now the picture is drawn, ms. */
  delayMs: () => number;
  /** After each drawn frame. */
  onDraw: (frame: DrawnFrame) => void;
}

export interface DrawnFrame {
  projector: Projector;
  width: number;
  height: number;
  agents: number;
  drawn: number;
  qualityStep: number;
  frameMs: number;
  /** Point looked at and distance, world units, rounded: where the camera is going. */
  camera: readonly number[];
}

const DIMMED = 0.1;

export class GraphController {
  readonly field = new AgentField();
  readonly rig = new CameraRig();
  readonly #options: GraphOptions;
  readonly #scene: GraphScene;
  readonly #governor: QualityGovernor;
  readonly #stops: (() => void)[] = [];
  readonly #epochMs: number;
  #emphasis: Emphasis = { swarm: undefined, matches: undefined, selected: undefined, hovered: undefined };
  #size = { width: 1, height: 1 };
  #calm = false;
  #frameRequest: number | undefined;
  #wakeTimer: ReturnType<typeof setTimeout> | undefined;
  #awakeUntil = 0;
  #lastFrameAt = 0;
  #lastDrawAt = 0;
  #drawnLast = false;
  #membersDirty = true;
  #looksDirty = true;
  #linksDirty = true;
  #linksAt = Number.NEGATIVE_INFINITY;
  #drawn = 0;
  #costTimer: ReturnType<typeof setTimeout> | undefined;
  /** Shortest time between frames, so that drawing takes no more than half of it. */
  #restMs = 0;
  #pulses = false;
  /** A link is drawn whose weight fades: topology stays as it is. */
  #fades = false;
  #needsDraw = true;
  /** The picture keeps everything in sight until a hand moves it. */
  #autoFit = true;
  #fitted = false;
  #follow: number | undefined;
  #disposed = false;

  /** @throws {Error} where the browser has no WebGL 2. */
  constructor(options: GraphOptions) {
    this.#options = options;
    this.#scene = new GraphScene(options.canvas);
    this.#governor = new QualityGovernor(devicePixelRatio);
    this.#epochMs = options.client.gatewayNow();
    this.#listen();
    this.#applyQuality();
    this.wake(0);
  }

  setTheme(theme: SceneTheme): void {
    this.#scene.setTheme(theme);
    this.wake(0);
  }

  /** Without motion: positions and camera change at once, nothing pulses or flashes. */
  setCalm(calm: boolean): void {
    this.#calm = calm;
    this.rig.eases = !calm;
    this.#applyQuality();
    this.wake(0);
  }

  resize(width: number, height: number): void {
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.field.aspect = width / Math.max(1, height);
    this.#applyQuality();
    if (this.#autoFit) this.#fitted = false;
    this.wake(0);
  }

  setEmphasis(emphasis: Emphasis): void {
    const swarmChanged = emphasis.swarm !== this.#emphasis.swarm;
    this.#emphasis = emphasis;
    this.#looksDirty = true;
    this.#linksDirty = true;
    if (swarmChanged) this.fit();
    this.wake(0);
  }

  /** All that is shown comes into sight, and is kept there until a hand moves the picture. */
  fit(): void {
    this.#autoFit = true;
    this.#fitted = false;
    this.#follow = undefined;
    this.wake(0);
  }

  get emphasis(): Emphasis {
    return this.#emphasis;
  }

  /** A hand moved the picture: from now on nothing else does. */
  handMoved(): void {
    this.#autoFit = false;
    this.#follow = undefined;
    this.wake(0);
  }

  /** Keeps an agent in the middle; undefined ends it. */
  follow(ref: number | undefined): void {
    this.#follow = ref;
    if (ref !== undefined) this.#autoFit = false;
    this.wake(0);
  }

  /** Brings an agent into sight, if it is not, by moving sideways only. */
  reveal(ref: number): void {
    const at = this.#placeOf(ref);
    if (at === undefined) return;
    const { width, height } = this.#size;
    const seen = this.projector().at(...at);
    const isSeen = seen !== undefined && seen.x > 30 && seen.x < width - 30 && seen.y > 30 && seen.y < height - 30;
    if (isSeen) return;
    this.#autoFit = false;
    this.rig.moveTo({ ...this.rig.goal, target: at });
    this.wake(0);
  }

  /** Goes near an agent. */
  approach(ref: number): void {
    const at = this.#placeOf(ref);
    if (at === undefined) return;
    this.#autoFit = false;
    this.rig.moveTo({ ...this.rig.goal, target: at, distance: Math.min(this.rig.goal.distance, 260) });
    this.wake(0);
  }

  projector(): Projector {
    return createProjector(this.rig.pose, this.#size.width, this.#size.height);
  }

  /** Ref of the agent at a point of the canvas. */
  pickAt(x: number, y: number): number | undefined {
    const { field } = this;
    const point = { x, y, reach: PICK_REACH_PX };
    const index = pick(field.data, field.size, this.projector(), point, (at) => this.#isEmphasised(at));
    return index === undefined ? undefined : field.refs[index];
  }

  /** Ref of the next agent in a direction; without a start, any agent. */
  neighbourOf(ref: number | undefined, way: { x: number; y: number }): number | undefined {
    const { field } = this;
    const from = ref === undefined ? undefined : field.indexOf(ref);
    if (from === undefined) return field.refs.find((_, index) => this.#isEmphasised(index));
    const next = neighbour(field.data, field.size, this.projector(), from, way, (at) => this.#isEmphasised(at));
    return next === undefined ? undefined : field.refs[next];
  }

  /** Draws for at least so long. */
  wake(ms: number): void {
    this.#needsDraw = true;
    this.#awakeUntil = Math.max(this.#awakeUntil, performance.now() + ms);
    this.#request();
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const stop of this.#stops) stop();
    if (this.#frameRequest !== undefined) cancelAnimationFrame(this.#frameRequest);
    clearTimeout(this.#wakeTimer);
    clearTimeout(this.#costTimer);
    this.#scene[Symbol.dispose]();
  }

  #listen(): void {
    const { client } = this.#options;
    const members = (): void => {
      this.#membersDirty = true;
      this.#linksDirty = true;
      this.wake(400);
    };
    const looks = (): void => {
      this.#looksDirty = true;
      this.wake(0);
    };
    this.#stops.push(
      client.on('snapshot', members),
      client.on('discovery', members),
      client.on('agents', ({ added, removed }) => {
        if (added.length + removed.length > 0) members();
        else looks();
      }),
      client.on('topology', () => {
        this.#linksDirty = true;
        this.wake(0);
      }),
      client.on('frame', () => {
        this.wake(this.#options.delayMs() * 1.5 + 250);
      }),
      client.on('flow', ({ messages }) => {
        if (this.#calm || document.hidden) return;
        for (const { from, to } of messages.slice(0, 64)) this.#flash(from, to);
      }),
    );
  }

  #flash(from: number, to: number): void {
    const [a, b] = [this.field.indexOf(from), this.field.indexOf(to)];
    if (a === undefined || b === undefined) return;
    if (!this.#isEmphasised(a) || !this.#isEmphasised(b)) return;
    this.#scene.flash(a, b, this.#seconds());
    this.wake(FLASH_SECONDS * 1_000);
  }

  /** Seconds of the gateway's clock since this view began: small enough for the card's floats. */
  #seconds(): number {
    return (this.#options.client.gatewayNow() - this.#epochMs) / 1_000;
  }

  #request(): void {
    if (this.#frameRequest !== undefined || this.#disposed) return;
    clearTimeout(this.#wakeTimer);
    this.#frameRequest = requestAnimationFrame((now) => {
      this.#frameRequest = undefined;
      this.#frame(now);
    });
  }

  #frame(now: number): void {
    const elapsedMs = Math.min(250, this.#lastFrameAt === 0 ? 16 : now - this.#lastFrameAt);
    const isOnlyPulsing = !this.#needsDraw && performance.now() > this.#awakeUntil;
    // A display's own beat is never quite even.
    const minFrameMs = Math.max(isOnlyPulsing ? PULSE_FRAME_MS : this.#governor.quality.minFrameMs, this.#restMs);
    if (this.#drawnLast && now - this.#lastDrawAt < minFrameMs - 4) {
      this.#request();
      return;
    }
    if (this.#drawnLast && !isOnlyPulsing && this.#governor.sample(now - this.#lastFrameAt)) this.#applyQuality();
    this.#lastFrameAt = now;
    this.#needsDraw = false;
    this.#syncMembers();
    const moves = this.#advance(elapsedMs);
    this.#syncLooks();
    this.#syncLinks(now);
    this.#syncRings();
    this.#draw(now);
    this.#continue(moves);
    this.#measureCost();
  }

  /**
   * Software rendering holds the page until the picture is done, after this frame's script: a task of its own tells when.
   * Where that is long, as much time again is left to what arrives and to hands.
   */
  #measureCost(): void {
    const begunAt = performance.now();
    this.#costTimer ??= setTimeout(() => {
      this.#costTimer = undefined;
      const costMs = performance.now() - begunAt;
      this.#restMs = costMs > LONG_DRAW_MS ? Math.min(MAX_REST_MS, costMs * 2) : 0;
    });
  }

  #continue(moves: boolean): void {
    const isAwake = moves || performance.now() < this.#awakeUntil || this.#linksDirty;
    this.#drawnLast = isAwake || this.#pulses;
    if (moves) this.#needsDraw = true;
    if (isAwake || this.#pulses) this.#request();
    else if (this.#fades) {
      this.#wakeTimer = setTimeout(() => {
        this.wake(0);
      }, FADE_FRAME_MS);
    }
  }

  #advance(elapsedMs: number): boolean {
    const { client, delayMs } = this.#options;
    const delay = delayMs();
    const step = {
      timeMs: client.gatewayNow() - delay,
      elapsedMs,
      smoothingMs: this.#calm ? 0 : delay === 0 ? 180 : Math.min(120, Math.max(35, delay * 0.4)),
    };
    const moved = this.field.advance(step, (agent, timeMs, out) => client.positionAt(agent, timeMs, out));
    this.#steer();
    const turned = this.rig.advance(elapsedMs);
    return moved || turned;
  }

  #steer(): void {
    if (this.#follow !== undefined) {
      const at = this.#placeOf(this.#follow);
      if (at !== undefined) this.rig.moveTo({ ...this.rig.goal, target: at });
      return;
    }
    if (!this.#autoFit) return;
    const balls = this.#balls();
    if (balls.length === 0) return;
    const aspect = this.#size.width / Math.max(1, this.#size.height);
    const fitted = fitPose(balls, this.rig.goal, aspect, MARGIN);
    const { distance, target } = this.rig.goal;
    const off = Math.hypot(fitted.target[0] - target[0], fitted.target[1] - target[1], fitted.target[2] - target[2]);
    // Small changes stay within the margin and move nothing.
    const fits = Math.abs(fitted.distance / distance - 1) < 0.06 && off < distance * 0.03;
    if (this.#fitted && fits) return;
    const isFirst = !this.#hasFitted;
    this.#fitted = true;
    this.#hasFitted = true;
    this.rig.moveTo(fitted, isFirst);
  }

  #hasFitted = false;

  #balls(): Ball[] {
    const balls: Ball[] = [];
    for (const { ref, count, goal, middle, room } of this.field.swarms.values()) {
      if (count === 0 || (this.#emphasis.swarm !== undefined && ref !== this.#emphasis.swarm)) continue;
      balls.push({ center: [middle[0] + goal[0], middle[1] + goal[1], middle[2] + goal[2]], radius: room });
    }
    return balls;
  }

  #placeOf(ref: number): [number, number, number] | undefined {
    const index = this.field.indexOf(ref);
    if (index === undefined) return undefined;
    const { data } = this.field;
    return [data[index * 4] ?? 0, data[index * 4 + 1] ?? 0, data[index * 4 + 2] ?? 0];
  }

  #syncMembers(): void {
    if (!this.#membersDirty) return;
    this.#membersDirty = false;
    this.#looksDirty = true;
    this.#linksDirty = true;
    const { agents, swarms } = this.#options.client.state;
    let moved = false;
    for (const ref of this.field.refs.slice()) {
      if (agents.has(ref)) continue;
      this.field.remove(ref);
      moved = true;
    }
    for (const { ref, swarm, server_id } of agents.values()) this.field.add(ref, swarm, server_id);
    for (const ref of this.field.swarms.keys()) if (!swarms.has(ref)) this.field.removeSwarm(ref);
    if (moved) this.#scene.clearFlashes();
  }

  #isEmphasised(index: number): boolean {
    const agent = this.#options.client.state.agents.get(this.field.refs[index] ?? -1);
    return agent !== undefined && isEmphasised(agent, this.#emphasis);
  }

  #syncLooks(): void {
    if (!this.#looksDirty) return;
    this.#looksDirty = false;
    const { agents: layer } = this.#scene;
    const { agents } = this.#options.client.state;
    layer.count = this.field.size;
    const [look, color, state] = [layer.array('uLook'), layer.array('uColor'), layer.array('uState')];
    let pulses = false;
    for (const [i, ref] of this.field.refs.entries()) {
      const agent = agents.get(ref);
      if (agent === undefined) continue;
      const { radius, shape, status, color: rgb, pulseHz, stale } = lookOf(agent);
      look[i * 4] = radius;
      look[i * 4 + 1] = shape;
      look[i * 4 + 2] = status;
      look[i * 4 + 3] = this.#isEmphasised(i) ? 1 : DIMMED;
      writeRgb(color, i * 4, rgb);
      color[i * 4 + 3] = stale ? 1 : 0;
      state[i * 4] = pulseHz;
      state[i * 4 + 1] = ref === this.#emphasis.selected ? 2 : ref === this.#emphasis.hovered ? 1 : 0;
      if (pulseHz > 0) pulses = true;
    }
    this.#pulses = pulses && !this.#calm && this.#governor.quality.detail;
    layer.changed('uLook', 'uColor', 'uState');
  }

  #syncLinks(now: number): void {
    if (!this.#linksDirty || now - this.#linksAt < LINKS_EVERY_MS) return;
    this.#linksDirty = false;
    this.#linksAt = now;
    const { links } = this.#options.client.state;
    const layer = this.#scene.links;
    layer.reserve(Math.min(MAX_LINKS, links.size));
    const buffers = { ends: layer.array('uEnds'), weight: layer.array('uWeight') };
    let count = 0;
    this.#fades = false;
    for (const kind of ['communication', 'topology'] as const) {
      for (const link of links.values()) {
        if (link.kind !== kind || count >= MAX_LINKS || !this.#writeLink(buffers, count, link)) continue;
        count++;
        if (kind === 'communication') this.#fades = true;
      }
    }
    layer.count = count;
    layer.changed('uEnds', 'uWeight');
  }

  #writeLink({ ends, weight }: Record<'ends' | 'weight', Float32Array>, at: number, link: LinkRecord): boolean {
    const [a, b] = [this.field.indexOf(link.from), this.field.indexOf(link.to)];
    if (a === undefined || b === undefined) return false;
    const { selected } = this.#emphasis;
    const touches = selected !== undefined && (link.from === selected || link.to === selected);
    ends[at * 4] = a;
    ends[at * 4 + 1] = b;
    ends[at * 4 + 2] = link.kind === 'topology' ? 0 : 1;
    ends[at * 4 + 3] = !this.#isEmphasised(a) || !this.#isEmphasised(b) ? 0.12 : touches ? 1.9 : 1;
    weight[at * 4] = link.weight ?? 0;
    weight[at * 4 + 1] = ((link.at_ms ?? 0) - this.#epochMs) / 1_000;
    weight[at * 4 + 2] = (link.half_life_ms ?? 0) / 1_000;
    return true;
  }

  #syncRings(): void {
    const layer = this.#scene.rings;
    layer.count = this.field.swarms.size;
    const [balls, tints] = [layer.array('uBall'), layer.array('uTint')];
    let i = 0;
    for (const { ref, x, y, z, radius, shown, server } of this.field.swarms.values()) {
      balls.set([x, y, z, radius + RING_GAP], i * 4);
      writeRgb(tints, i * 4, parseColor(this.hueOf(server)));
      tints[i * 4 + 3] = shown * (this.#emphasis.swarm === undefined || this.#emphasis.swarm === ref ? 1 : 0.12);
      i++;
    }
    layer.changed('uBall', 'uTint');
  }

  /** The hue that marks a server: by its place among the servers' names. */
  hueOf(server: string): string {
    const ids = [...this.#options.client.state.servers.values()].map(({ id }) => id).toSorted();
    return SERVER_HUES[Math.max(0, ids.indexOf(server)) % SERVER_HUES.length] ?? '#7f94a8';
  }

  #applyQuality(): void {
    const { quality } = this.#governor;
    this.#scene.setQuality(quality, this.#calm);
    this.#scene.resize(this.#size.width, this.#size.height, Math.min(devicePixelRatio, quality.maxPixelRatio));
    this.#looksDirty = true;
  }

  #draw(now: number): void {
    this.#lastDrawAt = now;
    this.#scene.setPositions(this.field.data);
    this.#scene.draw(this.rig.pose, this.#seconds());
    this.#drawn++;
    this.#options.onDraw({
      projector: this.projector(),
      ...this.#size,
      agents: this.field.size,
      drawn: this.#drawn,
      qualityStep: Math.min(this.#governor.step, QUALITY_STEPS.length - 1),
      frameMs: this.#governor.medianMs,
      camera: [...this.rig.goal.target, this.rig.goal.distance].map(Math.round),
    });
  }
}
