/**
 * The SDK (`swarmcast/client`), for Node 20+ and browsers: connects, reconnects, holds the view's state and positions,
 * and proves by hash that they are right. The wire is PROTOCOL.md. It does not draw, and stores nothing.
 */
import type { Ref } from '../model/ids.ts';
import { CLOSE_CODES } from '../protocol/close-codes.ts';
import type { ClientMessageType, ClientPayload } from '../protocol/client-messages.ts';
import type { FilterPatch, Filters } from '../protocol/filters.ts';
import type { DecodedFrame } from '../protocol/frames.ts';
import type { Mode } from '../protocol/modes.ts';
import type { OperationName, OperationReply, OperationRequest } from '../protocol/operations/operations.ts';
import type { ServerMessage, ServerPayloads } from '../protocol/server-messages.ts';
import { Emitter } from './emitter.ts';
import { ClientClosedError, RequestError } from './errors.ts';
import type { ClientEvents, ClientIdentity, ClientStatus } from './events.ts';
import { EVENT_OF } from './events.ts';
import type { ConnectOptions } from './options.ts';
import { checkOptions, checkToken } from './options.ts';
import { PendingRequests } from './pending-requests.ts';
import type { Position } from './position-store.ts';
import { PositionStore } from './position-store.ts';
import { Reconnection } from './reconnection.ts';
import { Resync } from './resync.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';
import type { ClientState } from './client-state.ts';
import { StateStore } from './state-store.ts';
import { readToken, TokenRenewal, type TokenSource } from './token-renewal.ts';
import { resolveWebSocket } from './web-socket.ts';

export type { AgentRecord } from '../model/agent.ts';
export type { LinkRecord } from '../model/link.ts';
export type { ServerRecord } from '../model/server.ts';
export type { SwarmRecord } from '../model/swarm.ts';
export type { TaskRecord } from '../model/task.ts';
export type { DecodedFrame, FilterPatch, Filters, Mode, OperationName, OperationReply, OperationRequest };
export type { ClientEvents, ClientIdentity, ClientState, ClientStatus, ConnectOptions, Position, TokenSource };
export { ClientClosedError, RequestError };
export { TOPOLOGIES } from '../model/swarm.ts';
export { SWITCHED_OFF, type SwitchedOff } from '../model/switched-off.ts';

/** Counters since the client was made. */
export interface ClientStats {
  messages: number;
  frames: number;
  /** Received, before decoding. */
  bytes: number;
  /** Messages and frames that could not be read. */
  malformed: number;
  /** Heartbeats whose hash differed from the state's. */
  hashMismatches: number;
  /** Connections that ended and were, or will be, followed by another. */
  reconnects: number;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** What an abnormal end is called, by the WebSocket standard. */
const ABNORMAL = 1006;

/**
 * Connects to a gateway and keeps connected. Returns at once; `whenLive()` waits for the first state.
 * @throws {TypeError} for options that cannot work.
 */
export function connectSwarmcast(options: ConnectOptions): SwarmcastClient {
  checkOptions(options);
  const client = new SwarmcastClient(options);
  client.start();
  return client;
}

export class SwarmcastClient {
  readonly #options: ConnectOptions;
  readonly #events = new Emitter<ClientEvents>();
  readonly #positions = new PositionStore();
  readonly #store = new StateStore(this.#positions);
  readonly #pending: PendingRequests;
  readonly #reconnection: Reconnection;
  readonly #resync = new Resync(() => this.#request('resync', {}));
  readonly #renewal = new TokenRenewal(() => this.#renewToken());
  readonly #stats: ClientStats = { messages: 0, frames: 0, bytes: 0, malformed: 0, hashMismatches: 0, reconnects: 0 };
  #status: ClientStatus = { status: 'connecting' };
  #started = false;
  #session: Session | undefined;
  /** What the next hello asks for: changed only by the user, not by demotions. */
  #mode: Mode | undefined;
  #filters: FilterPatch;
  #token: TokenSource | undefined;
  #welcome: ServerPayloads['welcome'] | undefined;
  #effective: { mode: Mode; effective_rate_hz: number } | undefined;
  #clockOffsetMs = 0;
  #closing: Promise<void> | undefined;
  #onSessionEnd: (() => void) | undefined;

