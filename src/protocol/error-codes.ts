/** Codes of `error` messages. A request with `id` gets its error with that `id`; the connection stays open. */
export const ERROR_CODES = [
  /** Text that is not JSON, or binary that is not msgpack. */
  'malformed',
  /** An envelope that is not `{type, id?, payload?}`. */
  'bad_message',
  /** A `type` or `action` that the protocol does not know. */
  'unknown_type',
  /** A payload of the wrong shape; the message names the field and what is allowed. */
  'bad_payload',
  /** A value outside a closed vocabulary; the message lists the allowed ones. */
  'unknown_value',
  /** Too many requests of this kind; `retry_after_ms` says when to try again. */
  'rate_limited',
  /** Known to the protocol, not offered by this gateway. */
  'not_supported',
  /** The gateway failed; nothing about its insides is told. */
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
