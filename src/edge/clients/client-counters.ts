import { MODES, type Mode } from '../../protocol/modes.ts';
import { VIEW_KINDS, type ViewKind } from '../views/view.ts';

/** What the turns of clients of one mode and kind of view came to since the start. */
export interface Meter {
  readonly mode: Mode;
  readonly view: ViewKind;
  turns: number;
  /** Turns that were timed, one of {@link TURNS_PER_SAMPLE}, and how long they took. */
  sampledTurns: number;
  sampledMs: number;
  frames: number;
  frameBytes: number;
  /** State and control. */
  messages: number;
  messageBytes: number;
}

/** A prime, so that no round number of clients is sampled at the same ones for ever. */
export const TURNS_PER_SAMPLE = 31;

/** Counters of all clients of an edge since its start; read for metrics. */
export class ClientCounters {
  connectionsTotal = 0;
  refusedTotal = 0;
  messagesReceivedTotal = 0;
  /** Times a due client was passed over, whatever the sign. */
  skipsTotal = 0;
  /** Those of them whose sign was the client's silence: no acknowledgement, no answer to a ping. */
  behindSkipsTotal = 0;
  pingsTotal = 0;
  demotionsTotal = 0;
  promotionsTotal = 0;
  operatorChangesTotal = 0;
  errorsSentTotal = 0;
  rateLimitedTotal = 0;
  memoryLimitTotal = 0;
  idleClosedTotal = 0;
  /** Most control messages that waited for one client. */
  outboxPeak = 0;
  /** All turns, for choosing those that are timed. */
  turns = 0;
  readonly meters: readonly Meter[] = MODES.flatMap((mode) => VIEW_KINDS.map((view) => createMeter(mode, view)));

  meter(mode: Mode, view: ViewKind): Meter {
    const meter = this.meters[MODES.indexOf(mode) * VIEW_KINDS.length + VIEW_KINDS.indexOf(view)];
    if (meter === undefined) throw new RangeError(`no meter for ${mode} ${view}`);
    return meter;
  }

  sum(field: 'frames' | 'frameBytes' | 'messages' | 'messageBytes'): number {
    let sum = 0;
    for (const meter of this.meters) sum += meter[field];
    return sum;
  }
}

function createMeter(mode: Mode, view: ViewKind): Meter {
  return {
    mode,
    view,
    turns: 0,
    sampledTurns: 0,
    sampledMs: 0,
    frames: 0,
    frameBytes: 0,
    messages: 0,
    messageBytes: 0,
  };
}
