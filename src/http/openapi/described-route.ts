import type { z } from 'zod';

/** One endpoint as the API document shows it. */
export interface DescribedRoute {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In the document's form: `/api/clients/{id}/mode`. */
  path: string;
  id: string;
  tag: 'control' | 'seeds' | 'operators' | 'health' | 'documents';
  summary: string;
  /** Who may call it. `anyone`: also before anybody is known. */
  role: 'anyone' | 'viewer' | 'operator';
  params?: z.ZodObject | undefined;
  query?: z.ZodObject | undefined;
  body?: z.ZodType | undefined;
  /** Of 200, JSON. Absent: text. */
  result?: z.ZodType | undefined;
  /** Statuses that are answered with a problem, beside those of the role. */
  problems?: readonly number[] | undefined;
  /** A 503 that has the same body as the 200. */
  alsoUnavailable?: true | undefined;
}
