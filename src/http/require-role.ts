/** Who may call a route. Answers 401 to a bad token and to none where one is needed, 403 to the wrong role. */
import type { Context, MiddlewareHandler } from 'hono';
import type { Actor } from '../model/actor.ts';
import type { Role } from '../model/role.ts';
import type { Authenticator } from '../platform/auth/authenticator.ts';
import { bearerToken } from '../platform/auth/bearer.ts';
import { allows, isLimited, type Identity, type RefusalReason } from '../platform/auth/identity.ts';
import { problem } from './problem.ts';

/** Routes behind {@link RequireRole} find who calls under `identity`. */
export interface AuthEnv {
  Variables: {
    identity: Identity;
    /** Who was turned away, where that is known. */
    denied?: Identity;
    /** Set by `problem()`. */
    refusal?: { code: string; message: string };
  };
}

/** `forbidden`: known, and of a role that may not. `limited`: what the route tells can't be cut to their limits. */
export type AccessRefusal = RefusalReason | 'forbidden' | 'limited';

/** `whole`: also refuses those from whom anything is hidden. */
export type RequireRole = (role: Role, options?: { whole?: boolean }) => MiddlewareHandler<AuthEnv>;

/** `authenticator` is asked for with every request, since a reload replaces it. */
export function createRequireRole(
  authenticator: () => Authenticator,
  refused: (reason: AccessRefusal) => void,
): RequireRole {
  return (role, { whole = false } = {}) =>
    async (c, next) => {
      const found = await admit(c, authenticator(), { role, whole });
      if ('code' in found) return deny(c, found, refused);
      c.set('identity', found);
      await next();
      return undefined;
    };
}

/** Who asks for an operation: roles are checked by the hub, limits here. */
export function createIdentify(
  authenticator: () => Authenticator,
  refused: (reason: AccessRefusal) => void,
): (c: Context) => Promise<Actor | Response> {
  return async (c) => {
    const found = await admit(c, authenticator(), { role: 'viewer', whole: true });
    return 'code' in found ? deny(c, found, refused) : { subject: found.subject, role: found.role, via: 'http' };
  };
}

interface Denial {
  status: 401 | 403;
  code: AccessRefusal;
  message: string;
  /** Who it was, where that is known. */
  identity?: Identity;
}

async function admit(
  c: Context,
  authenticator: Authenticator,
  { role, whole }: { role: Role; whole: boolean },
): Promise<Identity | Denial> {
  const verdict = await authenticator.verify(bearerToken(c.req.header('authorization')));
  if (verdict.kind === 'refused') {
    return { status: 401, code: verdict.refusal.reason, message: verdict.refusal.message };
  }
  const { identity } = verdict;
  if (!allows(identity.role, role)) {
    // Whoever sent no token is told that one would help.
    const status = identity.subject === 'anonymous' ? 401 : 403;
    const message = `this is for the role ${role}; yours is ${identity.role}`;
    return { status, code: 'forbidden', message, identity };
  }
  if (!whole || !isLimited(identity.limits)) return identity;
  const message = 'this tells of everything, and your token limits what you may see';
  return { status: 403, code: 'limited', message, identity };
}

function deny(
  c: Context,
  { status, code, message, identity }: Denial,
  refused: (reason: AccessRefusal) => void,
): Response {
  refused(code);
  c.set('denied', identity);
  if (status === 401) c.header('www-authenticate', 'Bearer');
  return problem(c, status, code, message);
}

/** Who calls, where a token is welcome and none is needed; undefined: nobody known. */
export async function callerOf(c: Context, authenticator: Authenticator): Promise<Identity | undefined> {
  const verdict = await authenticator.verify(bearerToken(c.req.header('authorization')));
  return verdict.kind === 'identity' ? verdict.identity : undefined;
}
