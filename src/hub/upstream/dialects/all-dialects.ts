import type { ServerConfig } from '../../../platform/config/schema.ts';
import { createClaudeFlowDialect } from './claude-flow.ts';
import { daaDialect } from './daa.ts';
import type { Dialect } from './dialect.ts';
import { createGenericDialect } from './generic.ts';
import { ruvSwarmDialect } from './ruv-swarm.ts';
import { seedDialect } from './seed.ts';

/** All dialects, as this server's configuration tunes them, the more particular first. */
export function createDialects(server: ServerConfig): readonly Dialect[] {
  const claudeFlow = createClaudeFlowDialect({
    overHttp: server.transport === 'http',
    filesAreWatched: server.transport === 'stdio' && server.project !== undefined,
  });
  return [claudeFlow, ruvSwarmDialect, daaDialect, seedDialect, createGenericDialect(server.mapping)];
}
