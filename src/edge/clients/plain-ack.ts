/**
 * Acknowledgements, twice a second from most clients, are most of what an edge receives. Those that are written as the
 * SDK writes them are read where they are, without decoding and checking a message; all others are left to
 * protocol-messages.ts.
 */
import { packMessage } from '../../protocol/codec.ts';

const utf8 = new TextEncoder();
const JSON_HEAD = utf8.encode('{"type":"ack","payload":{"tick":');
const JSON_TAIL = utf8.encode('}}');
/** Without the tick, which is the last byte. */
const MSGPACK_HEAD = packMessage({ type: 'ack', payload: { tick: 0 } }).slice(0, -1);
const MAX_DIGITS = 10;
const MAX_TICK = 0xffff_ffff;
/** How msgpack marks integers of 1, 2 and 4 bytes; smaller ones than 0x80 are their own byte. */
const UINT8 = 0xcc;
const UINT16 = 0xcd;
const UINT32 = 0xce;

/** The tick that is acknowledged; undefined when the message is anything else, or written in another way. */
export function plainAck(bytes: Uint8Array, isBinary: boolean): number | undefined {
  return isBinary ? fromMsgpack(bytes) : fromJson(bytes);
}

function fromJson(bytes: Uint8Array): number | undefined {
  const digitsEnd = bytes.length - JSON_TAIL.length;
  const digits = digitsEnd - JSON_HEAD.length;
  if (digits < 1 || digits > MAX_DIGITS) return undefined;
  if (!hasAt(bytes, 0, JSON_HEAD) || !hasAt(bytes, digitsEnd, JSON_TAIL)) return undefined;
  let tick = 0;
  for (let at = JSON_HEAD.length; at < digitsEnd; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return undefined;
    tick = tick * 10 + digit;
  }
  // JSON knows no leading zeros.
  return tick > MAX_TICK || (digits > 1 && bytes[JSON_HEAD.length] === 48) ? undefined : tick;
}

function fromMsgpack(bytes: Uint8Array): number | undefined {
  const at = MSGPACK_HEAD.length;
  if (bytes.length <= at || !hasAt(bytes, 0, MSGPACK_HEAD)) return undefined;
  const mark = bytes[at] ?? 0;
  if (mark < 0x80) return bytes.length === at + 1 ? mark : undefined;
  const width = mark === UINT8 ? 1 : mark === UINT16 ? 2 : mark === UINT32 ? 4 : 0;
  if (width === 0 || bytes.length !== at + 1 + width) return undefined;
  let tick = 0;
  for (let i = 1; i <= width; i++) tick = tick * 256 + (bytes[at + i] ?? 0);
  return tick;
}

function hasAt(bytes: Uint8Array, from: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[from + i] !== expected[i]) return false;
  return true;
}
