import { once } from 'node:events';
import { openGateway, type Gateway } from '../gateway.ts';
import { EXIT, type CommandIo } from './command.ts';
import { CONFIG_FLAGS_HELP, parseConfigFlags } from './config-flags.ts';

const HELP = `swarmcast start — run the gateway

Usage: swarmcast start [options]

${CONFIG_FLAGS_HELP}
      --json             print one JSON line {"listening":{"url":…}} on stdout when clients can connect

Without configured servers it starts three simulated ones, and says so everywhere.
Then:  swarmcast watch          a live table in a second terminal
       GET /api/bots/agents     all agents; /api/health/mcp, /healthz, /readyz, /metrics
       ws://HOST:PORT/ws        the live stream (PROTOCOL.md)
       swarmcast clients        who is connected, at what cost; slow them down (needs the operator key)
Stop with Ctrl-C. SIGHUP reads the configuration again, and the files that it names: servers, limits, logins,
certificate and log level change, clients stay.
Exit codes: 0 stopped, 1 failed, 2 bad configuration, 70 had to be forced.
`;

/** For what ends after the clients: layout, servers, simulators. */
const STOP_REST_MS = 5_000;

/** `swarmcast start`. */
export async function start(argv: string[], io: CommandIo): Promise<number> {
  const flags = parseConfigFlags(argv);
  if (flags.help) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  const loaded = flags.load();
  for (const note of loaded.notes) io.stderr.write(`swarmcast start: ${note}\n`);
  await using gateway = await openGateway(loaded.config, { readConfig: () => flags.load().config });
  announce(gateway, flags.json, io);
  const { drain_delay_ms, shutdown_deadline_ms } = loaded.config.server;
  io.stopWithinMs = drain_delay_ms + shutdown_deadline_ms + STOP_REST_MS;
  io.onHangup = () => void reload(gateway, io);
  const failure = await Promise.race([stopped(io.signal), gateway.failed]);
  if (failure === undefined) return EXIT.ok;
  io.stderr.write(`swarmcast start: the gateway can't go on: ${failure.message}\n`);
  return EXIT.failed;
}

/** A bad configuration is refused whole: the old one stays. */
async function reload(gateway: Gateway, io: CommandIo): Promise<void> {
  const answer = await gateway.reload();
  if (answer.outcome === 'refused') {
    io.stderr.write(`swarmcast start: the new configuration is refused, the old one stays:\n${answer.message}\n`);
    return;
  }
  const restart = answer.needs_restart;
  const rest = restart.length === 0 ? '' : `; changes of ${restart.join(', ')} need a restart`;
  io.stderr.write(`swarmcast start: configuration read again${rest}\n`);
  for (const problem of answer.failed ?? []) io.stderr.write(`swarmcast start: the old settings stay: ${problem}\n`);
}

async function stopped(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
}

function announce(gateway: Gateway, json: boolean, io: CommandIo): void {
  if (json) {
    const { url, port, simulated, madeOperatorKey } = gateway;
    io.stdout.write(`${JSON.stringify({ listening: { url, port, simulated, operator_key: madeOperatorKey } })}\n`);
    return;
  }
  const stream = `${gateway.url.replace(/^http/, 'ws')}/ws`;
  const what = gateway.simulated ? 'Showing three SIMULATED servers: nothing here is a real agent.\n' : '';
  const operators =
    gateway.madeOperatorKey === undefined
      ? ''
      : `Operator key of this run:  ${gateway.madeOperatorKey}   (swarmcast clients --key …; server.operator_key sets your own)\n`;
  io.stdout.write(
    `Swarmcast is listening: open ${gateway.url} in a browser\n${what}or see it here:  npx swarmcast watch ${stream}\n${operators}Stop it with Ctrl-C.\n`,
  );
}
