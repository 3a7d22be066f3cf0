/**
 * From what a client sent to requests: both codings, and both dialects of PROTOCOL.md. Nothing here throws: what is
 * not a request is a {@link Refusal}, whose message is one sentence for the author of the client.
 */
import type { z } from 'zod';
import {
  CLIENT_MESSAGE_TYPES,
  clientEnvelope,
  clientPayloads,
  MAX_CLIENT_MESSAGE_BYTES,
  RESERVED_CLIENT_TYPES,
  type ClientMessage,
  type ClientMessageType,
  type RequestId,
} from '../../protocol/client-messages.ts';
import { unpackMessage } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
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

/** Longest part of a client's own text that an error repeats. */
const MAX_ECHO = 64;

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
      return refuse('unknown_type', `there is no action ${quote(value.action)}; allowed: ${OLDER_ACTIONS.join(', ')}`);
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
  return { refusal: { id, ...explain(result.error.issues, `${type}: `) } };
}

function isKnownType(type: string): type is ClientMessageType {
  return Object.hasOwn(clientPayloads, type);
}

function unknownType(type: string, id: RequestId | undefined): Refusal {
  if ((RESERVED_CLIENT_TYPES as readonly string[]).includes(type)) {
    return { id, code: 'not_supported', message: `${quote(type)} is reserved and not offered by this gateway` };
  }
  const allowed = CLIENT_MESSAGE_TYPES.join(', ');
  return { id, code: 'unknown_type', message: `there is no message type ${quote(type)}; allowed: ${allowed}` };
}

function refuse(code: ErrorCode, message: string): ParsedMessage {
  return { kind: 'refused', refusal: { code, message } };
}

type Issue = z.core.$ZodIssue;

/** One sentence that names the field, what is wrong and what is allowed. Only the first issue is told. */
function explain(issues: readonly Issue[], prefix: string): { code: ErrorCode; message: string } {
  const [issue] = issues;
  if (issue === undefined) return { code: 'bad_payload', message: `${prefix}not valid` };
  const path = issue.path.map(String).join('.');
  const field = path === '' ? 'it' : shorten(path, MAX_ECHO);
  return sentence(issue, `${prefix}${field}`);
}

function sentence(issue: Issue, field: string): { code: ErrorCode; message: string } {
  switch (issue.code) {
    case 'invalid_value':
      return { code: 'unknown_value', message: `${field} must be one of: ${issue.values.map(String).join(', ')}` };
    case 'invalid_type':
      return { code: 'bad_payload', message: `${field} must be ${article(issue.expected)}` };
    case 'unrecognized_keys':
      return { code: 'bad_payload', message: `${field} has no field ${issue.keys.slice(0, 3).map(quote).join(', ')}` };
    case 'too_big':
      return { code: 'bad_payload', message: `${field} may have at most ${issue.maximum} ${unit(issue.origin)}` };
    case 'too_small':
      return { code: 'bad_payload', message: `${field} must have at least ${issue.minimum} ${unit(issue.origin)}` };
    case 'invalid_union':
      return { code: 'bad_payload', message: `${field} must be a string of at most 128 characters or an integer` };
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return { code: 'bad_payload', message: `${field} is not valid: ${shorten(issue.message, 160)}` };
    default:
      return { code: 'bad_payload', message: `${field} is not valid` };
  }
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function unit(origin: string): string {
  if (origin === 'string') return 'characters';
  return origin === 'array' ? 'entries' : 'as its value';
}

function quote(text: string): string {
  return JSON.stringify(shorten(text, MAX_ECHO));
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
