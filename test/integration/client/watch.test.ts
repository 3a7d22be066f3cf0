import { describe, expect, test } from 'vitest';
import type { CommandIo } from '../../../src/cli/command.ts';
import { watch } from '../../../src/cli/watch.ts';
import { agent, agents, discovery, server, snapshot, swarm, welcome } from '../../unit/client/records.ts';
import { HandGateway, q16Frame, type Peer } from './hand-gateway.ts';

class Terminal implements CommandIo {
  out = '';
  err = '';
  readonly #stop = new AbortController();
  readonly signal = this.#stop.signal;
  readonly stdout: CommandIo['stdout'];
  readonly stderr = { write: (text: string) => (this.err += text) };
  readonly #waiting = new Set<() => void>();

  constructor(isTTY = false) {
    const write = (text: string): void => {
      this.out += text;
      for (const check of this.#waiting) check();
    };
    this.stdout = { write, isTTY, columns: 120, rows: 40 };
  }

  interrupt(): void {
    this.#stop.abort('SIGINT');
  }

  /** Resolves when `text` was printed. */
  printed(text: string | RegExp): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (typeof text === 'string' ? !this.out.includes(text) : !text.test(this.out)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

async function bring(gateway: HandGateway): Promise<Peer> {
  const peer = await gateway.accept();
  peer.ok(await peer.next('hello'));
  peer.send(
    welcome({ mode: 'low_frequency', effective_rate_hz: 1 }),
    discovery({ full: true, servers: [server(1)], swarms: [swarm(1)] }),
    snapshot({ agents: [agent(1), agent(2)] }, 'c1'),
  );
  return peer;
}

describe('swarmcast watch', () => {
  test('--once prints one table and ends', async () => {
    await using gateway = await HandGateway.open();
    const io = new Terminal();
    const done = watch([gateway.url, '--once', '--status', 'idle'], io);
    const peer = await gateway.accept();
    const hello = await peer.next('hello');
    expect(hello.payload).toMatchObject({ mode: 'normal', filters: { statuses: ['idle'] } });
    peer.ok(hello);
    peer.send(welcome(), discovery({ full: true, servers: [server(1)], swarms: [swarm(1)] }));
    peer.send(snapshot({ agents: [agent(1)] }, 'c1'));
    peer.socket.send(q16Frame(60, 1_000, 10));
    expect(await done).toBe(0);
    expect(io.out).toMatch(/  a1 .* 5\.0 +-5\.0 +0\.0/);
    expect(io.err).toBe('');
  });

  test('--json: the state, then events, until it is stopped', async () => {
    await using gateway = await HandGateway.open();
    const io = new Terminal();
    const done = watch([gateway.url, '--json', '--coding', 'msgpack'], io);
    const peer = await bring(gateway);
    await io.printed('"event":"state"');
    peer.send(agents({ added: [agent(3, { name: 'c1 \u009b' })] }, 'c2'));
    await io.printed('"event":"agents"');
    await io.printed('"event":"summary"');
    io.interrupt();
    expect(await done).toBe(0);
    const lines = io.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ event: 'state', mode: 'low_frequency', agents: [{ id: 'a1' }, { id: 'a2' }] });
    expect(io.out).toContain('\\u009b');
  });

  test('on a screen: redraws, keeps what it had while the gateway is away, and leaves the terminal as it was', async () => {
    await using gateway = await HandGateway.open();
    const io = new Terminal(true);
    const done = watch([gateway.url], io);
    const peer = await bring(gateway);
    await io.printed(/ {2}a2 /);
    peer.socket.close(3001, 'restart');
    await io.printed('reconnecting');
    const again = await gateway.accept();
    expect((await again.next('hello')).payload).toMatchObject({ resume: { cursor: 'c1' } });
    io.interrupt();
    expect(await done).toBe(0);
    expect(io.out.startsWith('\u001b[?1049h')).toBe(true);
    expect(io.out.endsWith('\u001b[?1049l')).toBe(true);
  });

  test('nobody listens', async () => {
    const gateway = await HandGateway.open();
    const { url } = gateway;
    await gateway[Symbol.asyncDispose]();
    const io = new Terminal();
    expect(await watch([url], io)).toBe(1);
    expect(io.err).toMatch(
      /no gateway answers at ws:\/\/127\.0\.0\.1:\d+\/ws \(.*ECONNREFUSED.*\); start one with: swarmcast start/,
    );
  });

  test('refused, and ended for good', async () => {
    await using gateway = await HandGateway.open();
    const refused = new Terminal();
    const early = watch([gateway.url], refused);
    (await gateway.accept()).socket.close(3500, 'bad token');
    expect(await early).toBe(1);
    expect(refused.err).toContain('refused: bad token');
    const ended = new Terminal();
    const late = watch([gateway.url], ended);
    const peer = await bring(gateway);
    await ended.printed('2 agents');
    peer.socket.close(3501, 'bad request');
    expect(await late).toBe(1);
    expect(ended.err).toContain('ended the connection for good: bad request');
  });

  test('--help needs no gateway; bad flags are refused', async () => {
    const io = new Terminal();
    expect(await watch(['--help'], io)).toBe(0);
    expect(io.out).toContain('--server-type');
    await expect(watch(['--mode', 'fast'], io)).rejects.toThrow('must be one of');
  });
});
