/** Errors of the HTTP API: problem details (RFC 9457), one closed list of codes. */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { RefusalReason } from '../platform/auth/identity.ts';
import type { OperationFailureCode } from '../protocol/error-codes.ts';

/** What is wrong in general, by code; the code is also the last part of the problem's `type`. */
const TITLES: Readonly<Record<OwnCode | OperationFailureCode, string>> = {
  bad_input: 'The request is not valid',
  not_found: 'No such path',
  internal: 'The gateway failed to answer',
  no_token: 'No token was sent',
  malformed: 'The token is none',
  bad_signature: 'The token is not genuine',
  bad_algorithm: 'The token has an algorithm that is not accepted',
  expired: 'The token has expired',
  not_yet_valid: 'The token is not valid yet',
  wrong_audience: 'The token is for somebody else',
  wrong_issuer: 'The token comes from somebody else',
  bad_claims: 'The token lacks what this gateway needs',
  unknown_key: 'The key is not known',
  revoked: 'The key was revoked',
  keys_unavailable: 'The token cannot be checked now',
  limited: 'The token limits what may be seen',
  no_edge: 'No edge answers',
  no_such_client: 'No such client',
  bad_config: 'The new configuration is refused, the old one stays',
  no_config: 'This gateway cannot read its configuration again',
  not_live: 'The client is not welcomed yet',
  forbidden: 'The role does not allow it',
  rate_limited: 'Too many requests',
  no_such_operation: 'No such operation',
  no_such_server: 'No such server',
  no_such_swarm: 'No such swarm',
  no_such_agent: 'No such agent',
  no_such_task: 'No such task',
  ambiguous: 'Several may be meant',
  unsupported_by_server: 'The server cannot do it',
  refused_by_server: 'The server refused',
  unavailable: 'The server cannot be asked now',
  outcome_unknown: 'No answer came: it may have been done',
  busy: 'Too much is under way',
};
/** Codes beside those of operations. */
type OwnCode =
  | 'bad_input'
  | 'not_found'
  | 'internal'
  | RefusalReason
  | 'limited'
  | 'no_edge'
  | 'no_such_client'
  | 'bad_config'
  | 'no_config'
  | 'not_live';
export type ProblemCode = OwnCode | OperationFailureCode;
export const PROBLEM_CODES = Object.keys(TITLES) as [ProblemCode, ...ProblemCode[]];

/** The body of every answer that is an error, `application/problem+json`. */
interface Problem {
  /** `urn:swarmcast:problem:<code>` */
  type: string;
  title: string;
  status: number;
  /** One sentence for whoever sent the request: what is wrong, and what is allowed. */
  detail: string;
  code: ProblemCode;
}

/** Answers with a problem. `extra`: further members, such as `retry_after_ms`. */
export function problem(
  c: Context,
  status: ContentfulStatusCode,
  code: ProblemCode,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
): Response {
  // For the audit.
  c.set('refusal', { code, message: detail });
  const body: Problem = { type: `urn:swarmcast:problem:${code}`, title: TITLES[code], status, detail, code };
  return c.body(JSON.stringify({ ...body, ...extra }), status, { 'content-type': 'application/problem+json' });
}
