/**
 * Whatever bytes come to the real port, the gateway lives, answers well-formed HTTP or nothing, and an honest client beside goes
 * on. `TEST_RAW_CASES=100000 npx vitest run --project integration test/integration/gateway/raw-bytes.test.ts` looks longer.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectSwarmcast } from '../../../src/client/client.ts';
import { spawnGateway } from '../../support/gateway-process.ts';
import { addressed, rawRequest, type RawRequest } from '../../support/raw-requests.ts';
import { until } from '../../support/until.ts';

const CASES = Number(process.env['TEST_RAW_CASES'] ?? 500);
/** Connections at once. */
const AT_ONCE = 25;
/** Who neither answers nor closes by then waits for more. */
const PATIENCE_MS = 150;
/** Longest wait for an answer to the first piece, before the second goes out. */
const ANSWER_MS = 50;
/** Statuses of what is no request, or none that is served; beside those of good ones. */
const STATUSES = /^HTTP\/1\.1 (?:100|101|200|204|304|400|401|403|404|405|411|413|415|426|429|431|505) /;

/** Sends the pieces on a connection of its own; all that came back. */
function send(port: number, pieces: RawRequest): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    };
    const [first, second] = addressed(pieces, port);
    let isSecondDue = second !== undefined;
    const sendSecond = (): void => {
      if (!isSecondDue || second === undefined || socket.destroyed) return;
      isSecondDue = false;
      socket.write(second);
      wait();
    };
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      sendSecond();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(said);
    });
    socket.once('connect', () => {
      socket.write(first ?? '');
      setTimeout(sendSecond, ANSWER_MS);
      wait();
    });
  });
}

test(
  'bytes of every kind',
  async () => {
    await using gateway = await spawnGateway({ 'log.level': 'warn', 'simulate.agents': 4 });
    const client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'normal' });
    const counts = { silent: 0, answered: 0, switched: 0 };
    let closes = 0;
    let frames = 0;
    client.on('frame', () => (frames += 1));
    client.on('status', ({ status }) => (closes += status === 'reconnecting' || status === 'closed' ? 1 : 0));
    try {
      await client.whenLive();
      const property = fc.asyncProperty(
        fc.array(rawRequest, { minLength: AT_ONCE, maxLength: AT_ONCE }),
        async (requests) => {
          for (const said of await Promise.all(requests.map((pieces) => send(gateway.port, pieces)))) {
            if (said === '') counts.silent += 1;
            else {
              expect(said.slice(0, 80)).toMatch(STATUSES);
              counts[said.startsWith('HTTP/1.1 101') ? 'switched' : 'answered'] += 1;
            }
          }
          expect(gateway.child.exitCode).toBe(null);
        },
      );
      await fc.assert(property, { numRuns: Math.ceil(CASES / AT_ONCE), endOnFailure: true });
      const before = frames;
      await until('more frames', () => frames > before + 5);
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
      expect(closes).toBe(0);
      // The cases are of all kinds.
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
      process.stdout.write(`${JSON.stringify(counts)}\n`);
    } finally {
      await client.close();
    }
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    const complaints = gateway
      .stderr()
      .split('\n')
      .filter((line) => /"level":(?:50|60)|Error:|uncaught|unhandled/i.test(line));
    expect(complaints).toEqual([]);
  },
  Math.max(120_000, CASES * 20),
);
