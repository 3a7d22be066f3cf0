/** What a hand does to the picture: turn, shift, zoom, point, press. Mouse, pen and touch alike. */
import type { CameraRig } from './camera-rig.ts';

export interface HandHandlers {
  /** The picture was moved. */
  moved(): void;
  /** Over a point, CSS pixels of the canvas; undefined: left it. */
  hovered(point: { x: number; y: number } | undefined): void;
  pressed(point: { x: number; y: number }): void;
  pressedTwice(point: { x: number; y: number }): void;
}

/** Movement below which a press stays a press, pixels. */
const STILL_PX = 4;
/** Radians per picture height. */
const TURN = 3;

/** Listens until the returned function is called. */
export function followHand(canvas: HTMLElement, rig: CameraRig, handlers: HandHandlers): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let pans = false;
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener(
    'pointerdown',
    (event) => {
      canvas.setPointerCapture(event.pointerId);
      if (down.size === 0) travelled = 0;
      pans = event.shiftKey || event.button !== 0;
      down.set(event.pointerId, place(event));
    },
    options,
  );
  canvas.addEventListener(
    'pointermove',
    (event) => {
      const before = down.get(event.pointerId);
      const now = place(event);
      if (before === undefined) {
        if (event.pointerType !== 'touch') handlers.hovered(now);
        return;
      }
      const height = canvas.clientHeight;
      travelled += Math.hypot(now.x - before.x, now.y - before.y);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      down.set(event.pointerId, now);
      if (travelled < STILL_PX) return;
      const [dx, dy] = [(now.x - before.x) / height, (now.y - before.y) / height];
      if (other !== undefined) {
        rig.zoom(Math.hypot(before.x - other.x, before.y - other.y) / Math.hypot(now.x - other.x, now.y - other.y));
        rig.pan(-dx / 2, dy / 2);
      } else if (pans) rig.pan(-dx, dy);
      else rig.orbit(-dx * TURN, dy * TURN);
      handlers.moved();
    },
    options,
  );
  const lift = (event: PointerEvent): void => {
    const was = down.delete(event.pointerId);
    if (was && down.size === 0 && travelled < STILL_PX && event.type === 'pointerup' && event.button === 0) {
      handlers.pressed(place(event));
    }
  };
  canvas.addEventListener('pointerup', lift, options);
  canvas.addEventListener('pointercancel', lift, options);
  canvas.addEventListener(
    'pointerleave',
    () => {
      handlers.hovered(undefined);
    },
    options,
  );
  canvas.addEventListener(
    'dblclick',
    (event) => {
      handlers.pressedTwice(place(event));
    },
    options,
  );
  canvas.addEventListener(
    'contextmenu',
    (event) => {
      event.preventDefault();
    },
    options,
  );
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
      rig.zoom(
        Math.exp(Math.max(-200, Math.min(200, step)) * 0.0016),
        (x - width / 2) / height,
        (height / 2 - y) / height,
      );
      handlers.moved();
    },
    { signal: stop.signal, passive: false },
  );
  return () => {
    stop.abort();
  };
}
