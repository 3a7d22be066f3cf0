import { pino } from 'pino';
import type { Dialect } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { configSchema, serverSchema, type ServerConfig } from '../../../../src/platform/config/schema.ts';
import { plainDialect } from './plain-dialect.ts';
import { textResult, type Script } from './raw-peer.ts';
import type { RecordingSink } from './recording-sink.ts';

const { upstream, resilience } = configSchema.parse({
  upstream: { connect_timeout_ms: 1_000, request_timeout_ms: 150, reconnect_min_ms: 10, reconnect_max_ms: 50 },
  resilience: { recovery_ms: 100, retry_min_ms: 10 },
});

export const limits = upstream;

/** Of one TCP server, with short limits. */
export function upstreamOptions(server: Record<string, unknown>, sink: RecordingSink, dialect: Partial<Dialect> = {}) {
  const parsed: ServerConfig = serverSchema.parse({ id: 'one', transport: 'tcp', ...server });
  return {
    server: parsed,
    limits,
    resilience,
    sink,
    dialects: [plainDialect(dialect)],
    clock: systemClock,
    log: pino({ level: 'silent' }),
    scratchRoot: '/nowhere',
  };
}

/** Answers every call with these agents. */
export const listing =
  (...agents: string[]): Script =>
  (m, p) =>
    p.result(m, textResult({ agents }));
