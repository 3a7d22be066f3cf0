/** Operators at runtime: how each server stands, asking one now, closing its circuit by hand. */
import { Hono, type Context } from 'hono';
import type { Logger } from '../platform/telemetry/log.ts';
import type { HubStatus } from './hub-status.ts';
import { serverHealth } from './mcp-status.ts';
import { problem } from './problem.ts';

/** Routes under `/api/servers`. Who may call them is checked by the caller. */
export function createServersApi(hub: HubStatus, log: Logger): Hono {
  const api = new Hono();
  const unknown = (c: Context, id: string) => {
    const known = hub.servers().map((server) => server.id);
    const listed = known.length === 0 ? 'there are none' : `known: ${known.slice(0, 20).join(', ')}`;
    return problem(c, 404, 'no_such_server', `no server "${id.slice(0, 64)}"; ${listed}`);
  };

  api.get('/', (c) => c.json({ servers: serverHealth(hub) }));

  api.post('/:id/probe', async (c) => {
    const id = c.req.param('id');
    const answer = await hub.probeServer(id);
    if (answer === undefined) return unknown(c, id);
    log.info({ server: id, outcome: answer.outcome }, 'an operator had a server asked');
    return c.json({ id, ...answer });
  });

  api.post('/:id/reset-circuit', (c) => {
    const id = c.req.param('id');
    const reset = hub.resetCircuit(id);
    if (reset === undefined) return unknown(c, id);
    log.info({ server: id, before: reset.before.state }, 'an operator closed a circuit');
    return c.json({ id, ...reset });
  });
  return api;
}
