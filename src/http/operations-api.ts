/** The control operations over HTTP. Limits, checks, authorisation and audit are the hub's: the same as the socket's. */
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Actor } from '../model/actor.ts';
import { targetOf } from '../model/audit.ts';
import type { OperationFailureCode } from '../protocol/error-codes.ts';
import { OPERATION_NAMES, operationOf, OPERATIONS, type OperationName } from '../protocol/operations/operations.ts';
import { deniedBy } from './audit-actions.ts';
import type { HubStatus } from './hub-status.ts';
import { OPERATION_BINDINGS, type OperationBinding } from './operation-bindings.ts';
import { problem } from './problem.ts';
import type { AuthEnv } from './require-role.ts';
import { queryAs, readObject } from './request-input.ts';

/** What a failure is in HTTP's words. */
export const FAILURE_STATUS: Readonly<Record<OperationFailureCode, ContentfulStatusCode>> = {
  bad_input: 400,
  forbidden: 403,
  rate_limited: 429,
  no_such_operation: 404,
  no_such_server: 404,
  no_such_swarm: 404,
  no_such_agent: 404,
  no_such_task: 404,
  ambiguous: 409,
  unsupported_by_server: 501,
  refused_by_server: 422,
  unavailable: 503,
  outcome_unknown: 504,
  busy: 503,
  internal: 500,
};

/** Who asks; a response where nobody is let in. */
export type Identify = (c: Context) => Promise<Actor | Response>;

/** Adds `/api/operations` and the paths of {@link OPERATION_BINDINGS}. */
export function addOperations(app: Hono<AuthEnv>, hub: HubStatus, identify: Identify): void {
  const operate = async (c: Context, operation: string, input: unknown): Promise<Response> => {
    const actor = await identify(c);
    if (actor instanceof Response) {
      hub.noteAudit({
        ...deniedBy(c),
        operation,
        kind: operationOf(operation)?.kind ?? 'write',
        target: targetOf(input),
        took_ms: 0,
      });
      return actor;
    }
    const outcome = await hub.operate({ operation, input, actor });
    if (outcome.ok) return c.json(outcome.reply);
    const { code, message, retry_after_ms: retryAfterMs } = outcome.failure;
    if (code === 'forbidden' && actor.subject === 'anonymous') {
      // Whoever sent no token is told that one would help.
      c.header('www-authenticate', 'Bearer');
      return problem(c, 401, code, message);
    }
    if (retryAfterMs === undefined) return problem(c, FAILURE_STATUS[code], code, message);
    c.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
    return problem(c, FAILURE_STATUS[code], code, message, { retry_after_ms: retryAfterMs });
  };

  app.get('/api/operations', (c) => c.json({ operations: OPERATION_NAMES.map((name) => described(name, hub)) }));
  app.post('/api/operations/:operation', async (c) =>
    operate(c, c.req.param('operation').slice(0, 64), await readObject(c)),
  );
  for (const binding of OPERATION_BINDINGS) {
    app.on(binding.method.toUpperCase(), binding.path, async (c) =>
      operate(c, binding.operation, await inputOf(c, binding)),
    );
  }
}

/** Path wins over query, query over body. */
async function inputOf(c: Context, { method, operation }: OperationBinding): Promise<Record<string, unknown>> {
  const body = method === 'get' ? {} : await readObject(c);
  return { ...body, ...queryAs(c, OPERATIONS[operation].input), ...c.req.param() };
}

function described(name: OperationName, hub: HubStatus) {
  const { summary, role, kind, repeatable, input } = OPERATIONS[name];
  return {
    name,
    summary,
    role,
    kind,
    repeatable,
    servers: hub.serversFor(name),
    input: z.toJSONSchema(input, { io: 'input' }),
  };
}
