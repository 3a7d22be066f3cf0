/**
 * From what a client sent to requests: both codings, and both dialects of PROTOCOL.md. Nothing here throws: what is
 * not a request is a {@link Refusal}, whose message is one sentence for the author of the client.
 */
import {
  CLIENT_MESSAGE_TYPES,
  clientEnvelope,
  clientPayloads,
  MAX_CLIENT_MESSAGE_BYTES,
  type ClientMessage,
  type ClientMessageType,
  type RequestId,
} from '../../protocol/client-messages.ts';
import { unpackMessage } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { explain, quoteShort, shorten } from '../../protocol/explain.ts';
import { OLDER_ACTIONS, fromOlderDialect, isOlderDialect } from './older-dialect.ts';

/** Why something is not a request. */
export interface Refusal {
  id?: RequestId | undefined;
  code: ErrorCode;
  message: string;
}

export type ParsedMessage =
  /** More than one only from the older dialect's `configure`. */
  | { kind: 'requests'; requests: ClientMessage[] }
  /** The older dialect's text `ping`, answered by text `pong`. */
  | { kind: 'ping' }
  | { kind: 'refused'; refusal: Refusal };

export function parseClientMessage(bytes: Uint8Array, isBinary: boolean): ParsedMessage {
  if (bytes.byteLength > MAX_CLIENT_MESSAGE_BYTES) {
    return refuse(
      'bad_message',
      `a message may have ${MAX_CLIENT_MESSAGE_BYTES} bytes, this one has ${bytes.byteLength}`,
    );
  }
  const decoded = isBinary ? decodeMsgpack(bytes) : decodeText(bytes);
  if ('refusal' in decoded) return { kind: 'refused', refusal: decoded.refusal };
  if (decoded.value === 'ping' && !isBinary) return { kind: 'ping' };
  return parseValue(decoded.value);
}

/** The id of a message that is refused unread for its rate, where it is cheap to find. */
export function requestIdOf(bytes: Uint8Array, isBinary: boolean): RequestId | undefined {
  if (bytes.byteLength > 1_024) return undefined;
  const decoded = isBinary ? decodeMsgpack(bytes) : decodeText(bytes);
  if ('refusal' in decoded) return undefined;
  const envelope = clientEnvelope.pick({ id: true }).safeParse(decoded.value);
  return envelope.success ? envelope.data.id : undefined;
}

type Decoded = { value: unknown } | { refusal: Refusal };

function decodeText(bytes: Uint8Array): Decoded {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.trim() === 'ping') return { value: 'ping' };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { refusal: { code: 'malformed', message: `the text is not JSON: ${shorten(detail, 160)}` } };
  }
}

function decodeMsgpack(bytes: Uint8Array): Decoded {
  try {
    return { value: unpackMessage(bytes) };
  } catch {
    // The decoder's words speak of its insides; that it failed is all there is to say.
    return { refusal: { code: 'malformed', message: 'the binary message is not one msgpack value' } };
  }
}

function parseValue(value: unknown): ParsedMessage {
  if (isOlderDialect(value)) {
    const older = fromOlderDialect(value);
    if (older === undefined) {
      return refuse(
        'unknown_type',
        `there is no action ${quoteShort(value.action)}; allowed: ${OLDER_ACTIONS.join(', ')}`,
      );
    }
    return parseAll(older);
  }
  return parseAll([value]);
}

function parseAll(values: readonly unknown[]): ParsedMessage {
  const requests: ClientMessage[] = [];
  for (const value of values) {
    const parsed = parseEnvelope(value);
    if ('refusal' in parsed) return { kind: 'refused', refusal: parsed.refusal };
    requests.push(parsed.request);
  }
  return { kind: 'requests', requests };
}

function parseEnvelope(value: unknown): { request: ClientMessage } | { refusal: Refusal } {
  const envelope = clientEnvelope.safeParse(value);
  if (!envelope.success) {
    const what = explain(envelope.error.issues, '').message;
    return { refusal: { code: 'bad_message', message: `a message is {type, id?, payload?}: ${what}` } };
  }
  const { type, id, payload } = envelope.data;
  if (!isKnownType(type)) return { refusal: unknownType(type, id) };
  // Binary decoders give undefined for nil in some clients' hands; both mean that there is no payload.
  const result = clientPayloads[type].safeParse(payload ?? {});
  if (result.success) return { request: { type, id, payload: result.data } as ClientMessage };
  const { isUnknownValue, message } = explain(result.error.issues, `${type}: `);
  return { refusal: { id, code: isUnknownValue ? 'unknown_value' : 'bad_payload', message } };
}

function isKnownType(type: string): type is ClientMessageType {
  return Object.hasOwn(clientPayloads, type);
}

function unknownType(type: string, id: RequestId | undefined): Refusal {
  const allowed = CLIENT_MESSAGE_TYPES.join(', ');
  return { id, code: 'unknown_type', message: `there is no message type ${quoteShort(type)}; allowed: ${allowed}` };
}

function refuse(code: ErrorCode, message: string): ParsedMessage {
  return { kind: 'refused', refusal: { code, message } };
}
