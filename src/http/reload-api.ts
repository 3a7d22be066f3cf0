/** Operators at runtime: the configuration is read again, as by SIGHUP. */
import { Hono } from 'hono';
import type { ReloadAnswer } from '../platform/config/change.ts';
import type { Logger } from '../platform/telemetry/log.ts';
import { problem } from './problem.ts';

export type Reload = () => Promise<ReloadAnswer>;

/** `POST /api/reload`. Who may call it is checked by the caller. */
export function createReloadApi(reload: Reload | undefined, log: Logger): Hono {
  const api = new Hono();
  api.post('/', async (c) => {
    if (reload === undefined) {
      return problem(c, 409, 'no_config', 'whoever started this gateway gave it no way to read a configuration again');
    }
    log.info('an operator had the configuration read again');
    const answer = await reload();
    return answer.outcome === 'applied' ? c.json(answer) : problem(c, 422, 'bad_config', answer.message);
  });
  return api;
}
