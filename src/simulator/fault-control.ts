/** Faults over HTTP, for whoever can reach the loopback interface: GET, POST and DELETE /faults, in JSON. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FaultSyntaxError, UnsupportedFaultError } from './errors.ts';
import { FAULT_KINDS, faultToJson, readFault } from './fault-text.ts';
import type { ArmedFault, Fault } from './faults.ts';
import { listen } from './transports/tcp.ts';

const MAX_BODY_BYTES = 65_536;
/** Orders that are remembered for GET; the oldest is forgotten, not cancelled. */
const MAX_REMEMBERED = 1_000;

/** What the control port rules over. */
export interface FaultTarget {
  readonly stats: { faultsFired: number };
  inject(fault: Fault): ArmedFault;
  cancelFaults(): void;
}

export interface FaultControl extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:…/faults` */
  readonly url: string;
}

interface Reply {
  status: number;
  body: unknown;
}

/**
 * Listens on 127.0.0.1. `GET /faults` lists what was ordered, `POST /faults` orders one (`{"kind":"freeze","ms":2000}`),
 * `DELETE /faults` cancels all, `DELETE /faults/<id>` one. Requests of web pages (with an Origin) are refused.
 * @throws SimulatorStartError when the port cannot be had.
 */
export async function openFaultControl(target: FaultTarget, port: number): Promise<FaultControl> {
  const ordered = new Map<number, ArmedFault>();
  let lastId = 0;
  const order = (body: unknown): Reply => {
    const armed = target.inject(readFault(body));
    ordered.set(++lastId, armed);
    const oldest = ordered.size > MAX_REMEMBERED ? ordered.keys().next().value : undefined;
    if (oldest !== undefined) ordered.delete(oldest);
    return { status: 201, body: toJson(lastId, armed) };
  };
  const cancel = (id: number | undefined): Reply => {
    if (id === undefined) {
      target.cancelFaults();
      for (const armed of ordered.values()) armed.cancel();
      ordered.clear();
      return { status: 200, body: { cancelled: 'all' } };
    }
    const armed = ordered.get(id);
    if (armed === undefined) return { status: 404, body: { error: `no fault ${id}` } };
    armed.cancel();
    ordered.delete(id);
    return { status: 200, body: { cancelled: id } };
  };
  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const path = /^\/faults(?:\/(\d{1,9}))?$/.exec(request.url ?? '');
    if (path === null) return { status: 404, body: { error: 'GET, POST or DELETE /faults, DELETE /faults/<id>' } };
    if (request.headers.origin !== undefined || !isLoopback(request.headers.host))
      return { status: 403, body: { error: 'not for web pages' } };
    const id = path[1] === undefined ? undefined : Number(path[1]);
    if (request.method === 'DELETE') return cancel(id);
    if (request.method === 'POST' && id === undefined) return order(await readJson(request));
    if (request.method !== 'GET') return { status: 405, body: { error: 'GET, POST or DELETE' } };
    const faults = [...ordered].map(([key, armed]) => toJson(key, armed));
    return { status: 200, body: { fired: target.stats.faultsFired, faults, kinds: FAULT_KINDS } };
  };
  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => refusal(error))
      .then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      )
      .catch(() => response.destroy());
  });
  await listen(server, { host: '127.0.0.1', port });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/faults`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toJson(id: number, armed: ArmedFault) {
  return { id, fault: faultToJson(armed.fault), fired: armed.fired, spent: armed.spent };
}

function isLoopback(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new FaultSyntaxError(`more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

function refusal(error: unknown): Reply {
  const known =
    error instanceof FaultSyntaxError ||
    error instanceof UnsupportedFaultError ||
    error instanceof SyntaxError ||
    error instanceof RangeError;
  return known
    ? { status: 400, body: { error: error.message } }
    : { status: 500, body: { error: 'the simulator failed to answer' } };
}
