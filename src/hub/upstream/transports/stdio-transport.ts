import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import { ConnectError } from '../errors.ts';
import { holdChild, signalGroup } from './child-guard.ts';
import { LineTransport, type LineOptions } from './line-transport.ts';
import type { Scratch } from './scratch.ts';

/** Time to exit after the end of stdin, then after SIGTERM. */
const STDIN_GRACE_MS = 500;
const TERM_GRACE_MS = 500;
/** Last bytes of stderr that are kept, to explain an exit. */
const STDERR_TAIL_BYTES = 2_048;

export interface StdioOptions extends LineOptions {
  command: string;
  args: readonly string[];
  /** Added to a minimal environment (PATH, HOME and the like). */
  env: Readonly<Record<string, string>>;
  /** Default: the scratch directory. */
  cwd?: string | undefined;
  /** Working directory of its own: made on start, removed on close. */
  scratch: Scratch;
}

/**
 * MCP over the standard streams of a child process that this transport owns. Noise on stdout is survived, stderr is
 * drained and only its tail is kept. The child leads a process group, which ends with it: `npx` leaves nothing behind.
 */
export class StdioTransport extends LineTransport {
  readonly #options: StdioOptions;
  #child: ChildProcess | undefined;
  #exit: Promise<void> = Promise.resolve();
  #stderrTail = '';
  #exitReason: string | undefined;
  #started = false;

  constructor(options: StdioOptions) {
    super(options);
    this.#options = options;
  }

  protected override get input(): Readable | undefined {
    return this.#child?.stdout ?? undefined;
  }

  protected override get output(): Writable | undefined {
    return this.#child?.stdin ?? undefined;
  }

  /** Why the process ended (`exit code 1: <tail of stderr>`); undefined while it runs. */
  get exitReason(): string | undefined {
    return this.#exitReason;
  }

  /** @throws {@link ConnectError} when the process cannot be started. */
  override async start(): Promise<void> {
    if (this.#started || this.closed) throw new ConnectError('stdio transport was started before');
    this.#started = true;
    const { command, args, env, cwd, scratch } = this.#options;
    const scratchPath = await scratch.create();
    if (this.closed) {
      await scratch.remove();
      throw new ConnectError('closed while starting');
    }
    const child = spawn(command, [...args], {
      cwd: cwd ?? scratchPath,
      env: { ...getDefaultEnvironment(), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child = child;
    this.#supervise(child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        this.#exitReason = `cannot start ${command}: ${cause.message}`;
        reject(new ConnectError(this.#exitReason, { cause }));
        void this.#ended();
      });
    });
  }

  /** End of stdin, then SIGTERM, then SIGKILL; resolves when the process is gone. */
  override async close(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && !isOver(child)) {
      child.stdin?.end();
      const timers = [
        setTimeout(() => signalGroup(child, 'SIGTERM'), STDIN_GRACE_MS),
        setTimeout(() => signalGroup(child, 'SIGKILL'), STDIN_GRACE_MS + TERM_GRACE_MS),
      ];
      await this.#exit;
      for (const timer of timers) clearTimeout(timer);
    } else {
      await this.#exit;
    }
    this.finish();
  }

  protected override abort(error: Error): void {
    this.fail(error);
    if (this.#child !== undefined) signalGroup(this.#child, 'SIGKILL');
  }

  #supervise(child: ChildProcess): void {
    const release = holdChild(child);
    child.stdout?.on('data', (chunk: Buffer) => this.receive(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderrTail = (this.#stderrTail + chunk.toString('utf8')).slice(-STDERR_TAIL_BYTES);
    });
    // EPIPE when the child is gone: its exit tells the story.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', (error) => this.fail(error));
    this.#exit = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exitReason = explainExit(code, signal, this.#stderrTail);
        // What the group's leader left behind would hold the pipes open.
        signalGroup(child, 'SIGKILL');
        release();
        void this.#ended().then(resolve);
      });
      child.once('error', () => {
        if (child.pid !== undefined) return;
        release();
        resolve();
      });
    });
  }

  async #ended(): Promise<void> {
    // Output that was written before the exit may still be in the pipe, which may be paused.
    this.#child?.stdout?.resume();
    await drained(this.#child?.stdout);
    try {
      await this.#options.scratch.remove();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.finish();
  }
}

function isOver(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function drained(stream: ChildProcess['stdout'] | undefined): Promise<void> {
  if (stream === null || stream === undefined || stream.closed || stream.readableEnded) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => stream.destroy(), 100);
    stream.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function explainExit(code: number | null, signal: string | null, stderr: string): string {
  const how = code === null ? `signal ${signal ?? 'unknown'}` : `exit code ${code}`;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last === '' ? how : `${how}: ${last.slice(0, 200)}`;
}
