import type { ServerMessage } from '../../src/protocol/server-messages.ts';
import { createHashCounts, type HashCounts } from '../shared/state-check.ts';
import { Latencies } from './latencies.ts';

/** What the clients of one group add up to. */
export class GroupCounts {
  /** An interval longer than this is a gap. */
  readonly gapMs: number;
  readonly latencies = new Latencies();
  readonly events = new Latencies();
  readonly #eventPrefix: string | undefined;
  readonly hashes: HashCounts = createHashCounts();
  frames = 0;
  frameBytes = 0;
  messages = 0;
  messageBytes = 0;
  gaps = 0;
  errors = 0;
  closed = 0;
  readonly closeCodes: Record<string, number> = {};
  messageTypes: Record<string, number> = {};
  modeChanges: Record<string, number> = {};

  constructor(hz: number, eventPrefix?: string) {
    this.#eventPrefix = eventPrefix;
    this.gapMs = hz > 0 ? 2_000 / hz : Number.POSITIVE_INFINITY;
  }

  /** The server, or the network, ended a connection. */
  ended(code: number): void {
    this.closed++;
    this.closeCodes[code] = (this.closeCodes[code] ?? 0) + 1;
  }

  noteDecoded(message: ServerMessage): void {
    this.messageTypes[message.type] = (this.messageTypes[message.type] ?? 0) + 1;
    if (message.type === 'agent_update' && this.#eventPrefix !== undefined)
      this.#noteEvents(message, this.#eventPrefix);
    if (message.type !== 'mode_changed') return;
    const { reason } = message.payload;
    this.modeChanges[reason] = (this.modeChanges[reason] ?? 0) + 1;
  }

  #noteEvents(message: Extract<ServerMessage, { type: 'agent_update' }>, prefix: string): void {
    const nowMs = performance.timeOrigin + performance.now();
    for (const { name } of message.payload.added) {
      if (name?.startsWith(prefix) === true) this.events.record(nowMs - Number(name.slice(prefix.length)));
    }
  }

  /** Hashes, errors and closes are counted over the whole life, the rest anew. */
  beginWindow(): void {
    this.latencies.reset();
    this.events.reset();
    this.frames = 0;
    this.frameBytes = 0;
    this.messages = 0;
    this.messageBytes = 0;
    this.gaps = 0;
    this.messageTypes = {};
    this.modeChanges = {};
  }
}
