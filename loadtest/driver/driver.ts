/** A driver process as its parent sees it. */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AnswerMessage, OrderName, Orders } from './orders.ts';

/** Longest wait for an answer, beyond the deadline that an order has itself. */
const ANSWER_MS = 180_000;

export interface DriverOptions {
  /** Core to run on; absent: any. */
  cpu?: number | undefined;
  /** 1–19: gives way to others on its core. */
  nice?: number | undefined;
}

export class Driver implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #exited: Promise<void>;
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // What could not be sent: its order is rejected with the exit.
    child.on('error', () => undefined);
    child.on('message', (answer: AnswerMessage) => this.#settle(answer));
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`a driver process exited with ${code}`));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Starts a process without connections. */
  static start(options: DriverOptions = {}): Driver {
    const entry = fileURLToPath(new URL('driver-process.ts', import.meta.url));
    const child = fork(entry, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    if (options.cpu !== undefined && child.pid !== undefined) {
      spawnSync('taskset', ['-acp', String(options.cpu), String(child.pid)], { stdio: 'ignore' });
    }
    // Threads that it starts later take it over.
    if (options.nice !== undefined && child.pid !== undefined) setPriority(child.pid, options.nice);
    return new Driver(child);
  }

  order<K extends OrderName>(name: K, input: Orders[K]['input']): Promise<Orders[K]['output']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`a driver process did not answer "${name}" within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      const settled = () => clearTimeout(timer);
      this.#waiting.set(id, {
        resolve: (value) => {
          settled();
          resolve(value as Orders[K]['output']);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#child.send({ id, name, input });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  #settle(answer: AnswerMessage): void {
    const waiter = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (waiter === undefined) return;
    if ('error' in answer) waiter.reject(new Error(answer.error));
    else waiter.resolve(answer.output);
  }
}
