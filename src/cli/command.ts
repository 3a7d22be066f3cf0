/** What a command gets and gives. Commands never call process.exit: they return an exit code and let the loop empty. */
export interface CommandIo {
  stdout: { write(text: string): unknown; isTTY?: boolean; columns?: number; rows?: number };
  stderr: { write(text: string): unknown };
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** After a signal, time for an orderly end; then the process ends by force, {@link EXIT.stuck}. Default 10 s. */
  stopWithinMs?: number | undefined;
  /** Called at every SIGHUP while a command has set it. */
  onHangup?: (() => void) | undefined;
}

export type Command = (argv: string[], io: CommandIo) => Promise<number>;

/** Exit codes, as documented in docs/troubleshooting.md. `stuck`: the orderly end took too long. */
export const EXIT = { ok: 0, failed: 1, usage: 2, stuck: 70 } as const;

/** A mistake on the command line; the message says what is allowed. */
export class UsageError extends Error {
  override name = 'UsageError';
}
