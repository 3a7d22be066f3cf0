// The policy of one server as a gateway makes it, without the upstream limits.
import { ServerPolicy } from '../../dist/hub/upstream/resilience/policy.js';
import { systemClock } from '../../dist/platform/clock.js';
import { configSchema } from '../../dist/platform/config/schema.js';

export const config = configSchema.parse({
  upstream: { requests_per_second: 0, max_in_flight: 10_000, max_queued: 10_000 },
});

export function openPolicy() {
  return new ServerPolicy({
    resilience: config.resilience,
    limits: config.upstream,
    clock: systemClock,
    random: Math.random,
    onCircuit: () => undefined,
  });
}
