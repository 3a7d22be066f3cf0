/** What a hand does to the picture: turn, shift, zoom, point, press. Mouse, pen and touch alike. */
import type { CameraRig } from './camera-rig.ts';

interface Point {
  /** CSS pixels of the canvas. */
  x: number;
  y: number;
}

export interface HandHandlers {
  /** The picture was moved. */
  moved(): void;
  /** Over a point; undefined: left it. */
  hovered(point: Point | undefined): void;
  pressed(point: Point): void;
  pressedTwice(point: Point): void;
}

/** Movement below which a press stays a press, pixels. */
const STILL_PX = 4;
/** Radians per picture height. */
const TURN = 3;
/** Share of the distance per pixel of a wheel, and the most that one event counts. */
const WHEEL = 0.0016;
const MAX_WHEEL_PX = 200;
const LINE_PX = 16;

/** Listens from the start until disposal. */
export class Hand implements Disposable {
  readonly #canvas: HTMLElement;
  readonly #rig: CameraRig;
  readonly #handlers: HandHandlers;
  readonly #stop = new AbortController();
  readonly #down = new Map<number, Point>();
  #travelled = 0;
  #pans = false;

  constructor(canvas: HTMLElement, rig: CameraRig, handlers: HandHandlers) {
    this.#canvas = canvas;
    this.#rig = rig;
    this.#handlers = handlers;
    const { signal } = this.#stop;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void => {
      canvas.addEventListener(type, listener, { signal, passive: false });
    };
    on('pointerdown', (event) => this.#pressed(event));
    on('pointermove', (event) => this.#moved(event));
    on('pointerup', (event) => this.#lifted(event));
    on('pointercancel', (event) => this.#lifted(event));
    on('pointerleave', () => handlers.hovered(undefined));
    on('dblclick', (event) => handlers.pressedTwice(this.#place(event)));
    on('contextmenu', (event) => event.preventDefault());
    on('wheel', (event) => this.#rolled(event));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #place(event: MouseEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #pressed(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId);
    if (this.#down.size === 0) this.#travelled = 0;
    this.#pans = event.shiftKey || event.button !== 0;
    this.#down.set(event.pointerId, this.#place(event));
  }

  #moved(event: PointerEvent): void {
    const before = this.#down.get(event.pointerId);
    const now = this.#place(event);
    if (before === undefined) {
      if (event.pointerType !== 'touch') this.#handlers.hovered(now);
      return;
    }
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    this.#travelled += Math.hypot(now.x - before.x, now.y - before.y);
    this.#down.set(event.pointerId, now);
    if (this.#travelled < STILL_PX) return;
    const height = Math.max(1, this.#canvas.clientHeight);
    const [dx, dy] = [(now.x - before.x) / height, (now.y - before.y) / height];
    if (other !== undefined) {
      const [was, is] = [
        Math.hypot(before.x - other.x, before.y - other.y),
        Math.hypot(now.x - other.x, now.y - other.y),
      ];
      if (is > 1) this.#rig.zoom(was / is);
      this.#rig.pan(-dx / 2, dy / 2);
    } else if (this.#pans) this.#rig.pan(-dx, dy);
    else this.#rig.orbit(-dx * TURN, dy * TURN);
    this.#handlers.moved();
  }

  #lifted(event: PointerEvent): void {
    const wasDown = this.#down.delete(event.pointerId);
    const isPress = wasDown && this.#down.size === 0 && this.#travelled < STILL_PX;
    if (isPress && event.type === 'pointerup' && event.button === 0) this.#handlers.pressed(this.#place(event));
  }

  #rolled(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = this.#place(event);
    const [width, height] = [this.#canvas.clientWidth, Math.max(1, this.#canvas.clientHeight)];
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE_PX : event.deltaY;
    const bounded = Math.max(-MAX_WHEEL_PX, Math.min(MAX_WHEEL_PX, pixels));
    this.#rig.zoom(Math.exp(bounded * WHEEL), (x - width / 2) / height, (height / 2 - y) / height);
    this.#handlers.moved();
  }
}
