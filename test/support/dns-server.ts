import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const TYPE_A = 1;
const NAME_ERROR = 3;

/** A DNS server on loopback that knows IPv4 addresses of names; what it does not know does not exist. */
export class DnsServer implements AsyncDisposable {
  /** By name; may be changed at any time. */
  readonly addresses = new Map<string, readonly string[]>();
  /** Names of type A that were asked for. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, from) => socket.send(this.#answer(query), from.port, from.address));
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  /** `127.0.0.1:port` */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  /** RFC 1035, section 4: header, the question again, and an answer for each address, which points at its name. */
  #answer(query: Buffer): Buffer {
    const { name, end } = nameIn(query);
    const isA = query.readUInt16BE(end) === TYPE_A;
    if (isA) this.asked.push(name);
    const known = this.addresses.get(name);
    const found = isA ? (known ?? []) : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (known === undefined ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    const answers = found.map((address) => {
      const record = Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4]);
      return Buffer.concat([record, Buffer.from(address.split('.').map(Number))]);
    });
    return Buffer.concat([header, query.subarray(12, end + 4), ...answers]);
  }
}

function nameIn(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
