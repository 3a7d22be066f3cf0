/** One virtual dashboard: connects, says hello, reads the header of every frame, acknowledges, and counts. */
// oxlint-disable-next-line import/no-unassigned-import -- it is imported for what it adds
import './missing-globals.ts';
import { WebSocket, type MessageEvent } from 'k6/websockets';
import { decodeFrame } from '../../../src/protocol/frames.ts';
import type { Mode } from '../../../src/protocol/modes.ts';
import type { ServerMessage } from '../../../src/protocol/server-messages.ts';
import { createHashCounts, StateCheck, type HashCounts } from '../../shared/state-check.ts';
import * as metrics from './metrics.ts';
import { SETTINGS } from './settings.ts';

/** As in src/protocol/modes.ts, which needs a library that k6 cannot load. */
const MODE_HZ: Readonly<Record<Mode, number>> = { high_frequency: 60, normal: 10, low_frequency: 1, on_demand: 0 };
const FRAME_MAGIC = 1;
const FRAME_HEADER_BYTES = 16;
const ACK_MS = 500;
/** Frames of a mode that are not counted: it starts in mid-period, with all positions. */
const WARM_UP_MS = 1_000;
const AGE_EVERY = 60;
const DECODE_EVERY = 10;
const CURSOR = /^\{"type":"[a-z_]+","timestamp":[\d.]+,"cursor":"([^"]+)"/;
const HEAD = 160;

export interface WatchOptions {
  mode: Mode;
  /** Decodes everything and checks hashes; default: one in `sampleEvery`. */
  decodes?: boolean;
  filters?: Record<string, unknown>;
  /** The watcher whose connection ended: its cursor is resumed from, and what it held is held on. */
  successorOf?: Watcher;
  /** A binary or text message came, before it is looked at: may block, to be slow. */
  onMessage?: () => void;
  onWelcome?: (welcome: { client_id: string; follows: string }) => void;
  /** The first message with a cursor after the opening: all that was owed is there. */
  onCaughtUp?: () => void;
  onClosed?: () => void;
}

