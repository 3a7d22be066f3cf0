/** Entry of the hub's thread: hub and HTTP, joined by the feed. Spoken to by gateway.ts alone. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createThreadHubFeed } from './feed/thread.ts';
import { answerHttp, createHttpApp } from './http/app.ts';
import { Hub } from './hub/hub.ts';
import { createAuthenticator } from './platform/auth/authenticator.ts';
import type { AuditEntry } from './model/audit.ts';
import { systemClock } from './platform/clock.ts';
import type { Adjustment, AdjustAnswer, AdjustedConfig } from './platform/config/adjust.ts';
import type { ReloadAnswer } from './platform/config/change.ts';
import type { Config, ServerConfig } from './platform/config/schema.ts';
import { openAuditWriter } from './platform/telemetry/audit-writer.ts';
import { componentLog, createLogger, setLogLevels } from './platform/telemetry/log.ts';

/** What the gateway hands over at start. */
export interface HubThreadData {
  config: Config;
  scratchRoot: string;
  /** The gateway can read its configuration again. */
  canReload: boolean;
}

/** From the gateway. */
export type HubThreadCommand =
  | { kind: 'edge'; port: MessagePort }
  | { kind: 'servers'; servers: readonly ServerConfig[] }
  /** Answered by `called`, or `call-failed` when the settings of authentication stay. */
  | { kind: 'reload'; id: number; config: Config; servers: readonly ServerConfig[] }
  | { kind: 'reload-answer'; answer: ReloadAnswer }
  | ({ kind: 'adjust-answer' } & AdjustedConfig)
  | { kind: 'call-tool'; id: number; server: string; tool: string; args: Record<string, unknown> }
  | { kind: 'audit'; entry: AuditEntry }
  | { kind: 'drain' }
  | { kind: 'stop' };

/** To the gateway. */
export type HubThreadReport =
  | { kind: 'called'; id: number; result: unknown }
  | { kind: 'call-failed'; id: number; message: string }
  /** Answered by `reload-answer`, in order. */
  | { kind: 'reload-asked' }
  /** Answered by `adjust-answer`, in order. */
  | { kind: 'adjust-asked'; adjustment: Adjustment }
  | { kind: 'stopped' };

const port = parentPort;
if (port === null) throw new Error('hub-thread is the entry of a worker thread');
const { config, scratchRoot, canReload } = workerData as HubThreadData;
const log = await createLogger({ ...config.log, part: 'hub' });
const { otlp_endpoint: endpoint, trace_ratio: ratio } = config.telemetry;
// Loaded only where it is used: it costs start-up time.
const tracer =
  endpoint === undefined
    ? undefined
    : (await import('./platform/telemetry/traces.ts')).openCallTracer({ endpoint, ratio });
const feed = createThreadHubFeed();
let authenticator = await createAuthenticator({ config, clock: systemClock });
const auditWriter = await openAuditWriter(config.audit, config.log, log);
const hub = Hub.open({ config, feed, clock: systemClock, log, scratchRoot, tracer, auditWriter, adjust }, (opened) => {
  const app = createHttpApp(opened, componentLog(log, 'http'), () => authenticator, canReload ? reload : undefined);
  return (request) => answerHttp(app, request);
});
const report = (message: HubThreadReport) => port.postMessage(message);
const reloads: ((answer: ReloadAnswer) => void)[] = [];
const adjustments: ((answer: AdjustAnswer) => void)[] = [];

port.on('message', (command: HubThreadCommand) => {
  switch (command.kind) {
    case 'edge':
      feed.addEdge(command.port);
      return;
    case 'servers':
      hub.startServers(command.servers);
      return;
    case 'reload':
      setLogLevels(log, command.config.log);
      hub.reload(command.config, command.servers);
      void reloadAuthentication(command.id, command.config);
      return;
    case 'reload-answer':
      reloads.shift()?.(command.answer);
      return;
    case 'adjust-answer':
      if (command.config !== undefined) {
        setLogLevels(log, command.config.log);
        hub.setLimits(command.config);
      }
      adjustments.shift()?.(command.answer);
      return;
    case 'call-tool':
      void callTool(command);
      return;
    case 'audit':
      hub.noteAudit(command.entry);
      return;
    case 'drain':
      hub.drain();
      return;
    case 'stop':
      void stop();
  }
});

/** The gateway has read the same files before it sent the configuration; what changed in between keeps the old one. */
async function reloadAuthentication(id: number, next: Config): Promise<void> {
  try {
    authenticator = await createAuthenticator({ config: next, clock: systemClock });
    report({ kind: 'called', id, result: undefined });
  } catch (error) {
    log.error({ err: error }, 'the new authentication settings are refused, the old ones stay');
    report({ kind: 'call-failed', id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function callTool(command: Extract<HubThreadCommand, { kind: 'call-tool' }>): Promise<void> {
  try {
    report({ kind: 'called', id: command.id, result: await hub.callTool(command.server, command.tool, command.args) });
  } catch (error) {
    report({ kind: 'call-failed', id: command.id, message: error instanceof Error ? error.message : String(error) });
  }
}

/** The configuration is read where the gateway was started; what it changes comes back as any reload does. */
function reload(): Promise<ReloadAnswer> {
  return answered(reloads, { kind: 'reload-asked' });
}

/** What changes holds in threads that are not ours, too. */
function adjust(adjustment: Adjustment): Promise<AdjustAnswer> {
  return answered(adjustments, { kind: 'adjust-asked', adjustment });
}

/** Asks the gateway, which answers in order. */
function answered<A>(waiting: ((answer: A) => void)[], question: HubThreadReport): Promise<A> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    report(question);
  });
}

async function stop(): Promise<void> {
  await hub[Symbol.asyncDispose]();
  await tracer?.[Symbol.asyncDispose]();
  report({ kind: 'stopped' });
  port?.close();
}
