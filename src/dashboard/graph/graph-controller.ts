/**
 * Joins the client's state with the scene: follows changes, moves agents between frames, and draws only when something
 * is to be seen moving.
 */
import type { SwarmcastClient } from '../../client/client.ts';
import { AgentField } from './agent-field.ts';
import { CameraRig } from './camera-rig.ts';
import type { Emphasis } from './emphasis.ts';
import { Framing } from './framing.ts';
import { FLASH_SECONDS, GraphScene } from './graph-scene.ts';
import type { SceneTheme } from './graph-scene.ts';
import { neighbour, pick } from './projection.ts';
import type { Projector } from './projection.ts';
import { isLively, QUALITY_STEPS, QualityGovernor } from './quality-governor.ts';
import { SceneWriter } from './scene-writer.ts';

/** A picture that only pulses is drawn this often. */
const PULSE_FRAME_MS = 33;
/** Weights of links fade; a picture at rest is drawn anew this often for it. */
const FADE_FRAME_MS = 1_000;
const LINKS_EVERY_MS = 120;
/** A picture that holds the page longer than this is drawn less often, though once a second at least. */
const LONG_DRAW_MS = 60;
const MAX_REST_MS = 1_000;
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

export class GraphController {
  readonly field = new AgentField();
  readonly rig = new CameraRig();
  readonly #options: GraphOptions;
  readonly #scene: GraphScene;
  readonly #writer: SceneWriter;
  readonly #framing = new Framing(this.rig, this.field);
  readonly #governor: QualityGovernor;
  readonly #stops: (() => void)[] = [];
  readonly #epochMs: number;
  #emphasis: Emphasis = { swarm: undefined, matches: undefined, selected: undefined, hovered: undefined };
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
  #disposed = false;

  /** @throws {Error} where the browser has no WebGL 2. */
  constructor(options: GraphOptions) {
    this.#options = options;
    this.#scene = new GraphScene(options.canvas);
    this.#governor = new QualityGovernor(devicePixelRatio);
    this.#epochMs = options.client.gatewayNow();
    this.#writer = new SceneWriter(options.client, this.field, this.#scene, this.#epochMs);
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
    const { size } = this.#framing;
    if (width === size.width && height === size.height) return;
    this.#framing.resize(width, height);
    this.field.aspect = width / Math.max(1, height);
    this.#applyQuality();
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
    this.#framing.fit();
    this.wake(0);
  }

  get emphasis(): Emphasis {
    return this.#emphasis;
  }

  /** A hand moved the picture: from now on nothing else does. */
  handMoved(): void {
    this.#framing.release();
    this.wake(0);
  }

  /** Keeps an agent in the middle; undefined ends it. */
  follow(ref: number | undefined): void {
    this.#framing.follow(ref);
    this.wake(0);
  }

  /** Brings an agent into sight, if it is not, by moving sideways only. */
  reveal(ref: number): void {
    if (this.#framing.reveal(ref)) this.wake(0);
  }

  /** Goes near an agent. */
  approach(ref: number): void {
    if (this.#framing.approach(ref)) this.wake(0);
  }

  /** Ref of the agent at a point of the canvas. */
  pickAt(x: number, y: number): number | undefined {
    const { field } = this;
    const point = { x, y, reach: PICK_REACH_PX };
    const index = pick(field.data, field.size, this.#framing.projector(), point, (at) =>
      this.#writer.isEmphasised(at, this.#emphasis),
    );
    return index === undefined ? undefined : field.refs[index];
  }

  /** Ref of the next agent in a direction; without a start, any agent. */
  neighbourOf(ref: number | undefined, way: { x: number; y: number }): number | undefined {
    const { field } = this;
    const from = ref === undefined ? undefined : field.indexOf(ref);
    if (from === undefined) return field.refs.find((_, index) => this.#writer.isEmphasised(index, this.#emphasis));
    const next = neighbour(field.data, field.size, this.#framing.projector(), from, way, (at) =>
      this.#writer.isEmphasised(at, this.#emphasis),
    );
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
    if (!this.#writer.isEmphasised(a, this.#emphasis) || !this.#writer.isEmphasised(b, this.#emphasis)) return;
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
    // After a rest nothing jumps; between frames that are drawn slowly, what glides keeps to the clock.
    const longestMs = this.#drawnLast ? MAX_REST_MS * 2 : 250;
    const elapsedMs = Math.min(longestMs, this.#lastFrameAt === 0 ? 16 : now - this.#lastFrameAt);
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
    this.#writer.writeRings(this.#emphasis);
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
    this.#framing.steer(this.#emphasis.swarm);
    const turned = this.rig.advance(elapsedMs);
    return moved || turned;
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

  #syncLooks(): void {
    if (!this.#looksDirty) return;
    this.#looksDirty = false;
    const pulses = this.#writer.writeLooks(this.#emphasis);
    this.#pulses = pulses && isLively(this.#governor.quality, this.#calm);
  }

  #syncLinks(now: number): void {
    if (!this.#linksDirty || now - this.#linksAt < LINKS_EVERY_MS) return;
    this.#linksDirty = false;
    this.#linksAt = now;
    this.#fades = this.#writer.writeLinks(this.#emphasis);
  }

  /** The hue that marks a server. */
  hueOf(server: string): string {
    return this.#writer.hueOf(server);
  }

  #applyQuality(): void {
    const { quality } = this.#governor;
    this.#scene.setQuality(quality, this.#calm);
    const { width, height } = this.#framing.size;
    this.#scene.resize(width, height, Math.min(devicePixelRatio, quality.maxPixelRatio));
    this.#looksDirty = true;
  }

  #draw(now: number): void {
    this.#lastDrawAt = now;
    this.#scene.setPositions(this.field.data);
    this.#scene.draw(this.rig.pose, this.#seconds());
    this.#drawn++;
    this.#options.onDraw({
      projector: this.#framing.projector(),
      ...this.#framing.size,
      agents: this.field.size,
      drawn: this.#drawn,
      qualityStep: Math.min(this.#governor.step, QUALITY_STEPS.length - 1),
      frameMs: this.#governor.medianMs,
      camera: [...this.rig.goal.target, this.rig.goal.distance].map(Math.round),
    });
  }
}
