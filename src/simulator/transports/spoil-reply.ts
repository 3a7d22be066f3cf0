import type { ReplyFault } from '../faults.ts';
import { isRecord } from '../faces/arguments.ts';

/** What reply faults come down to, in the order in which they are done. */
export interface SpoiledReply {
  /** Undefined: it is never sent. */
  text: string | undefined;
  delayMs: number;
  /** Write only half of it, then cut the connection. */
  cutHalfWay: boolean;
  /** Write it in pieces of this many bytes. */
  pieceBytes: number | undefined;
  /** Hold it until there are this many. */
  joinCount: number | undefined;
}

const GARBAGE = '\u0000{"jsonrpc": "2.0", this is not JSON';

/** Applies reply faults to one JSON-RPC answer. `separator` ends a line; over HTTP it is empty and garbage replaces the body. */
export function spoilReply(answer: unknown, faults: readonly ReplyFault[], separator: '\n' | ''): SpoiledReply {
  const spoiled: SpoiledReply = {
    text: JSON.stringify(answer) + separator,
    delayMs: 0,
    cutHalfWay: false,
    pieceBytes: undefined,
    joinCount: undefined,
  };
  for (const fault of faults) apply(spoiled, fault, answer, separator);
  return spoiled;
}

function apply(spoiled: SpoiledReply, fault: ReplyFault, answer: unknown, separator: string): void {
  switch (fault.kind) {
    case 'no-answer':
      spoiled.text = undefined;
      break;
    case 'late-answer':
      spoiled.delayMs += fault.delayMs;
      break;
    case 'close-mid-reply':
      spoiled.cutHalfWay = true;
      break;
    case 'garbage-line':
      spoiled.text = separator === '' ? GARBAGE : GARBAGE + separator + (spoiled.text ?? '');
      break;
    case 'over-long-line':
      spoiled.text = JSON.stringify(padded(answer, fault.bytes)) + separator;
      break;
    case 'wrong-id':
      spoiled.text = JSON.stringify(misaddressed(answer)) + separator;
      break;
    case 'duplicate-reply':
      spoiled.text = (spoiled.text ?? '').repeat(2);
      break;
    case 'split-frames':
      spoiled.pieceBytes = Math.max(1, fault.bytes);
      break;
    case 'joined-frames':
      spoiled.joinCount = fault.count;
      break;
  }
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
