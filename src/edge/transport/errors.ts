import { SwarmcastError } from '../../platform/errors.ts';

/** Another process (or another gateway) listens on the port. */
export class PortInUseError extends SwarmcastError {
  override name = 'PortInUseError';
  override readonly reason = 'port_in_use';
  // It stays in use until somebody acts.
  override readonly retryable = false;
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(
      `port ${port} of ${host} is in use by another process; choose one with server.port (0: any free one)`,
      options,
    );
    this.host = host;
    this.port = port;
  }
}

/** The address cannot be listened on for another reason (no such address, no permission). */
export class ListenError extends SwarmcastError {
  override name = 'ListenError';
  override readonly reason = 'listen';
  override readonly retryable = false;
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, detail: string, options?: ErrorOptions) {
    super(`cannot listen on port ${port} of ${host}: ${detail}`, options);
    this.host = host;
    this.port = port;
  }
}
