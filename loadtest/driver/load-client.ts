/** One connection of a load driver: upgrade, hello, pongs, acks, and counts of what comes. */
import { connect, type Socket } from 'node:net';
import { FRAME_MAGIC } from '../../src/protocol/frames.ts';
import type { GroupCounts } from './group-counts.ts';
import { HeldState } from './held-state.ts';
import { MessageReader } from './message-reader.ts';
import type { GroupOrder } from './orders.ts';
import { clientFrame, OPCODE, textFrame, upgradeRequest } from './websocket-bytes.ts';

/** One buffer for all connections of the process: every read is taken in before the next. */
const readBuffer = Buffer.allocUnsafeSlow(262_144);
const CURSOR = /^\{"type":"[a-z_]+","timestamp":[\d.]+,"cursor":"([^"]*)"/;
const HEARTBEAT_CURSOR = /^\{"type":"heartbeat",.*"cursor":"([^"]*)"/;
/** Characters of a message in which its cursor stands, if it has one. */
const CURSOR_WITHIN = 160;
/** How an `error` begins in either coding: the type is the first member. */
const ERROR = Buffer.from('error');
const ERROR_WITHIN = 16;
const WELCOME = '{"type":"welcome"';
const HTTP_END = Buffer.from('\r\n\r\n');

