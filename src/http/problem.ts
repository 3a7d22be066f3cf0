/** Errors of the HTTP API: problem details (RFC 9457), one closed list of codes. */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** What is wrong in general, by code; the code is also the last part of the problem's `type`. */
const TITLES = {
  bad_input: 'The request is not valid',
  not_found: 'No such path',
  internal: 'The gateway failed to answer',
  no_key: 'No key was sent',
  bad_key: 'The key is not accepted',
  no_operators: 'This gateway has no operator key',
  no_edge: 'No edge answers',
  no_such_client: 'No such client',
  no_such_server: 'No such server',
  not_live: 'The client is not welcomed yet',
} as const;
export type ProblemCode = keyof typeof TITLES;

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
  const body: Problem = { type: `urn:swarmcast:problem:${code}`, title: TITLES[code], status, detail, code };
  return c.body(JSON.stringify({ ...body, ...extra }), status, { 'content-type': 'application/problem+json' });
}
