/** Gateways and raw protocol clients for integration tests. Real threads, real sockets; threads run from dist/. */
import { WebSocket, type RawData } from 'ws';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { loadConfig } from '../../src/platform/config/load.ts';
import { decodeFrame, type DecodedFrame } from '../../src/protocol/frames.ts';
import type { ServerMessage, ServerMessageType } from '../../src/protocol/server-messages.ts';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';

type SimulatorOptions = Parameters<typeof startSimulator>[0];

/**
 * A gateway on a free port with these settings (dotted paths) over quiet defaults. At a reload it reads `settings` again, as
 * they are then.
 */
export async function openTestGateway(settings: Record<string, unknown> = {}): Promise<Gateway> {
  const readConfig = () => {
    const flags = { 'server.port': 0, 'log.level': 'silent', ...settings };
    return loadConfig({ files: [], flags, environment: {} }).config;
  };
  return openGateway(readConfig(), { readConfig });
}

/** A simulator in this process, and the entry for `servers` that leads to it. */
export async function openTestServer(
  id: string,
  options: Partial<SimulatorOptions> = {},
): Promise<{ simulator: Simulator; server: Record<string, unknown> }> {
  const simulator = await startSimulator({
    face: 'seed',
    transport: 'tcp',
    host: '127.0.0.1',
    port: 0,
    seed: 1,
    swarms: 1,
    agents: 6,
    eventsPerSecond: 40,
    ...options,
  });
  const server =
    options.transport === 'http'
      ? { id, transport: 'http', url: simulator.endpoint, simulated: true }
      : { id, transport: 'tcp', host: '127.0.0.1', port: simulator.port, simulated: true };
  return { simulator, server };
}

export interface ReceivedFrame extends DecodedFrame {
  atMs: number;
}

/** A client that only records: JSON messages and frames, with waits that fail after a deadline and say what was seen. */
export class RecordingClient implements Disposable {
  readonly messages: ServerMessage[] = [];
  readonly frames: ReceivedFrame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #socket: WebSocket;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#notify();
    });
  }

  /** Connects and, unless told otherwise, says hello. */
  static async connect(url: string, hello: Record<string, unknown> | undefined = {}): Promise<RecordingClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, ['swarmcast.v1.json']);
    const client = new RecordingClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    if (hello !== undefined) client.send({ type: 'hello', payload: hello });
    return client;
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  sendRaw(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  of<T extends ServerMessageType>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<ServerMessage, { type: T }> => message.type === type);
  }

  /** Waits until `probe` gives something. */
  async until<T>(what: string, probe: () => T | undefined | false, deadlineMs = 15_000): Promise<T> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const found = probe();
      if (found !== undefined && found !== false) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${what}: not within ${deadlineMs} ms; saw ${this.#summary()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 250));
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Sends a request and waits for its ok or error. */
  async request(type: string, payload: unknown = {}): Promise<Extract<ServerMessage, { type: 'ok' | 'error' }>> {
    const id = `r${this.messages.length}-${Math.random()}`;
    this.send({ type, id, payload });
    return this.until(`answer to ${type}`, () =>
      [...this.of('ok'), ...this.of('error')].find((message) => message.payload.id === id),
    );
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (isBinary) this.frames.push({ ...decodeFrame(bytes), atMs: performance.now() });
    else this.messages.push(JSON.parse(bytes.toString()) as ServerMessage);
    this.#notify();
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  #summary(): string {
    const counts = new Map<string, number>();
    for (const { type } of this.messages) counts.set(type, (counts.get(type) ?? 0) + 1);
    const last = this.messages.at(-1);
    return `${JSON.stringify(Object.fromEntries(counts))}, ${this.frames.length} frames, closed ${JSON.stringify(this.closed)}, last ${JSON.stringify(last).slice(0, 300)}`;
  }
}

/** Agents by key as the messages so far add up to, for tests that need no full SDK. */
export function agentsByKey(client: RecordingClient): Map<string, Record<string, unknown>> {
  const byRef = new Map<number, Record<string, unknown>>();
  const put = (record: { ref: number }) => byRef.set(record.ref, { ...record });
  for (const message of client.messages) {
    if (message.type === 'snapshot') {
      if (message.payload.part === 0) byRef.clear();
      message.payload.agents.forEach(put);
    }
    if (message.type !== 'agent_update') continue;
    message.payload.added.forEach(put);
    for (const patch of message.payload.updated) Object.assign(byRef.get(patch.ref) ?? {}, patch);
    for (const ref of message.payload.removed) byRef.delete(ref);
  }
  return new Map([...byRef.values()].map((record) => [String(record['key']), record]));
}
