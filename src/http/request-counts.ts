/** Counts what the HTTP app answered, by method, route and status. */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface RequestCount {
  /** Values of closed sets: known methods, our own routes, status codes that we answer. The rest is `other`. */
  labels: { method: string; route: string; status: string };
  count: number;
  seconds: number;
}

export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  get all(): readonly RequestCount[] {
    return [...this.#counts.values()];
  }

  /** To be used before all routes. */
  readonly middleware: MiddlewareHandler = async (c, next) => {
    const startMs = performance.now();
    await next();
    const method = METHODS.has(c.req.method) ? c.req.method : 'other';
    this.#add(method, routeOf(routePath(c, -1)), String(c.res.status), performance.now() - startMs);
  };

  #add(method: string, route: string, status: string, ms: number): void {
    const key = `${method} ${route} ${status}`;
    const known = this.#counts.get(key) ?? { labels: { method, route, status }, count: 0, seconds: 0 };
    this.#counts.set(key, known);
    known.count += 1;
    known.seconds += ms / 1_000;
  }
}

/** A path that only middleware matched was nobody's. */
function routeOf(path: string): string {
  return path === '' || path.includes('*') ? 'other' : path;
}
