import { setMaxListeners } from 'node:events';
import { ConnectionClosedError } from '../../../../../src/hub/upstream/errors.ts';
import { ServerPolicy } from '../../../../../src/hub/upstream/resilience/policy.ts';
import type { CircuitReport } from '../../../../../src/model/server.ts';
import { configSchema } from '../../../../../src/platform/config/schema.ts';

/** A policy with a clock of its own and settings over the defaults. */
export function policyWith(
  settings: { resilience?: Record<string, unknown>; upstream?: Record<string, unknown> } = {},
  random = () => 0,
  mayRetry = () => true,
) {
  const { resilience, upstream: limits } = configSchema.parse({
    resilience: { retry_min_ms: 1, retry_max_ms: 1, ...settings.resilience },
    upstream: { requests_per_second: 0, ...settings.upstream },
  });
  const time = { ms: 1_000_000, wallMs: 1_700_000_000_000 };
  const circuits: CircuitReport[] = [];
  const policy = new ServerPolicy({
    resilience,
    limits,
    clock: { now: () => time.wallMs, monotonic: () => time.ms },
    random,
    mayRetry,
    onCircuit: (circuit) => circuits.push(circuit),
  });
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return {
    policy,
    circuits,
    time,
    stop,
    ask: (work: (signal: AbortSignal) => Promise<unknown> = async () => 'fine', repeat = false) =>
      policy.request({ name: 'tools/call agent_list', repeat, signal: stop.signal }, work),
  };
}

export const fails = async (): Promise<never> => {
  throw new ConnectionClosedError('gone');
};
