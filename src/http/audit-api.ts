/** Operators read the audit: the newest entries, or what came after a place. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { AuditPlace } from '../model/audit.ts';
import type { HubStatus } from './hub-status.ts';
import { readQuery } from './request-input.ts';

const MAX_PAGE = 1_000;

export const auditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
  after: z
    .string()
    .regex(/^[a-z0-9]{1,12}:\d{1,15}$/, 'must be the "next" of another page')
    .optional()
    .describe('"next" of another page: what came after it, oldest first. Without it: the newest'),
  kind: z.literal('write').optional().describe('Without what only reads'),
});

/** `GET /api/audit`. Who may call it is checked by the caller. */
export function createAuditApi(hub: HubStatus): Hono {
  const api = new Hono();
  api.get('/', (c) => {
    const { limit, after, kind } = readQuery(c, auditQuery);
    const page = hub.auditPage({ limit, after: after === undefined ? undefined : placeOf(after), kind });
    return c.json({ ...page, next: `${page.next.life}:${page.next.seq}` });
  });
  return api;
}

function placeOf(text: string): AuditPlace {
  const [life = '', seq] = text.split(':');
  return { life, seq: Number(seq) };
}
