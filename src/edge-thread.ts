/**
 * Entry of the thread of a further edge on the same port. Spoken to by edge-supervisor.ts alone.
 *
 * A thread that holds a native uWebSockets.js app must close it before it ends, or the whole process aborts. So it is
 * never ended from outside, and closes the app in its handler of uncaught errors too.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { startEdge, type Edge, type EdgeReload } from './edge/edge.ts';
import { createThreadEdgeFeed } from './feed/thread.ts';
import { systemClock } from './platform/clock.ts';
import type { Config } from './platform/config/schema.ts';
import { componentLog, createLogger, setLogLevels } from './platform/telemetry/log.ts';
import type { Certificate } from './platform/tls/certificate.ts';
import type { LogLevelSettings } from './platform/telemetry/log-levels.ts';

/** What the gateway hands over at start. */
export interface EdgeThreadData {
  /** `server.port` is the one that the first edge listens on. */
  config: Config;
  certificate: Certificate | undefined;
  edgeId: number;
  /** The edge's end of its feed. */
  feed: MessagePort;
}

/** From the gateway. `fail` is for tests: the thread throws where nobody catches. */
export type EdgeThreadCommand =
  | { kind: 'drain'; reason: string; deadlineMs: number }
  | { kind: 'stop' }
  | { kind: 'log'; levels: LogLevelSettings }
  | { kind: 'reload'; id: number; settings: EdgeReload }
  | { kind: 'fail'; message: string };

/** To the gateway. */
export type EdgeThreadReport =
  | { kind: 'listening' }
  | { kind: 'drained' }
  /** `problem`: why the old settings stay. */
  | { kind: 'reloaded'; id: number; problem: string | undefined };

const port = parentPort;
if (port === null) throw new Error('edge-thread is the entry of a worker thread');
const { config, certificate, edgeId, feed } = workerData as EdgeThreadData;
const log = await createLogger({ ...config.log, part: `edge ${edgeId}` });
const report = (message: EdgeThreadReport): void => port.postMessage(message);

let edge: Edge | undefined;
let isEnding = false;
process.on('uncaughtException', (error) => void crash(error));
process.on('unhandledRejection', (error) => void crash(error));

port.on('message', (command: EdgeThreadCommand) => {
  switch (command.kind) {
    case 'drain':
      void drain(command.reason, command.deadlineMs);
      return;
    case 'reload':
      void reload(command.id, command.settings);
      return;
    case 'stop':
      void stop();
      return;
    case 'log':
      setLogLevels(log, command.levels);
      return;
    case 'fail':
      throw new Error(command.message);
    default:
      command satisfies never;
  }
});

edge = await startEdge({
  feed: createThreadEdgeFeed(feed),
  config,
  certificate,
  edgeId,
  log: componentLog(log, 'edge'),
  clock: systemClock,
  sharePort: 'join',
});
report({ kind: 'listening' });

async function drain(reason: string, deadlineMs: number): Promise<void> {
  await edge?.drain(reason, deadlineMs);
  report({ kind: 'drained' });
}

/** The gateway has read the same files before; what changed in between keeps the old settings. */
async function reload(id: number, settings: EdgeReload): Promise<void> {
  let problem: string | undefined;
  try {
    await edge?.reload(settings);
  } catch (error) {
    log.error({ err: error }, 'the new settings are refused, the old ones stay');
    problem = error instanceof Error ? error.message : String(error);
  }
  report({ kind: 'reloaded', id, problem });
}

async function stop(): Promise<void> {
  isEnding = true;
  await edge?.[Symbol.asyncDispose]();
  port?.close();
}

/** Nothing of the edge can be trusted any more: its sockets are closed, so that clients go to another, and it ends. */
async function crash(error: unknown): Promise<void> {
  log.fatal({ err: error }, 'an edge thread failed');
  // A second error while it ends is only logged.
  if (isEnding) return;
  isEnding = true;
  try {
    await edge?.[Symbol.asyncDispose]();
  } catch (cause) {
    log.error({ err: cause }, 'the failed edge did not stop cleanly');
  }
  // The library frees its sockets in the next turn of the loop.
  await setImmediate();
  process.exit(1);
}
