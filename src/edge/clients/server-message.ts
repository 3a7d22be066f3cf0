import { packMessage } from '../../protocol/codec.ts';
import type { ServerMessage } from '../../protocol/server-messages.ts';
import type { Coding } from './client-socket.ts';

/** One message for one client, in its coding: text for JSON, bytes for msgpack. */
export function encodeServerMessage(message: ServerMessage, coding: Coding): string | Uint8Array {
  return coding === 'json' ? JSON.stringify(message) : packMessage(message);
}
