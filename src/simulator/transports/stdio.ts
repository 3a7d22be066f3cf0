import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { FaultKind } from '../faults.ts';
import type { TelemetryEvent } from '../telemetry.ts';
import type { LineConnection } from './line-connection.ts';
import type { Listening } from './listening.ts';
import type { Connect } from './tcp.ts';

/** The streams of a stdio server, from its side: requests come in on `input`. */
export interface StdioStreams {
  input: Readable;
  output: Writable;
}

/** There is one connection, and only who started the process can start it again. */
const UNSUPPORTED: ReadonlySet<FaultKind> = new Set([
  'foreign-reply',
  'broadcast-reply',
  'restart',
  'rate-limited',
] as const);

const nobody = () => [];

/** One peer over a pair of streams. `onClosed` is called when it ended its side. */
export function openStdio(
  streams: StdioStreams,
  connect: Connect,
  greeting: readonly string[],
  onClosed: () => void,
): { listening: Listening; connection: LineConnection } {
  const { input, output } = streams;
  const release = (how: 'end' | 'cut') => {
    input.destroy();
    if (how === 'cut') output.destroy();
    else output.end();
  };
  const connection = connect({ input, output, release, onClosed, others: nobody });
  connection.noise(greeting);
  const listening: Listening = {
    port: 0,
    endpoint: 'stdio:',
    unsupported: UNSUPPORTED,
    flood: (events: readonly TelemetryEvent[]) => connection.push(events),
    freeze: () => connection.freeze(),
    thaw: () => connection.thaw(),
    goHalfOpen: () => connection.goDead(),
    restart: () => undefined,
    cut: () => connection.cut(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
  return { listening, connection };
}

/**
 * This process's stdin and stdout. A pipe is opened anew, since process.stdout writes to pipes synchronously: a reader
 * that stops reading would freeze the simulator and its world.
 */
export function processStreams(): StdioStreams {
  const { stdin } = process;
  const kind = fstatSync(1);
  const output = kind.isFIFO() || kind.isSocket() ? new Socket({ fd: 1, readable: false }) : process.stdout;
  return { input: stdin, output };
}
