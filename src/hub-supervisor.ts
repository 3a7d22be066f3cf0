/** The gateway's side of the hub's thread. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { HubThreadCommand, HubThreadData, HubThreadReport } from './hub-thread.ts';
import type { AuditEntry } from './model/audit.ts';
import type { Adjustment, AdjustedConfig } from './platform/config/adjust.ts';
import type { ReloadAnswer } from './platform/config/change.ts';
import type { Config, ServerConfig } from './platform/config/schema.ts';
import { workerUrl } from './platform/worker-url.ts';

const STOP_DEADLINE_MS = 8_000;
/**
 * Telemetry at full rate makes garbage at 100 MB/s that outlives the default 16 MB half-spaces just long enough to be
 * copied, and promoted, over and over. Halves of 32 MB take that off: MB, three halves.
 */
const YOUNG_GENERATION_MB = 96;

/** What operators want of the gateway. */
export interface OperatorWishes {
  /** The configuration is to be read again. */
  reload: () => Promise<ReloadAnswer>;
  /** A setting is to be changed; what is of the hub in it, the hub applies. Never rejects. */
  adjust: (adjustment: Adjustment) => Promise<AdjustedConfig>;
}

/** A hub in a thread of its own. */
export class HubSupervisor implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #wishes: OperatorWishes;
  readonly #calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #exited: Promise<Error | undefined>;
  #nextCall = 1;
  #stopping = false;

  constructor(data: HubThreadData, wishes: OperatorWishes) {
    this.#wishes = wishes;
    this.#worker = new Worker(workerUrl(import.meta.url, './hub-thread'), {
      workerData: data,
      name: 'swarmcast-hub',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.on('message', (report: HubThreadReport) => this.#onReport(report));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('error', resolve);
      this.#worker.once('exit', (code) =>
        resolve(code === 0 ? undefined : new Error(`the hub thread exited with code ${code}`)),
      );
    });
    void this.#exited.then((error) => this.#failCalls(error ?? new Error('the hub has stopped')));
  }

  /** Resolves when the thread ended without being asked to. */
  async died(): Promise<Error> {
    const error = await this.#exited;
    if (this.#stopping) return new Promise(() => undefined);
    return error ?? new Error('the hub thread ended by itself');
  }

  /** A port for one more edge. */
  connectEdge(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#send({ kind: 'edge', port: port1 }, [port1]);
    return port2;
  }

  startServers(servers: readonly ServerConfig[]): void {
    this.#send({ kind: 'servers', servers });
  }

  /** Applies what can change while running; why a part could not be, or undefined. */
  async reload(config: Config, servers: readonly ServerConfig[]): Promise<string | undefined> {
    try {
      await this.#call((id) => ({ kind: 'reload', id, config, servers }));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Notes what was done from outside of the hub. */
  audit(entry: AuditEntry): void {
    this.#send({ kind: 'audit', entry });
  }

  drain(): void {
    this.#send({ kind: 'drain' });
  }

  /** @throws with the server's own words. */
  callTool(server: string, tool: string, args: Record<string, unknown>): Promise<unknown> {
    return this.#call((id) => ({ kind: 'call-tool', id, server, tool, args }));
  }

  /** Orderly stop; a thread that does not end within the deadline is ended. It holds no native app, so that is safe. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#send({ kind: 'stop' });
    }
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_DEADLINE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #call(command: (id: number) => HubThreadCommand): Promise<unknown> {
    const id = this.#nextCall++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#send(command(id));
    });
  }

  #send(command: HubThreadCommand, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  #onReport(report: HubThreadReport): void {
    if (report.kind === 'stopped') return;
    if (report.kind === 'reload-asked') {
      void this.#answerReload();
      return;
    }
    if (report.kind === 'adjust-asked') {
      void this.#answerAdjust(report.adjustment);
      return;
    }
    const call = this.#calls.get(report.id);
    this.#calls.delete(report.id);
    if (report.kind === 'called') call?.resolve(report.result);
    else call?.reject(new Error(report.message));
  }

  /** Answers in the order of asking: reloads run one after the other. */
  async #answerReload(): Promise<void> {
    let answer: ReloadAnswer;
    try {
      answer = await this.#wishes.reload();
    } catch (error) {
      const message = `it could not be read again: ${error instanceof Error ? error.message : String(error)}`;
      answer = { outcome: 'refused', message };
    }
    this.#send({ kind: 'reload-answer', answer });
  }

  async #answerAdjust(adjustment: Adjustment): Promise<void> {
    this.#send({ kind: 'adjust-answer', ...(await this.#wishes.adjust(adjustment)) });
  }

  #failCalls(error: Error): void {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}
