import { parseArgs } from 'node:util';
import { AGENT_STATUSES, type AgentStatus } from '../model/agent.ts';
import { SERVER_TYPES } from '../model/server.ts';
import { tokenOfEnvironment } from '../platform/config/environment.ts';
import { canonicalServerType, type FilterPatch } from '../protocol/filters.ts';
import { modeSchema, MODES, type Mode } from '../protocol/modes.ts';
import { UsageError } from './command.ts';

const CODINGS = ['json', 'msgpack'] as const;

/** What `swarmcast watch` was asked for. */
export interface WatchOptions {
  help: boolean;
  url: string;
  mode: Mode;
  coding: (typeof CODINGS)[number];
  filters: FilterPatch;
  json: boolean;
  once: boolean;
  token: string | undefined;
}

const FLAGS = {
  mode: { type: 'string', short: 'm' },
  'server-type': { type: 'string', multiple: true },
  server: { type: 'string', multiple: true },
  swarm: { type: 'string', multiple: true },
  'agent-type': { type: 'string', multiple: true },
  status: { type: 'string', multiple: true },
  'no-performance': { type: 'boolean' },
  coding: { type: 'string' },
  json: { type: 'boolean' },
  once: { type: 'boolean' },
  token: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const WATCH_HELP = `swarmcast watch — a live table of servers, swarms and agents

Usage: swarmcast watch [url] [options]

  url                  of a gateway (default ws://127.0.0.1:8080/ws); http://HOST:PORT will do

      --token TOKEN    API key or JSON Web Token; better by the environment, SWARMCAST_TOKEN, since others see flags

How often:
  -m, --mode MODE      high_frequency (60 Hz), normal (10 Hz, default), low_frequency (1 Hz), on_demand (once)

What to show; flags may be repeated, values of one flag are alternatives:
      --server-type T  ${SERVER_TYPES.join(', ')}
      --server ID      id of a server, as in the table
      --swarm ID       a swarm's key (server/swarm) or bare id
      --agent-type T   e.g. coder
      --status S       ${AGENT_STATUSES.join(', ')}
      --no-performance leave out measured values

How to print:
      --once           print one table after the first state and positions, then exit
      --json           JSON lines for scripts: {"event": …}; with --once one line with everything
      --coding C       json (default) or msgpack: how messages travel

Columns: – is unknown (the server did not say), SEEN is the age of what was last heard of a silent agent.
Stop with Ctrl-C. Exit codes: 0 stopped or printed, 1 no gateway or connection refused, 2 bad flags.

  swarmcast watch --mode high_frequency --agent-type coder --agent-type tester
  swarmcast watch --once --json | head -c 400
`;

/** @throws {TypeError} of parseArgs for unknown flags, {@link UsageError} for values that are not allowed. */
export function parseWatchOptions(argv: string[]): WatchOptions {
  const { values, positionals } = parseArgs({ args: argv, options: FLAGS, strict: true, allowPositionals: true });
  if (positionals.length > 1) throw new UsageError(`one url at most, not ${positionals.join(' ')}`);
  const filters: FilterPatch = {};
  if (values['server-type'] !== undefined) {
    filters.server_types = values['server-type'].map((text) =>
      oneOf('--server-type', canonicalServerType(text), SERVER_TYPES),
    );
  }
  if (values.status !== undefined) {
    filters.statuses = values.status.map((text): AgentStatus => oneOf('--status', text, AGENT_STATUSES));
  }
  if (values.server !== undefined) filters.server_ids = values.server;
  if (values.swarm !== undefined) filters.swarm_ids = values.swarm;
  if (values['agent-type'] !== undefined) filters.agent_types = values['agent-type'];
  if (values['no-performance'] === true) filters.include_performance = false;
  return {
    help: values.help === true,
    url: socketUrl(positionals[0] ?? 'ws://127.0.0.1:8080/ws'),
    mode: mode(values.mode ?? 'normal'),
    coding: oneOf('--coding', values.coding ?? 'json', CODINGS),
    filters,
    json: values.json === true,
    once: values.once === true,
    token: values.token ?? tokenOfEnvironment(),
  };
}

function mode(text: string): Mode {
  const parsed = modeSchema.safeParse(text);
  if (!parsed.success) throw new UsageError(`--mode ${text}: must be one of ${MODES.join(', ')}`);
  return parsed.data;
}

function oneOf<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new UsageError(`${flag} ${text}: must be one of ${allowed.join(', ')}`);
  return found;
}

/** What the gateway prints at its start is an http URL, so that one will do too. */
function socketUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new UsageError(`url ${text}: must be ws://HOST:PORT/ws, wss://…, or the gateway's http://HOST:PORT`);
  }
  url.protocol = url.protocol.replace('http', 'ws');
  if (url.pathname === '/') url.pathname = '/ws';
  return url.href;
}
