/** Handshakes of TLS that do not end, by the thousand and of every kind: each is closed in time, and others are served meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { spawnGateway } from '../../support/gateway-process.ts';
import { secureGet } from '../../support/secure-get.ts';
import { makeCertificate } from '../../support/self-signed.ts';

const SLOW = 1_000;
const CLOSED_WITHIN_MS = 15_000;

interface SlowResult {
  kind: string;
  open: number;
  closed: number;
  longestMs: number;
}

test('1,000 handshakes of each slow kind are closed within 15 s; whoever speaks is answered', async () => {
  const { cert, key } = makeCertificate('slow');
  await using gateway = await spawnGateway({ 'log.level': 'error', 'edge.tls.cert': cert, 'edge.tls.key': key });
  const script = fileURLToPath(new URL('many-attackers.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, String(gateway.port), 'tls'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const results: SlowResult[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => results.push(JSON.parse(line) as SlowResult));
  const exited = once(child, 'exit');
  let asked = 0;
  while (child.exitCode === null) {
    const { status } = await secureGet(`${gateway.url}/healthz`, cert);
    expect(status).toBe(200);
    asked += 1;
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 200))]);
  }
  expect(asked).toBeGreaterThan(2);
  expect(results.map(({ kind }) => kind).toSorted()).toEqual([
    'drips a ClientHello',
    'sends a ClientHello and no more',
    'sends half a ClientHello',
    'sends nothing',
  ]);
  for (const { kind, open, closed, longestMs } of results) {
    expect([kind, open, closed]).toEqual([kind, SLOW, SLOW]);
    expect(longestMs, kind).toBeLessThan(CLOSED_WITHIN_MS);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
});
