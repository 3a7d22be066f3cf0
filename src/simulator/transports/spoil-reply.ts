import type { ReplyFault } from '../faults.ts';
import { isRecord } from '../faces/arguments.ts';

/** What reply faults come down to, in the order in which they are done. */
export interface SpoiledReply {
  /** Undefined: it is never sent. */
  text: string | undefined;
  delayMs: number;
  /** Who gets it. */
  to: 'asker' | 'another' | 'all';
  /** Cut the connection: after half of it, after all of it, or without it. */
  cut: 'half-way' | 'after' | 'before' | undefined;
  /** The server dies with it, with this code. */
  exit: { code: number | undefined } | undefined;
  /** Write it in pieces of this many bytes, one every so many ms (0: one per turn of the event loop). */
  pieces: { bytes: number; everyMs: number } | undefined;
  /** Over HTTP: in place of the status and beside the headers of the answer. */
  http: { status: number; headers: Record<string, string> } | undefined;
  /** Hold it until there are this many. */
  joinCount: number | undefined;
}

const GARBAGE = '\u0000{"jsonrpc": "2.0", this is not JSON';
const BARE_ERROR = '{"error": {"message": "server is shutting down"}}';

/** Applies reply faults to one JSON-RPC answer. `separator` ends a line; over HTTP it is empty and garbage replaces the body. */
export function spoilReply(answer: unknown, faults: readonly ReplyFault[], separator: '\n' | ''): SpoiledReply {
  const spoiled: SpoiledReply = {
    text: JSON.stringify(answer) + separator,
    delayMs: 0,
    to: 'asker',
    cut: undefined,
    exit: undefined,
    pieces: undefined,
    http: undefined,
    joinCount: undefined,
  };
  for (const fault of faults) {
    // The table's key and the fault's kind are the same.
    const apply = EFFECTS[fault.kind] as (spoiled: SpoiledReply, fault: ReplyFault, plain: Plain) => void;
    apply(spoiled, fault, { answer, separator });
  }
  return spoiled;
}

/** The answer before anything was done to it. */
interface Plain {
  answer: unknown;
  separator: '\n' | '';
}

const EFFECTS: {
  [K in ReplyFault['kind']]: (spoiled: SpoiledReply, fault: Extract<ReplyFault, { kind: K }>, plain: Plain) => void;
} = {
  'never-answer': (spoiled) => {
    spoiled.text = undefined;
  },
  'late-answer': (spoiled, { delayMs }) => {
    spoiled.delayMs += delayMs;
  },
  'close-mid-reply': (spoiled) => {
    spoiled.cut = 'half-way';
  },
  'exit-mid-reply': (spoiled, { code }) => {
    spoiled.cut = 'half-way';
    spoiled.exit = { code };
  },
  'garbage-line': (spoiled, _, { separator }) => {
    spoiled.text = separator === '' ? GARBAGE : GARBAGE + separator + (spoiled.text ?? '');
  },
  'over-long-line': (spoiled, { bytes }, { answer, separator }) => {
    spoiled.text = JSON.stringify(padded(answer, bytes)) + separator;
  },
  'wrong-id': (spoiled, _, { answer, separator }) => {
    spoiled.text = JSON.stringify(misaddressed(answer)) + separator;
  },
  'foreign-reply': (spoiled) => {
    spoiled.to = 'another';
  },
  'broadcast-reply': (spoiled) => {
    spoiled.to = 'all';
  },
  'error-and-close': (spoiled, _, { separator }) => {
    spoiled.text = BARE_ERROR + separator;
    spoiled.cut = 'after';
    spoiled.http = { status: 500, headers: { connection: 'close' } };
  },
  'method-not-found': (spoiled, _, { answer, separator }) => {
    spoiled.text = JSON.stringify(refusal(answer, { code: -32_601, message: 'Method not found' })) + separator;
  },
  'cut-by-age': (spoiled) => {
    spoiled.cut = 'before';
  },
  'duplicate-reply': (spoiled) => {
    spoiled.text = (spoiled.text ?? '').repeat(2);
  },
  'split-frames': (spoiled, { bytes }) => {
    spoiled.pieces = { bytes: Math.max(1, bytes), everyMs: 0 };
  },
  'slow-drip': (spoiled, { bytes, everyMs }) => {
    spoiled.pieces = { bytes: Math.max(1, bytes), everyMs };
  },
  'rate-limited': (spoiled, { retryAfterS }, { answer }) => {
    const error = { code: -32_000, message: 'Rate limit exceeded', data: { retryAfter: retryAfterS } };
    spoiled.text = JSON.stringify(refusal(answer, error));
    spoiled.http = { status: 429, headers: { 'retry-after': String(retryAfterS) } };
  },
  'joined-frames': (spoiled, { count }) => {
    spoiled.joinCount = count;
  },
};

function refusal(answer: unknown, error: Record<string, unknown>): unknown {
  return { jsonrpc: '2.0', id: isRecord(answer) ? (answer['id'] ?? null) : null, error };
}

function padded(answer: unknown, bytes: number): unknown {
  if (!isRecord(answer)) return answer;
  const missing = Math.max(0, bytes - JSON.stringify(answer).length);
  const result = isRecord(answer['result']) ? answer['result'] : {};
  const { error: _error, ...rest } = answer;
  return { ...rest, result: { ...result, padding: 'x'.repeat(missing) } };
}

function misaddressed(answer: unknown): unknown {
  if (!isRecord(answer)) return answer;
  const { id } = answer;
  return { ...answer, id: typeof id === 'number' ? id + 1_000_003 : `${String(id)}-wrong` };
}
