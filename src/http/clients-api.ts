/** Operators at runtime: who is connected, in which mode, at what cost; one client's mode, and a cap for all. */
import { setTimeout } from 'node:timers/promises';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { MAX_CLIENTS_PER_PAGE, type ClientsPage } from '../feed/feed.ts';
import type { Logger } from '../platform/telemetry/log.ts';
import { MODE_HZ, modeSchema } from '../protocol/modes.ts';
import { costReport } from './client-costs.ts';
import type { HubStatus } from './hub-status.ts';
import { problem } from './problem.ts';
import { readBody, readQuery } from './request-input.ts';

const DEFAULT_PAGE = 100;
const DEFAULT_COST_WINDOW_MS = 1_000;

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_CLIENTS_PER_PAGE).default(DEFAULT_PAGE),
  /** `next` of the page before. */
  after: z
    .string()
    .regex(/^\d{1,9}:\d{1,15}$/, 'must be the "next" of another page')
    .optional(),
});
export const costQuery = z.strictObject({
  window_ms: z.coerce.number().int().min(100).max(10_000).default(DEFAULT_COST_WINDOW_MS),
});
export const modeBody = z.strictObject({ mode: modeSchema });
// On demand is no rate: as a cap it would silence everybody.
export const capBody = z.strictObject({ mode: modeSchema.pipe(z.enum(['high_frequency', 'normal', 'low_frequency'])) });

/** Routes under `/api/clients`. Who may call them is checked by the caller. */
export function createClientsApi(hub: HubStatus, log: Logger): Hono {
  const api = new Hono();

  api.get('/', async (c) => {
    const { limit, after } = readQuery(c, pageQuery);
    const answers = await hub.clients({ after: parseAfter(after), limit });
    if (answers.length === 0) return noEdge(c);
    const edges = answers.toSorted((a, b) => a.edge_id - b.edge_id);
    const found = edges.flatMap(({ edge_id, clients }) => clients.map((client) => ({ edge_id, ...client })));
    const clients = found.slice(0, limit);
    const last = clients.at(-1);
    // A full page may be the last one; the next is then empty.
    const isFull = last !== undefined && clients.length === limit;
    return c.json({
      total: edges.reduce((sum, { total }) => sum + total, 0),
      edges: edges.map(({ edge_id, total }) => ({ edge_id, total })),
      cap: hub.settings().cap,
      clients,
      next: isFull ? `${last.edge_id}:${last.serial}` : null,
    });
  });

  api.get('/cost', async (c) => {
    const { window_ms: windowMs } = readQuery(c, costQuery);
    const startMs = performance.now();
    const before = await hub.edges();
    await setTimeout(windowMs);
    const after = await hub.edges();
    if (after.length === 0) return noEdge(c);
    return c.json(costReport(before, after, performance.now() - startMs));
  });

  api.put('/cap', async (c) => {
    const { mode } = await readBody(c, capBody);
    const changed = await hub.changeSettings({ cap: mode });
    log.info({ cap: mode }, 'an operator capped the mode of all clients');
    return c.json({ cap: mode, effective_rate_hz: MODE_HZ[mode], ...changedBy(changed) });
  });

  api.delete('/cap', async (c) => {
    const changed = await hub.changeSettings({ cap: null });
    log.info('an operator lifted the cap on modes');
    return c.json({ cap: null, effective_rate_hz: null, ...changedBy(changed) });
  });

  api.post('/:id/mode', async (c) => {
    const { mode } = await readBody(c, modeBody);
    const id = c.req.param('id').slice(0, 64);
    const answers = await hub.setClientMode(id, mode);
    if (answers.length === 0) return noEdge(c);
    const holder = answers.find((answer) => answer.held);
    if (holder === undefined) {
      return problem(c, 404, 'no_such_client', 'no edge that answered holds this client');
    }
    if (holder.mode === null) {
      return problem(c, 409, 'not_live', 'the client is not welcomed yet; try again');
    }
    log.info({ client: id, mode: holder.mode }, "an operator set a client's mode");
    const { edge_id, mode: served, effective_rate_hz } = holder;
    return c.json({ id, edge_id, mode: served, wanted_mode: mode, effective_rate_hz, capped: served !== mode });
  });
  return api;
}

function noEdge(c: Context): Response {
  return problem(c, 503, 'no_edge', 'no edge answers within a second');
}

function parseAfter(after: string | undefined): ClientsPage['after'] {
  if (after === undefined) return null;
  const [edge, serial] = after.split(':');
  return { edge_id: Number(edge), serial: Number(serial) };
}

function changedBy(answers: readonly { changed: number }[]): { changed: number; edges: number } {
  return { changed: answers.reduce((total, { changed }) => total + changed, 0), edges: answers.length };
}
