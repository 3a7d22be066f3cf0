import { SwarmcastError } from '../platform/errors.ts';

/** A request is answered with this JSON-RPC error. The SDK puts `code`, `message` and `data` on the wire as they are. */
export class RpcFailure extends SwarmcastError {
  override name = 'RpcFailure';
  readonly reason = 'rpc_failure';
  readonly retryable = false;
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** A write that the world refuses: an unknown id, a full world. Faces word it as their server would. */
export class WorldRefusal extends SwarmcastError {
  override name = 'WorldRefusal';
  readonly reason = 'world_refusal';
  readonly retryable = false;
}

/** The simulator could not start: the port is taken, the address is not ours. Trying again as it is cannot help. */
export class SimulatorStartError extends SwarmcastError {
  override name = 'SimulatorStartError';
  readonly reason = 'simulator_start';
  readonly retryable = false;
}

/** A fault that this transport has no way to show. */
export class UnsupportedFaultError extends SwarmcastError {
  override name = 'UnsupportedFaultError';
  readonly reason = 'unsupported_fault';
  readonly retryable = false;
}

/** A fault that cannot be read; the message says what is allowed. */
export class FaultSyntaxError extends SwarmcastError {
  override name = 'FaultSyntaxError';
  readonly reason = 'fault_syntax';
  readonly retryable = false;
}
