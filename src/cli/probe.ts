import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDialects } from '../hub/upstream/dialects/all-dialects.ts';
import { probeServer, type ProbeReport } from '../hub/upstream/probe.ts';
import { systemClock } from '../platform/clock.ts';
import { configSchema, serverSchema, type ServerConfig } from '../platform/config/schema.ts';
import { DIALECT_NAMES } from '../model/server.ts';
import { EXIT, UsageError, type CommandIo } from './command.ts';

const HELP = `swarmcast probe — connect to one MCP server and report what it is

Usage: swarmcast probe tcp://HOST:PORT
       swarmcast probe http://HOST:PORT/mcp
       swarmcast probe -- COMMAND [ARGS…]      a stdio server: started, asked and stopped again

      --dialect NAME     auto, ${DIALECT_NAMES.join(', ')} (default auto)
      --timeout MS       longest wait for all of it (default 10000)
      --tools            list the names of its tools
      --json             print JSON

It asks only what the gateway would ask to show its agents; nothing is created or changed.
Exit code 0: it answers as an MCP server. 1: it does not; the reason is printed.
`;

/** `swarmcast probe`. */
export async function probe(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      dialect: { type: 'string', default: 'auto' },
      timeout: { type: 'string', default: '10000' },
      tools: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  const server = toServer(positionals, values.dialect);
  const report = await run(server, deadline(values.timeout));
  io.stdout.write(
    values.json === true ? `${JSON.stringify(report, null, 2)}\n` : describe(report, values.tools === true),
  );
  return report.connected ? EXIT.ok : EXIT.failed;
}

function deadline(text: string): number {
  const ms = Number(text);
  if (Number.isInteger(ms) && ms >= 100 && ms <= 600_000) return ms;
  throw new UsageError(`--timeout ${text}: must be a whole number of ms from 100 to 600000`);
}

function toServer(target: readonly string[], dialect: string): ServerConfig {
  const [first, ...args] = target;
  if (first === undefined)
    throw new UsageError('no target: tcp://HOST:PORT, http(s)://HOST:PORT/PATH, or -- COMMAND [ARGS…]');
  const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(first);
  const raw = /^https?:\/\//.test(first)
    ? { transport: 'http', url: first }
    : tcp === null
      ? { transport: 'stdio', command: first, args }
      : { transport: 'tcp', host: tcp[1]?.replace(/^\[(.*)\]$/, '$1'), port: Number(tcp[2]) };
  const parsed = serverSchema.safeParse({ id: 'probed', dialect, ...raw });
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

async function run(server: ServerConfig, deadlineMs: number): Promise<ProbeReport> {
  const scratchRoot = await mkdtemp(join(tmpdir(), 'swarmcast-probe-'));
  try {
    const limits = {
      ...configSchema.parse({}).upstream,
      connect_timeout_ms: deadlineMs,
      request_timeout_ms: deadlineMs,
    };
    return await probeServer({
      server,
      limits,
      dialects: createDialects(server),
      clock: systemClock,
      scratchRoot,
      deadlineMs,
    });
  } finally {
    await rm(scratchRoot, { recursive: true, force: true });
  }
}

function describe(report: ProbeReport, listTools: boolean): string {
  const { latencyMs: latency } = report;
  const rows: [string, string | undefined][] = [
    ['endpoint', report.endpoint],
    [
      'MCP',
      report.connected
        ? `yes, ${report.era ?? 'unknown'} era, protocol ${report.protocolVersion ?? 'not stated'}`
        : 'NO',
    ],
    ['server', report.serverName === undefined ? undefined : `${report.serverName} ${report.serverVersion ?? ''}`],
    [
      'tools',
      report.connected ? `${report.tools.length}${listTools ? `: ${report.tools.join(', ')}` : ''}` : undefined,
    ],
    ['dialect', report.dialect === undefined ? undefined : `${report.dialect.name} (score ${report.dialect.score})`],
    ['seen', report.connected ? `${report.agents} agents, ${report.swarms} swarms, ${report.tasks} tasks` : undefined],
    [
      'latency',
      latency === undefined
        ? undefined
        : `min ${latency.min.toFixed(1)}, median ${latency.median.toFixed(1)}, max ${latency.max.toFixed(1)} ms over ${latency.calls} calls`,
    ],
    ['noise', report.noiseLines > 0 ? `${report.noiseLines} lines that are not protocol` : undefined],
    ...report.errors.map((error): [string, string] => ['error', error]),
  ];
  return rows.flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(10)}${text}\n`])).join('');
}
