/** What attackers send, and what they get: the answer in one line, so that a table can hold it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';

export interface Upgrade {
  token?: string | undefined;
  origin?: string | undefined;
  host?: string | undefined;
  /** What a trusted proxy would say of where it comes from. */
  forwardedFor?: string | undefined;
}

/** A WebSocket that says hello and then what `messages` are; `says` has the errors and how it ended. */
export class Intruder implements Disposable {
  /** `error CODE`, `ok TYPE`, `close CODE`, `HTTP STATUS`, in order. */
  readonly says: string[] = [];
  readonly #socket: WebSocket;

  constructor(url: string, { token, origin, host, forwardedFor }: Upgrade = {}) {
    this.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, ['swarmcast.v1.json'], {
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(host === undefined ? {} : { host }),
        ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
      },
      ...(origin === undefined ? {} : { origin }),
    });
    this.#socket.on('unexpected-response', (_request, response) => {
      this.says.push(`HTTP ${response.statusCode}`);
      response.resume();
      this.#socket.terminate();
    });
    // Told by `unexpected-response` or `close`.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', (code) => this.says.push(`close ${code}`));
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.#hear(data);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async opened(): Promise<this> {
    if (!this.isOpen) await once(this.#socket, 'open');
    return this;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Waits for an answer that is one of these. @throws with what was said instead. */
  async hears(...wanted: readonly string[]): Promise<string> {
    const deadlineMs = Date.now() + 15_000;
    for (;;) {
      const found = this.says.find((said) => wanted.includes(said));
      if (found !== undefined) return found;
      if (Date.now() > deadlineMs)
        throw new Error(`${wanted.join(' or ')} not within 15 s; heard ${this.says.slice(-20).join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #hear(data: Buffer): void {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: Record<string, unknown> };
    if (type === 'error') this.says.push(`error ${String(payload['code'])}`);
    else if (type === 'ok') this.says.push(`ok ${String(payload['of'])}`);
    else if (type === 'welcome') this.says.push('welcome');
  }
}

/** What `what` is answered over HTTP: `HTTP STATUS CODE`. */
export async function request(
  url: string,
  method: string,
  path: string,
  token?: string,
  body?: string,
): Promise<string> {
  const response = await fetch(url + path, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  return `HTTP ${response.status}${code === undefined ? '' : ` ${code}`}`;
}

/** Bytes as they are; everything that comes back until the other side closes, or `untilMs` have passed. */
export async function raw(port: number, bytes: string, untilMs = 5_000): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const timer = setTimeout(() => socket.destroy(), untilMs);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  clearTimeout(timer);
  return text;
}

/** The sum of a metric over all label sets that contain `labels`, each as `name="value"`. */
export function countOf(metrics: string, name: string, ...labels: readonly string[]): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
