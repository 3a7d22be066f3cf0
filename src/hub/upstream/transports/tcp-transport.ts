import { connect as connectTcp, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ServerTls } from '../../../platform/config/schema.ts';
import { ConnectError, ConnectionClosedError } from '../errors.ts';
import { assertUnguarded, guardedLookup } from './address-guard.ts';
import { LineTransport, type LineOptions } from './line-transport.ts';
import { refusalOf } from './refusal.ts';
import { tlsOptions } from './tls-options.ts';

/** Time that a closed socket gets to send what is buffered before it is destroyed. */
const CLOSE_GRACE_MS = 200;

export interface TcpOptions extends LineOptions {
  host: string;
  port: number;
  /** True: TLS with verification against the system's authorities. */
  tls: boolean | ServerTls;
  connectTimeoutMs: number;
  /** Also to link-local and metadata addresses. */
  allowLinkLocal?: boolean | undefined;
  /** Silence after which the kernel asks whether the peer is still there. */
  keepAliveMs: number;
}

/**
 * MCP over TCP, one JSON-RPC message per line. A peer that vanished without a word is found by the kernel's keep-alive,
 * by writes that stall, and above all by the requests that time out (supervisor).
 */
export class TcpTransport extends LineTransport {
  readonly #options: TcpOptions;
  #socket: Socket | undefined;

  constructor(options: TcpOptions) {
    super(options);
    this.#options = options;
  }

  protected override get output(): Writable | undefined {
    return this.#socket;
  }

  protected override get input(): Readable | undefined {
    return this.#socket;
  }

  /**
   * @throws {@link ConnectError} when refused, unreachable, or not connected in time; AuthenticationError and
   * UntrustedServerError where TLS says so.
   */
  override async start(): Promise<void> {
    if (this.#socket !== undefined || this.closed) throw new ConnectError('TCP transport was started before');
    const { host, port, tls, connectTimeoutMs, keepAliveMs, allowLinkLocal = false } = this.#options;
    if (!allowLinkLocal) assertUnguarded(host);
    const place = { host, port, ...(allowLinkLocal ? {} : { lookup: guardedLookup() }) };
    const socket = tls === false ? connectTcp(place) : connectTls({ ...place, ...tlsOptions(tls) });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy(new ConnectError(`no connection to ${host}:${port} within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      const onEarlyError = (cause: Error): void => {
        this.note(cause);
        reject(asConnectError(cause, `${host}:${port}`));
      };
      socket.once('error', onEarlyError);
      socket.once('close', () => {
        clearTimeout(timer);
        // After a connection this rejects a promise that has settled: no effect.
        reject(new ConnectionClosedError('closed while connecting'));
        this.finish();
      });
      socket.once(tls === false ? 'connect' : 'secureConnect', () => {
        clearTimeout(timer);
        socket.off('error', onEarlyError);
        socket.on('error', (error) => this.fail(error));
        socket.on('data', (chunk: Buffer) => this.receive(chunk));
        resolve();
      });
    });
  }

  override async close(): Promise<void> {
    const socket = this.#socket;
    if (socket !== undefined && !socket.destroyed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
        socket.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        if (socket.connecting) socket.destroy();
        else socket.end(() => socket.destroySoon());
      });
    }
    this.finish();
  }

  protected override abort(error: Error): void {
    this.#socket?.destroy(error);
  }
}

function asConnectError(cause: Error, target: string): Error {
  if (cause instanceof ConnectError) return cause;
  return refusalOf(cause) ?? new ConnectError(`cannot connect to ${target}: ${cause.message}`, { cause });
}
