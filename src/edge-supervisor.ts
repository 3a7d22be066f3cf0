/** The gateway's side of a further edge's thread: starts it, drains and stops it, replaces it when it fails. */
import { Worker, type MessagePort } from 'node:worker_threads';
import type { EdgeThreadCommand, EdgeThreadData, EdgeThreadReport } from './edge-thread.ts';
import type { EdgeReload } from './edge/edge.ts';
import type { Config } from './platform/config/schema.ts';
import type { Certificate } from './platform/tls/certificate.ts';
import type { Logger } from './platform/telemetry/log.ts';
import { workerUrl } from './platform/worker-url.ts';

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;
/** A thread that lived this long failed for a reason of its own: the delay begins anew. */
const STEADY_MS = 60_000;
/** Longest wait for a thread to end. It is never ended from outside: that would abort the process. */
const STOP_DEADLINE_MS = 8_000;

export interface EdgeSupervisorOptions {
  config: Config;
  certificate: Certificate | undefined;
  edgeId: number;
  /** The edge's end of a new feed. */
  connect: () => MessagePort;
  log: Logger;
}

/** One further edge. It lives until it is disposed of; its thread may be replaced meanwhile. */
export class EdgeSupervisor implements AsyncDisposable {
  readonly #options: EdgeSupervisorOptions;
  /** Of the last reload; a thread that replaces another starts with it. */
  #settings: EdgeReload;
  #thread: EdgeThread | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #restartMs = RESTART_MIN_MS;
  #stopping = false;
  #levels: Pick<Config['log'], 'level' | 'levels'> | undefined;

  constructor(options: EdgeSupervisorOptions) {
    this.#options = options;
    this.#settings = { auth: options.config.auth, certificate: options.certificate };
  }

  /** Resolves when it listens. @throws when its thread ends before; it is not replaced then. */
  async start(): Promise<void> {
    try {
      await this.#run().listening;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Resolves when its last client is gone, or the deadline has passed, or it has no thread. It is not replaced any more. */
  async drain(reason: string, deadlineMs: number): Promise<void> {
    this.#end();
    await this.#thread?.drain(reason, deadlineMs);
  }

  /** From now on, also for a thread that replaces it. */
  setLogLevels(levels: Pick<Config['log'], 'level' | 'levels'>): void {
    this.#levels = levels;
    this.#thread?.send({ kind: 'log', levels });
  }

  /** Its thread applies them; why it could not, or undefined. One that replaces it starts with them. */
  async reload(settings: EdgeReload): Promise<string | undefined> {
    this.#settings = settings;
    return await this.#thread?.reload(settings);
  }

  /** For tests: its thread throws where nobody catches. */
  fail(message: string): void {
    this.#thread?.send({ kind: 'fail', message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.send({ kind: 'stop' });
    if (!(await thread.endsWithin(STOP_DEADLINE_MS))) {
      this.#options.log.error({ edge: this.#options.edgeId }, 'an edge thread does not end; it is left behind');
    }
  }

  #end(): void {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
  }

  #run(): EdgeThread {
    const { config, edgeId, connect } = this.#options;
    const log = { ...config.log, ...this.#levels };
    const { auth, certificate } = this.#settings;
    const thread = new EdgeThread({ config: { ...config, log, auth }, certificate, edgeId, feed: connect() });
    this.#thread = thread;
    void this.#replaceAfter(thread);
    return thread;
  }

  async #replaceAfter(thread: EdgeThread): Promise<void> {
    const startedAtMs = performance.now();
    const error = await thread.ended;
    this.#thread = undefined;
    if (this.#stopping) return;
    if (performance.now() - startedAtMs > STEADY_MS) this.#restartMs = RESTART_MIN_MS;
    this.#restartSoon(error);
  }

  #restartSoon(error: Error): void {
    const { log, edgeId } = this.#options;
    log.error({ err: error, edge: edgeId, restart_ms: this.#restartMs }, 'an edge thread ended and is replaced');
    this.#restartTimer = setTimeout(() => this.#run(), this.#restartMs);
    this.#restartMs = Math.min(RESTART_MAX_MS, this.#restartMs * 2);
  }
}

class EdgeThread {
  /** Resolves when it listens; rejects when it ends before. */
  readonly listening: Promise<void>;
  /** Resolves with the cause when it has ended. */
  readonly ended: Promise<Error>;
  readonly #worker: Worker;
  #nextReload = 1;

  constructor(data: EdgeThreadData) {
    this.#worker = new Worker(workerUrl(import.meta.url, './edge-thread'), {
      workerData: data,
      transferList: [data.feed],
      name: `swarmcast-edge-${data.edgeId}`,
    });
    this.ended = new Promise((resolve) => {
      let cause: Error | undefined;
      this.#worker.once('error', (error: Error) => {
        cause = error;
      });
      this.#worker.once('exit', (code) => resolve(cause ?? new Error(`the edge thread exited with code ${code}`)));
    });
    this.listening = Promise.race([this.#reported('listening'), this.ended.then((error) => Promise.reject(error))]);
    // Whoever does not wait for it hears of the end all the same.
    this.listening.catch(() => undefined);
  }

  send(command: EdgeThreadCommand): void {
    this.#worker.postMessage(command);
  }

  /** Why it could not; undefined also when it ended meanwhile: its follower starts with these. */
  async reload(settings: EdgeReload): Promise<string | undefined> {
    const id = this.#nextReload++;
    const reloaded = new Promise<string | undefined>((resolve) => {
      const onReport = (report: EdgeThreadReport): void => {
        if (report.kind !== 'reloaded' || report.id !== id) return;
        this.#worker.off('message', onReport);
        resolve(report.problem);
      };
      this.#worker.on('message', onReport);
    });
    this.send({ kind: 'reload', id, settings });
    return await Promise.race([reloaded, this.ended.then(() => undefined)]);
  }

  async drain(reason: string, deadlineMs: number): Promise<void> {
    const drained = this.#reported('drained');
    this.send({ kind: 'drain', reason, deadlineMs });
    await Promise.race([drained, this.ended]);
  }

  async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const isOver = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    if (!isOver) this.#worker.unref();
    return isOver;
  }

  #reported(kind: EdgeThreadReport['kind']): Promise<void> {
    return new Promise((resolve) => {
      this.#worker.on('message', (report: EdgeThreadReport) => {
        if (report.kind === kind) resolve();
      });
    });
  }
}