export class Watcher {
  cursor = '';
  /** Rates are told as they are only while the world moves and nobody changes modes by hand. */
  countsRates = true;
  readonly #options: WatchOptions;
  readonly #socket: WebSocket;
  readonly #counts: HashCounts;
  readonly #state: StateCheck | undefined;
  readonly #waiting = new Map<number, (message: ServerMessage) => void>();
  #mode: Mode;
  #isOpen = false;
  #wasOpen = false;
  #leaving = false;
  #caughtUp = false;
  #complained = false;
  #nextId = 1;
  #tick = 0;
  #ackedTick = 0;
  #acks: ReturnType<typeof setInterval> | undefined;
  // Of the present mode.
  #sinceMs = 0;
  #firstMs = 0;
  #lastMs = 0;
  #frames = 0;
  #gaps = 0;
  // Of all modes, until they are handed to the metrics.
  #allFrames = 0;
  #allBytes = 0;
  #allMessages = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#mode = options.mode;
    const decodes = options.decodes ?? __VU % SETTINGS.sampleEvery === 1 % SETTINGS.sampleEvery;
    const { successorOf: before } = options;
    this.#counts = before === undefined ? createHashCounts() : before.#counts;
    const state = before === undefined ? new StateCheck(this.#counts) : before.#state;
    this.#state = decodes ? state : undefined;
    this.#socket = new WebSocket(SETTINGS.url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => this.#opened());
    this.#socket.addEventListener('message', (event) => this.#received(event as MessageEvent));
    this.#socket.addEventListener('close', () => this.#closed());
    this.#socket.addEventListener('error', () => {
      if (!this.#wasOpen) metrics.opened.add(false);
    });
  }

  get #resumeCursor(): string {
    return this.#state === undefined ? this.cursor : this.#state.cursor;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a request; its `ok` or `error` goes to `answered`. */
  ask(type: string, payload: Record<string, unknown>, answered?: (message: ServerMessage) => void): void {
    const id = this.#nextId++;
    if (answered !== undefined) this.#waiting.set(id, answered);
    this.#socket.send(JSON.stringify({ type, id, payload }));
  }

  /** Ends it, and hands what was counted to the metrics. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    clearInterval(this.#acks);
    this.#endMode();
    this.#flush();
    this.#socket.close();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#wasOpen = true;
    metrics.opened.add(true);
    const { mode, filters, successorOf: before } = this.#options;
    const cursor = before === undefined ? '' : before.#resumeCursor;
    const hello = { mode, ...(filters && { filters }), ...(cursor !== '' && { resume: { cursor } }) };
    this.#socket.send(JSON.stringify({ type: 'hello', payload: hello }));
    this.#sinceMs = Date.now();
    this.#acks = setInterval(() => this.#ack(), ACK_MS);
  }

  #ack(): void {
    this.#flush();
    if (this.#tick === this.#ackedTick || this.#leaving) return;
    this.#ackedTick = this.#tick;
    this.#socket.send(`{"type":"ack","payload":{"tick":${this.#tick}}}`);
  }

  #closed(): void {
    clearInterval(this.#acks);
    if (!this.#leaving) {
      if (this.#isOpen) metrics.cut.add(1);
      this.#leaving = true;
      this.#endMode();
      this.#flush();
    }
    this.#isOpen = false;
    this.#options.onClosed?.();
  }

  #received(event: MessageEvent): void {
    this.#options.onMessage?.();
    const { data } = event;
    if (typeof data === 'string') this.#takeText(data);
    else this.#takeFrame(data as ArrayBuffer);
  }

  #takeFrame(data: ArrayBuffer): void {
    const view = new DataView(data);
    if (data.byteLength < FRAME_HEADER_BYTES || view.getUint8(0) !== FRAME_MAGIC) {
      metrics.undecodable.add(1);
      return;
    }
    const nowMs = Date.now();
    this.#allBytes += data.byteLength;
    // Now and then is enough to know that they are whole, and k6's JavaScript is slow at it.
    if (this.#state !== undefined && this.#allFrames % DECODE_EVERY === 0) {
      this.#guard(() => decodeFrame(new Uint8Array(data)));
    }
    if (this.#allFrames++ % AGE_EVERY === 0 && this.#frames > 0) {
      metrics.frameAge.add(Math.max(0, nowMs - view.getFloat64(8, true)), { mode: this.#mode });
    }
    const tick = view.getUint32(4, true);
    // Pieces of one tick are one turn.
    if (tick === this.#tick) return;
    this.#tick = tick;
    if (nowMs - this.#sinceMs < WARM_UP_MS) return;
    if (this.#frames === 0) this.#firstMs = nowMs;
    else if (nowMs - this.#lastMs > 2_000 / MODE_HZ[this.#mode]) this.#gaps++;
    this.#frames++;
    this.#lastMs = nowMs;
  }

  #takeText(text: string): void {
    this.#allMessages++;
    const isShort = text.length < 2_048;
    if (this.#state !== undefined || (isShort && concernsAll(text))) {
      this.#guard(() => this.#takeMessage(JSON.parse(text) as ServerMessage));
    }
    const cursor = CURSOR.exec(text.slice(0, HEAD))?.[1];
    if (cursor === undefined) return;
    this.cursor = cursor;
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.#options.onCaughtUp?.();
  }

  #takeMessage(message: ServerMessage): void {
    this.#state?.take(message);
    switch (message.type) {
      case 'welcome':
        this.#options.onWelcome?.(message.payload);
        return;
      case 'mode_changed':
        metrics.modeChanges.add(1, { reason: message.payload.reason });
        this.#endMode();
        this.#mode = message.payload.mode;
        this.#sinceMs = Date.now();
        return;
      case 'ok':
      case 'error':
        this.#answered(message);
        return;
      default:
    }
  }

  #answered(message: Extract<ServerMessage, { type: 'ok' | 'error' }>): void {
    if (message.type === 'error') metrics.refused.add(1, { code: message.payload.code });
    const id = Number(message.payload.id);
    const answered = this.#waiting.get(id);
    this.#waiting.delete(id);
    answered?.(message);
  }

  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      // A client that can't read it has lost it: counted, and a threshold fails. One word of it is enough.
      // oxlint-disable-next-line no-console -- k6 has no other log
      if (!this.#complained) console.warn(`could not be read: ${String(error)}`);
      this.#complained = true;
      metrics.undecodable.add(1);
    }
  }

  #endMode(): void {
    const hz = MODE_HZ[this.#mode];
    if (this.countsRates && hz > 0 && this.#frames >= 5) {
      const seconds = (this.#lastMs - this.#firstMs) / 1_000;
      metrics.rateRatio.add((this.#frames - 1) / seconds / hz, { mode: this.#mode });
      metrics.gapShare.add(this.#gaps / (this.#frames - 1), { mode: this.#mode });
    }
    this.#frames = 0;
    this.#gaps = 0;
  }

  #flush(): void {
    metrics.frames.add(this.#allFrames);
    metrics.frameBytes.add(this.#allBytes);
    metrics.messages.add(this.#allMessages);
    this.#allFrames = 0;
    this.#allBytes = 0;
    this.#allMessages = 0;
    const { heartbeats, resyncs, wrongHeartbeats, wrongResyncs } = this.#counts;
    metrics.hashesChecked.add(heartbeats + resyncs);
    metrics.hashesWrong.add(wrongHeartbeats, { of: 'heartbeat' });
    metrics.hashesWrong.add(wrongResyncs, { of: 'resync' });
    Object.assign(this.#counts, createHashCounts());
  }
}

/** Messages that also a client that decodes nothing else has to understand. */
function concernsAll(text: string): boolean {
  return /^\{"type":"(?:welcome|mode_changed|ok|error)"/.test(text.slice(0, 40));
}
