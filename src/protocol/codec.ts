/**
 * Coding of messages. msgpack is plain maps, no record extension: a late joiner must be able to read every message
 * with any decoder. JSON is text.
 */
import { Packr } from 'msgpackr';

const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  encodeUndefinedAsNil: false,
  int64AsType: 'number',
});

/** Plain msgpack. Undefined fields are left out, as in JSON. */
export function packMessage(message: unknown): Uint8Array {
  return packr.pack(message);
}

/** @throws {Error} when the bytes are not one msgpack value. */
export function unpackMessage(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}
