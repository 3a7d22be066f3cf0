/** Audit of what operators do over HTTP beside control operations, which the hub notes by itself. */
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { targetOf, type AuditEntry } from '../model/audit.ts';
import type { HubStatus } from './hub-status.ts';
import type { AuthEnv } from './require-role.ts';

/** Names of actions by method and route. One that is not here is noted by its route. */
const ACTIONS: Readonly<Record<string, string>> = {
  'POST /api/clients/:id/mode': 'clients.set_mode',
  'PUT /api/clients/cap': 'clients.cap',
  'DELETE /api/clients/cap': 'clients.uncap',
  'POST /api/servers/:id/probe': 'server.probe',
  'POST /api/servers/:id/reset-circuit': 'server.reset_circuit',
  'POST /api/reload': 'config.reload',
};
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Notes every request that is to change something, done or refused. To be used before roles are checked. */
export function auditActions(hub: HubStatus): MiddlewareHandler<AuthEnv> {
  return async (c, next) => {
    const startMs = performance.now();
    await next();
    const route = routePath(c, -1).replace(/(.)\/$/, '$1');
    // A path that only middleware matched was nobody's.
    if (READS.has(c.req.method) || route.includes('*')) return;
    const name = `${c.req.method} ${route}`;
    const identity = c.get('identity') as AuthEnv['Variables']['identity'] | undefined;
    hub.noteAudit({
      ...(identity === undefined ? deniedBy(c) : { ...whoIs(identity), ...outcomeOf(c) }),
      operation: Object.hasOwn(ACTIONS, name) ? (ACTIONS[name] ?? name) : name,
      kind: 'write',
      target: { ...targetOf(await bodyOf(c)), ...targetOf(namedIn(c.req.path, route)) },
      took_ms: Math.round(performance.now() - startMs),
    });
  };
}

/** Who was turned away, and why: of a request that was answered so. */
export function deniedBy(c: Context): Pick<AuditEntry, 'subject' | 'role' | 'via' | 'outcome' | 'message'> {
  const denied = c.get('denied') as AuthEnv['Variables']['denied'];
  const who = denied === undefined ? { subject: 'unknown', role: null, via: 'http' as const } : whoIs(denied);
  return { ...who, ...outcomeOf(c) };
}

function whoIs({ subject, role }: AuthEnv['Variables']['identity']): Pick<AuditEntry, 'subject' | 'role' | 'via'> {
  return { subject, role, via: 'http' };
}

function outcomeOf(c: Context): Pick<AuditEntry, 'outcome' | 'message'> {
  const refusal = c.get('refusal') as AuthEnv['Variables']['refusal'];
  if (refusal !== undefined) return { outcome: refusal.code, message: refusal.message };
  return { outcome: c.res.ok ? 'ok' : `status ${c.res.status}` };
}

/** What the handler has read already, or, where it was refused before, what it would have read. */
async function bodyOf(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    // No JSON names anything.
    return undefined;
  }
}

/** `:id` by what it is the id of: `/api/servers/:id/probe` gives `server_id`. */
function namedIn(path: string, route: string): Record<string, string> {
  const parts = path.split('/');
  const names = route.split('/');
  const found = names.flatMap((name, index) => {
    if (!name.startsWith(':')) return [];
    const key = name === ':id' ? `${names[index - 1]?.replace(/s$/, '') ?? ''}_id` : name.slice(1);
    return [[key, decoded(parts[index] ?? '')] as const];
  });
  return Object.fromEntries(found);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
