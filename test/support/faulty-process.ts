/** A simulated server in a process of its own, on a port that stays: it can be killed, stopped, and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Fault } from '../../src/simulator/faults.ts';
import { builtMain } from './built-main.ts';

export class FaultyProcess implements AsyncDisposable {
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #port = 0;
  #control = '';

  private constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  /** Listens on a free port. */
  static async start(flags: readonly string[]): Promise<FaultyProcess> {
    const server = new FaultyProcess(flags);
    await server.respawn();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts it on its port, the one before being dead. */
  async respawn(): Promise<void> {
    const ports = ['--port', String(this.#port), '--control-port', '0'];
    const flags = ['--json', '--parent-watch', ...ports, ...this.#flags];
    const child = spawn(process.execPath, [builtMain(), 'simulate', ...flags], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { listening, control } = JSON.parse(line) as { listening: { port: number }; control: string };
    this.#port = listening.port;
    this.#control = control;
  }

  /** Orders a fault. */
  async order(fault: Fault): Promise<void> {
    const response = await fetch(this.#control, { method: 'POST', body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Times that faults fired since it was started. */
  async fired(): Promise<number> {
    return ((await (await fetch(this.#control)).json()) as { fired: number }).fired;
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** Its exit code, or the signal that ended it. */
  async whenGone(): Promise<number | string> {
    const child = this.#child;
    if (child === undefined) throw new Error('not started');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode ?? child.signalCode ?? 'unknown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.whenGone();
  }
}
