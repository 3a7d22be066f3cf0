/** Chooses the command. Commands are loaded when they are used: `simulate` must not pay for the gateway. */
import { ConfigError } from '../platform/config/errors.ts';
import { SwarmcastError } from '../platform/errors.ts';
import { VERSION } from '../platform/version.ts';
import { EXIT, UsageError, type Command, type CommandIo } from './command.ts';

const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  start: { summary: 'run the gateway', load: async () => (await import('./start.ts')).start },
  watch: {
    summary: 'a live table of servers, swarms and agents',
    load: async () => (await import('./watch.ts')).watch,
  },
  clients: {
    summary: 'operators: who is connected, at what cost; slow them down',
    load: async () => (await import('./clients.ts')).clients,
  },
  do: {
    summary: 'operators: spawn agents, give tasks, send messages, …',
    load: async () => (await import('./do.ts')).doOperation,
  },
  probe: {
    summary: 'connect to one MCP server and report what it is',
    load: async () => (await import('./probe.ts')).probe,
  },
  token: {
    summary: 'make API keys and tokens, and look into them',
    load: async () => (await import('./token.ts')).token,
  },
  simulate: { summary: 'run a simulated MCP server', load: async () => (await import('./simulate.ts')).simulate },
  'check-config': {
    summary: 'print the effective configuration and where it came from',
    load: async () => (await import('./check-config.ts')).checkConfiguration,
  },
};

const HELP = `swarmcast — one live graph of the agents of many MCP servers

Usage: swarmcast <command> [options]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  .join('\n')}

swarmcast <command> --help tells more. First steps:
  swarmcast start                 with three simulated servers, on http://127.0.0.1:8080
  swarmcast watch                 in a second terminal: see them move
`;

/** Runs one command line; resolves to the exit code. */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  if (name === '--version' || name === '-V') {
    io.stdout.write(`${VERSION}\n`);
    return EXIT.ok;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    io.stderr.write(`swarmcast: unknown command "${name}"; commands: ${Object.keys(COMMANDS).join(', ')}\n`);
    return EXIT.usage;
  }
  try {
    return await (
      await entry.load()
    )(rest, io);
  } catch (error) {
    return reportFailure(name, error, io);
  }
}

function reportFailure(name: string, error: unknown, io: CommandIo): number {
  if (error instanceof ConfigError) {
    io.stderr.write(`swarmcast ${name}: the configuration is refused\n`);
    for (const problem of error.problems) io.stderr.write(`  ${problem.key} (${problem.source}): ${problem.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof UsageError || isParseArgsError(error)) {
    io.stderr.write(`swarmcast ${name}: ${error.message}\nswarmcast ${name} --help lists the options\n`);
    return EXIT.usage;
  }
  if (error instanceof SwarmcastError) {
    io.stderr.write(`swarmcast ${name}: ${error.message}\n`);
    return EXIT.failed;
  }
  throw error;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
