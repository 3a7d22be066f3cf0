#!/usr/bin/env node
/** Process entry: signals and exit code. Nothing else. */
import { runCli } from './cli/cli.ts';
import { EXIT, type CommandIo } from './cli/command.ts';

const STOP_WITHIN_MS = 10_000;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second signal means that the orderly way takes too long for somebody.
    if (stop.signal.aborted) process.exit(EXIT.stuck);
    stop.abort(name);
    setTimeout(() => process.exit(EXIT.stuck), io.stopWithinMs ?? STOP_WITHIN_MS).unref();
  });
}

// `… | head` closes our stdout: that is the reader's way to say enough.
let hasLostOutput = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && !hasLostOutput) {
    hasLostOutput = true;
    process.stderr.write(`swarmcast: stdout cannot be written: ${error.message}\n`);
  }
  stop.abort(error.code);
});
// A log that cannot be written takes nothing else down.
process.stderr.on('error', () => undefined);

const io: CommandIo = { stdout: process.stdout, stderr: process.stderr, signal: stop.signal };
process.on('SIGHUP', () => {
  // Whoever has nothing to read again ends with its terminal.
  if (io.onHangup === undefined) stop.abort('SIGHUP');
  else io.onHangup();
});

const exitCode = await runCli(process.argv.slice(2), io);
process.exitCode = hasLostOutput ? EXIT.failed : exitCode;
