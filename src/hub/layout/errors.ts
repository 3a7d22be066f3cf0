/** A layout thread ended without being asked to. Its replacement goes on from the last positions. */
export class LayoutWorkerError extends Error {
  override name = 'LayoutWorkerError';
  readonly exitCode: number;

  constructor(exitCode: number, options?: ErrorOptions) {
    super(`layout worker ended unexpectedly with code ${String(exitCode)}`, options);
    this.exitCode = exitCode;
  }
}
