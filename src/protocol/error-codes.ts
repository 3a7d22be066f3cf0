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
  /** The input of a command is not as it should be; the message names the field and what is allowed. */
  'bad_input',
  /** No token, or one that is not accepted; the message says why. */
  'unauthorised',
  /** The role does not allow it. */
  'forbidden',
  /** A command names what is not there. */
  'no_such_operation',
  'no_such_server',
  'no_such_swarm',
  'no_such_agent',
  'no_such_task',
  /** Several servers, swarms or agents may be meant: the message lists them. */
  'ambiguous',
  /** The kind of server cannot do it; the message names servers that can. */
  'unsupported_by_server',
  /** The server said no; the message has its words. */
  'refused_by_server',
  /** The server cannot be asked now: nothing was sent. */
  'unavailable',
  /** A write was sent and no answer came: it may have been done. */
  'outcome_unknown',
  /** As much is under way as may be. */
  'busy',
  /** Known to the protocol, not offered by this gateway. */
  'not_supported',
  /** The gateway failed; nothing about its insides is told. */
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Of the socket alone; everything else may also be why a control operation was not done, there and over HTTP. */
type SocketCode =
  'malformed' | 'bad_message' | 'unknown_type' | 'bad_payload' | 'unknown_value' | 'unauthorised' | 'not_supported';
export type OperationFailureCode = Exclude<ErrorCode, SocketCode>;