/** Wall clock in ms with fractions. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

export interface Target {
  port: number;
  localAddress: string | undefined;
}

export class LoadClient {
  /** Of the last complete group, for groups that keep cursors. */
  cursor = '';
  /** `welcome` named `resume`. */
  resumed = false;
  /** Since the last connect. */
  bytes = 0;
  /** The newest frame, for groups that capture. */
  frame: Buffer | undefined;
  // Of the window.
  frames = 0;
  firstMs = 0;
  lastMs = 0;
  readonly #group: GroupOrder;
  readonly #counts: GroupCounts;
  readonly #index: number;
  readonly #isSampled: boolean;
  readonly #isPrompt: boolean;
  #readAtMs = 0;
  #isStalled = false;
  #held: HeldState | undefined;
  #socket: Socket | undefined;
  #reader: MessageReader | undefined;
  #upgraded: ((error?: Error) => void) | undefined;
  #response: Buffer | undefined;
  #newestTick = 0;
  #ackedTick = 0;
  #closeCode = 1_006;
  #leaving = false;
  #sawCursor: (() => void) | undefined;

  constructor(group: GroupOrder, counts: GroupCounts, index: number) {
    this.#group = group;
    this.#counts = counts;
    this.#index = index;
    this.#isSampled = Math.floor((index + 1) * group.sample) > Math.floor(index * group.sample);
    this.#isPrompt = group.readEveryMs === undefined;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.#upgraded === undefined;
  }

  /** Resolves when upgraded and the hello was written. @throws when refused or cut before. */
  connect(target: Target, resume = false): Promise<void> {
    this.#leaving = false;
    this.#closeCode = 1_006;
    this.bytes = 0;
    this.resumed = false;
    this.#reader = undefined;
    this.#response = undefined;
    if (this.#isSampled && (!resume || this.#held === undefined)) this.#held = new HeldState(this.#counts.hashes);
    return new Promise((resolve, reject) => {
      this.#upgraded = (error) => {
        this.#upgraded = undefined;
        if (error !== undefined) {
          reject(error);
          return;
        }
        this.#greet(resume);
        resolve();
      };
      this.#dial(target);
    });
  }

  /** Resolves when the next message with a cursor has come. */
  nextCursor(): Promise<void> {
    return new Promise((resolve) => {
      this.#sawCursor = resolve;
    });
  }

  say(message: Record<string, unknown>): void {
    this.#socket?.write(textFrame(JSON.stringify(message)));
  }

  /** Acknowledges the newest frame, if it is new. */
  ack(): void {
    if (this.#newestTick === this.#ackedTick || this.#socket === undefined) return;
    this.#ackedTick = this.#newestTick;
    this.#socket.write(textFrame(`{"type":"ack","payload":{"tick":${this.#newestTick}}}`));
  }

  stall(): void {
    this.#isStalled = true;
    this.#socket?.pause();
  }

  release(): void {
    this.#isStalled = false;
    this.#socket?.resume();
  }

  /** Reads what has come, for one that is not read at once. */
  readOnce(): void {
    if (!this.#isPrompt && !this.#isStalled && this.isOpen) this.#socket?.resume();
  }

  beginWindow(): void {
    this.frames = 0;
    this.firstMs = 0;
    this.lastMs = 0;
  }

  /** Drops the connection without a word. */
  drop(): void {
    this.#leaving = true;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #dial({ port, localAddress }: Target): void {
    const { host, path, subprotocol } = this.#request(port);
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#receive(length);
          return this.#isPrompt || this.#upgraded !== undefined;
        },
      },
    });
    this.#socket = socket;
    socket.once('connect', () => socket.write(upgradeRequest({ host, path, subprotocol })));
    socket.once('error', (error) => this.#upgraded?.(error));
    socket.once('close', () => this.#ended(socket));
  }

  #request(port: number): { host: string; path: string; subprotocol: string | undefined } {
    const { path, coding, views = 1 } = this.#group;
    return {
      host: `127.0.0.1:${port}`,
      path: path.replace('{view}', String(this.#index % views)),
      subprotocol: coding === undefined ? undefined : `swarmcast.v1.${coding}`,
    };
  }

  #ended(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
    this.#upgraded?.(new Error('closed during the upgrade'));
    if (!this.#leaving) this.#counts.ended(this.#closeCode);
  }

  #greet(resume: boolean): void {
    const { speech, hellos } = this.#group;
    const hello = hellos?.[this.#index % hellos.length] ?? {};
    if (speech === 'socketio') this.#socket?.write(textFrame(`40${JSON.stringify(hello)}`));
    if (speech !== 'swarmcast') return;
    const cursor = this.#held?.cursor ?? this.cursor;
    this.say({ type: 'hello', payload: resume && cursor !== '' ? { ...hello, resume: { cursor } } : hello });
  }

  #receive(length: number): void {
    this.bytes += length;
    this.#readAtMs = wallClockMs();
    if (this.#reader !== undefined) this.#reader.push(readBuffer, 0, length);
    else this.#receiveResponse(Buffer.from(readBuffer.subarray(0, length)));
  }

  #receiveResponse(part: Buffer): void {
    this.#response = this.#response === undefined ? part : Buffer.concat([this.#response, part]);
    const end = this.#response.indexOf(HTTP_END);
    if (end < 0) return;
    const response = this.#response;
    this.#response = undefined;
    if (!response.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
      this.#upgraded?.(new Error(response.subarray(0, 80).toString('latin1').split('\r')[0]));
      this.drop();
      return;
    }
    this.#reader = new MessageReader(this.#isSampled, (opcode, bytes, from, to, total) =>
      this.#take(opcode, bytes, from, to, total),
    );
    this.#upgraded?.();
    this.#reader.push(response, end + HTTP_END.length, response.length);
  }

  #take(opcode: number, bytes: Buffer, start: number, end: number, length: number): void {
    if (opcode === OPCODE.ping) {
      this.#socket?.write(clientFrame(OPCODE.pong, bytes.subarray(start, end)));
    } else if (opcode === OPCODE.close) {
      this.#closeCode = length >= 2 ? bytes.readUInt16BE(start) : 1_005;
    } else if (opcode === OPCODE.binary && bytes[start] === FRAME_MAGIC) {
      this.#takeFrame(bytes, start, end, length);
    } else {
      this.#takeMessage(opcode, bytes, start, end, length);
    }
  }

  #takeFrame(bytes: Buffer, start: number, end: number, length: number): void {
    const counts = this.#counts;
    const nowMs = this.#readAtMs;
    counts.frames++;
    counts.frameBytes += length;
    const tick = bytes.readUInt32LE(start + 4);
    // What does not fit a frame is split: the pieces of a tick are one turn.
    if (tick !== this.#newestTick || this.frames === 0) {
      this.#newestTick = tick;
      if (this.frames === 0) this.firstMs = nowMs;
      else if (this.#isPrompt && nowMs - this.lastMs > counts.gapMs) counts.gaps++;
      // What comes in the first read of a window was sent before it: the time runs from there on.
      if (nowMs !== this.firstMs || this.frames === 0) this.frames++;
      this.lastMs = nowMs;
      if (this.#isPrompt) counts.latencies.record(nowMs - bytes.readDoubleLE(start + 8));
    }
    if (this.#group.capture !== undefined && this.#index < this.#group.capture && end - start === length)
      this.frame = Buffer.from(bytes.subarray(start, end));
    this.#held?.take(bytes.subarray(start, end), false);
  }

  #takeMessage(opcode: number, bytes: Buffer, start: number, end: number, length: number): void {
    const counts = this.#counts;
    counts.messages++;
    counts.messageBytes += length;
    const isText = opcode === OPCODE.text;
    if (this.#group.speech === 'socketio' && isText && bytes[start] === 0x32) this.#socket?.write(textFrame('3'));
    if (bytes.subarray(start, Math.min(end, start + ERROR_WITHIN)).includes(ERROR)) counts.errors++;
    const message = this.#held?.take(bytes.subarray(start, end), isText);
    if (message !== undefined) counts.noteDecoded(message);
    if (this.#group.keepsCursors === true && isText) this.#noteCursor(bytes, start, end);
  }

  #noteCursor(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString('latin1', start, Math.min(end, start + CURSOR_WITHIN));
    if (text.startsWith(WELCOME)) this.resumed = bytes.indexOf('"follows":"resume"', start) >= 0;
    const cursor = CURSOR.exec(text)?.[1] ?? HEARTBEAT_CURSOR.exec(text)?.[1];
    if (cursor === undefined || cursor === '') return;
    this.cursor = cursor;
    const saw = this.#sawCursor;
    this.#sawCursor = undefined;
    saw?.();
  }
}