  /** Use {@link connectSwarmcast}. */
  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#mode = options.mode;
    this.#token = options.token;
    this.#filters = { ...options.filters };
    this.#reconnection = new Reconnection(options.reconnect ?? {});
    this.#pending = new PendingRequests(options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
  }

  /** The view's servers, swarms, agents, links and tasks, by ref; always current. */
  get state(): ClientState {
    return this.#store.state;
  }

  get status(): ClientStatus {
    return this.#status;
  }

  get stats(): Readonly<ClientStats> {
    return { ...this.#stats };
  }

  /** The gateway's welcome to the present or last connection. */
  get welcome(): ServerPayloads['welcome'] | undefined {
    return this.#welcome;
  }

  /** Mode and rate in force, which may be lower than what was asked for. */
  get effective(): { mode: Mode; effective_rate_hz: number } | undefined {
    return this.#effective;
  }

  /** Where a resume would start; '' when it would need a snapshot. */
  get cursor(): string {
    return this.#store.cursor;
  }

  /** Calls `listener` for every such event until the returned function is called. */
  on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Resolves when the state is the view's. @throws {@link ClientClosedError} when it never will be. */
  whenLive(): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      const check = (status: ClientStatus): void => {
        if (status.status === 'live') resolve();
        else if (status.status === 'closed') reject(new ClientClosedError(status.code, status.reason));
        else return;
        stop?.();
      };
      stop = this.on('status', check);
      check(this.#status);
    });
  }

  /** Hash of the state held now: 16 hex digits (PROTOCOL.md, State hash). */
  stateHash(): string {
    return this.#store.hash();
  }

  /** The gateway's wall clock now, ms since 1970, as well as its messages tell. Frames and ages are in this time. */
  gatewayNow(): number {
    return Date.now() + this.#clockOffsetMs;
  }

  /**
   * Where an agent was at `timeMs` of the gateway's clock, interpolated between its last two frames; before and after
   * them the nearer one. Undefined while unknown. For smooth motion ask for about one frame interval ago.
   */
  positionAt(agent: Ref, timeMs: number, out?: [number, number, number]): Position | undefined {
    return this.#positions.at(agent, timeMs, out);
  }

  /** Changes the mode. @throws {@link RequestError} */
  setMode(mode: Mode): Promise<Record<string, unknown>> {
    return this.#request('performance_mode', { mode }, () => {
      this.#mode = mode;
    });
  }

  /** Changes filters; keys that are absent stay. @throws {@link RequestError} with what is allowed. */
  setFilters(patch: FilterPatch): Promise<Record<string, unknown>> {
    return this.#request('update_filters', patch, () => {
      this.#filters = { ...this.#filters, ...patch };
      // A cursor belongs to the filters that it was given under.
      this.#store.dropCursor();
    });
  }

  /** Asks for everything that changed, and positions, now; what on demand is for. @throws {@link RequestError} */
  requestUpdate(): Promise<Record<string, unknown>> {
    return this.#request('request_update', {});
  }

  /** Has the gateway look for MCP servers (rate limited). @throws {@link RequestError} */
  discover(): Promise<Record<string, unknown>> {
    return this.#request('discover', {});
  }

  /**
   * Has the gateway carry out a control operation; resolves to what was done, and on whose word.
   * @throws {@link RequestError} `forbidden`, `bad_input`, `unsupported_by_server`, `refused_by_server`, … (PROTOCOL.md,
   * Commands); after `outcome_unknown`, `timeout` and `closed` a write may have been done.
   */
  async command<K extends OperationName>(operation: K, input: OperationRequest<K>): Promise<OperationReply<K>> {
    const reply = await this.#request('command', { operation, input });
    // The gateway's answer to this very operation.
    return reply as unknown as OperationReply<K>;
  }

  /**
   * Gives the gateway a newer token of the same subject, without interruption; in place of a token given as text, it is
   * also used from now on. Resolves to who the client is since. @throws {@link RequestError} `unauthorised`: nothing changed.
   */
  async renew(token: string): Promise<ClientIdentity> {
    const renewed = await this.#request('renew', { token });
    if (typeof this.#token !== 'function') this.#token = token;
    return renewed as unknown as ClientIdentity;
  }

  /** Asks for a new snapshot. One at a time: a second call waits for the first. @throws {@link RequestError} */
  resync(): Promise<Record<string, unknown>> {
    return this.#resync.start();
  }

  /** Round trip to the gateway and back, ms. Limits on messages count it. @throws {@link RequestError} */
  async ping(): Promise<number> {
    const sentAt = performance.now();
    await this.#request('heartbeat', {});
    return performance.now() - sentAt;
  }

  /** Closes for good. Resolves when the socket is closed; no timer, socket or pending request is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Called once by {@link connectSwarmcast}. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#begin();
  }

  #begin(): void {
    this.#connect().catch((error: unknown) => {
      this.#finish(ABNORMAL, error instanceof Error ? error.message : String(error));
    });
  }

  async #connect(): Promise<void> {
    const WebSocket = await resolveWebSocket(this.#options.WebSocket);
    if (this.#status.status === 'closed') return;
    const { url, coding = 'json' } = this.#options;
    const token = await readToken(this.#token);
    if (token !== undefined) checkToken(token);
    // Closed while the token was fetched.
    if (this.#isClosed) return;
    this.#reconnection.begun();
    this.#session = openSession(
      { WebSocket, url, token, coding },
      {
        opened: () => {
          this.#hello();
        },
        message: (message, bytes) => {
          this.#stats.messages++;
          this.#stats.bytes += bytes;
          if (this.#status.status !== 'closed') this.#receive(message);
        },
        frame: (frame, bytes) => {
          this.#stats.frames++;
          this.#stats.bytes += bytes;
          if (this.#status.status !== 'closed') this.#frame(frame);
        },
        malformed: (what) => {
          this.#stats.malformed++;
          this.#events.emit('error', { code: 'malformed', message: what });
        },
        closed: (code, reason) => {
          this.#ended(code, reason);
        },
      },
    );
  }

  #hello(): void {
    const { cursor } = this.#store;
    const hello: ClientPayload<'hello'> = {
      protocol: 1,
      positions: this.#options.positions ?? 'q16',
      filters: this.#filters,
    };
    if (this.#mode !== undefined) hello.mode = this.#mode;
    if (cursor !== '') hello.resume = { cursor };
    this.#request('hello', hello).catch((error: unknown) => {
      // An unanswered hello shows as a missing welcome; a refused one would give a view that nobody asked for.
      if (!(error instanceof RequestError) || ['timeout', 'closed', 'not_connected'].includes(error.code)) return;
      const session = this.#session;
      if (error.code === 'bad_message') {
        // It came too late (a busy page, a process that was paused): the gateway went on with defaults. Once more.
        this.#store.dropCursor();
        session?.drop(error.message);
        return;
      }
      this.#finish(3501, error.message);
      session?.close(1000, '');
    });
  }

  #request<T extends ClientMessageType>(
    type: T,
    payload: ClientPayload<T>,
    onOk?: () => void,
  ): Promise<Record<string, unknown>> {
    const session = this.#session;
    return this.#pending.open(
      type,
      (id) => {
        if (session?.send(type, payload, id) === true) return;
        this.#pending.fail(id, 'not_connected', `cannot be sent while ${this.#status.status}`);
      },
      onOk,
    );
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'ok':
        this.#pending.settle(message.payload.id, message.payload.payload);
        return;
      case 'error':
        this.#refused(message.payload);
        return;
      case 'welcome':
        this.#welcomed(message.payload);
        return;
      case 'snapshot':
        this.#store.apply(message);
        if (!this.#store.inSnapshot) this.#snapshotTaken();
        return;
      case 'mode_changed':
        this.#paced(message.payload);
        this.#events.emit('mode', message.payload);
        return;
      case 'heartbeat':
        this.#heartbeat(message);
        return;
      case 'goodbye':
        this.#reconnection.goodbye(message.payload.reconnect_after_ms);
        this.#events.emit('goodbye', message.payload);
        return;
      default:
        this.#store.apply(message);
        // Types of a later version have no event, and do no harm.
        if (Object.hasOwn(EVENT_OF, message.type)) this.#events.emit(EVENT_OF[message.type], message.payload);
    }
  }

  #paced({ mode, effective_rate_hz }: ServerPayloads['welcome'] | ServerPayloads['mode_changed']): void {
    this.#effective = { mode, effective_rate_hz };
    this.#session?.paced(effective_rate_hz);
  }

  #refused({ id, code, message, retry_after_ms }: ServerPayloads['error']): void {
    if (!this.#pending.fail(id, code, message, retry_after_ms)) this.#events.emit('error', { code, message });
  }

  get #isClosed(): boolean {
    return this.#status.status === 'closed';
  }

  /** Gives the gateway the provider's next token. Resolves to the time that it leaves, ms. */
  async #renewToken(): Promise<number | undefined> {
    return this.#leftUntil(await this.renew((await readToken(this.#token)) ?? ''));
  }

  #leftUntil({ expires_at_ms: expiresAtMs }: ClientIdentity): number | undefined {
    return expiresAtMs === undefined ? undefined : expiresAtMs - this.gatewayNow();
  }

  #welcomed(welcome: ServerPayloads['welcome']): void {
    this.#welcome = welcome;
    this.#paced(welcome);
    this.#clockOffsetMs = welcome.server_time - Date.now();
    this.#store.apply({ type: 'welcome', timestamp: welcome.server_time, payload: welcome });
    if (typeof this.#token === 'function') this.#renewal.schedule(this.#leftUntil(welcome.identity));
    this.#events.emit('welcome', welcome);
    // What is held is the view's already, only older; the changes since then follow.
    if (welcome.follows === 'resume') this.#live(true);
  }

  #snapshotTaken(): void {
    const { agents, links, tasks } = this.#store.state;
    this.#events.emit('snapshot', { agents: agents.size, links: links.size, tasks: tasks.size });
    if (this.#status.status !== 'live') this.#live(false);
  }

  #live(resumed: boolean): void {
    this.#reconnection.live();
    this.#setStatus({ status: 'live', resumed });
  }

  #frame(frame: DecodedFrame): void {
    this.#positions.apply(frame);
    this.#events.emit('frame', frame);
  }

  #heartbeat({ payload, timestamp }: Extract<ServerMessage, { type: 'heartbeat' }>): void {
    // The least delayed message tells the clocks' difference best.
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, timestamp - Date.now());
    const comparable = this.#status.status === 'live' && !this.#store.inSnapshot && !this.#resync.isRunning;
    const matches = comparable ? this.#store.hash() === payload.state_hash : undefined;
    if (matches === true) this.#store.adoptCursor(payload.cursor);
    if (matches === false) this.#mismatch();
    this.#events.emit('heartbeat', { ...payload, matches });
  }

  #mismatch(): void {
    this.#stats.hashMismatches++;
    this.#store.dropCursor();
    this.#resync.afterMismatch()?.catch((error: unknown) => {
      if (error instanceof RequestError && error.code !== 'closed') {
        this.#events.emit('error', { code: error.code, message: error.message });
      }
    });
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#finish(1000, 'closed by the client');
    if (session === undefined) return;
    await new Promise<void>((resolve) => {
      this.#onSessionEnd = resolve;
      session.close(1000, '');
    });
  }

  /** The connection is over; decides whether another follows. */
  #ended(code: number, reason: string): void {
    this.#session = undefined;
    this.#renewal.stop();
    this.#store.connectionLost();
    this.#pending.rejectAll('closed', `the connection ended: ${reason === '' ? code : reason}`);
    this.#onSessionEnd?.();
    if (this.#status.status === 'closed') return;
    // Who has a provider comes back with its next token.
    const isRenewable = code === CLOSE_CODES.TOKEN_EXPIRED && typeof this.#token === 'function';
    const decision = this.#reconnection.ended(isRenewable ? ABNORMAL : code);
    if (decision.kind === 'stop') {
      this.#finish(code, reason);
      return;
    }
    this.#stats.reconnects++;
    const { delayMs, attempt } = decision;
    this.#reconnection.wait(delayMs, () => {
      this.#begin();
    });
    this.#setStatus({ status: 'reconnecting', code, reason, attempt, delayMs });
  }

  /** Closed for good. The socket, if any, is closed by the caller. */
  #finish(code: number, reason: string): void {
    if (this.#status.status === 'closed') return;
    this.#reconnection.stop();
    this.#renewal.stop();
    this.#pending.rejectAll('closed', 'the client was closed');
    this.#setStatus({ status: 'closed', code, reason });
    this.#events.clear();
  }

  #setStatus(status: ClientStatus): void {
    this.#status = status;
    this.#events.emit('status', status);
  }
}
