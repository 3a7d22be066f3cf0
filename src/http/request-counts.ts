/** Counts what the HTTP app answered, by method, route and status. */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from '../platform/telemetry/log.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface RequestCount {
  /** Values of closed sets: known methods, our own routes, status codes that we answer. The rest is `other`. */
  labels: { method: string; route: string; status: string };
  count: number;
  seconds: number;
}

export class RequestCounts {
  readonly #log: Logger;
  readonly #counts = new Map<string, RequestCount>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get all(): readonly RequestCount[] {
    return [...this.#counts.values()];
  }

  /** To be used before all routes. */
  readonly middleware: MiddlewareHandler = async (c, next) => {
    const startMs = performance.now();
    await next();
    const method = METHODS.has(c.req.method) ? c.req.method : 'other';
    const route = routeOf(routePath(c, -1));
    const { status } = c.res;
    const ms = performance.now() - startMs;
    this.#add(method, route, String(status), ms);
    this.#log.debug(
      { request: c.get('requestId'), method, route, status, ms: Math.round(ms * 1_000) / 1_000 },
      'request',
    );
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
