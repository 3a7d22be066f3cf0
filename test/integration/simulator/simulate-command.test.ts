import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../src/cli/simulate.ts';
import { DIALECT_NAMES } from '../../../src/model/server.ts';
import { builtMain } from '../../support/built-main.ts';
import { LinePeer, connectMcp } from '../../support/mcp-client.ts';

/** A child that is killed when the test ends, whatever happens. */
function run(...flags: string[]): ChildProcess & Disposable {
  const child = spawn(process.execPath, [builtMain(), 'simulate', ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
  return Object.assign(child, { [Symbol.dispose]: () => void child.kill('SIGKILL') });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return line;
}

/** What a command is given, its output kept. */
function openIo() {
  const out: string[] = [];
  const stop = new AbortController();
  const write = (text: string) => out.push(text);
  return { out, stop, io: { stdout: { write }, stderr: { write }, signal: stop.signal } };
}

describe('as a process', () => {
  test('says where it listens in one JSON line, serves, and ends on SIGTERM with 0', async () => {
    using child = run('--json', '--agents', '3', '--swarms', '1', '--events-per-second', '0');
    const said = JSON.parse(await firstLine(child)) as { listening: { transport: string; host: string; port: number } };
    expect(said).toEqual({ listening: { transport: 'tcp', host: '127.0.0.1', port: expect.any(Number) as unknown } });
    using peer = await LinePeer.connect(said.listening.port);
    expect(await peer.call('agent.list')).toMatchObject({ result: { total_count: 3 } });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.each(['tcp', 'http'])('over %s, ends with its parent', async (transport) => {
    using child = run('--transport', transport, '--parent-watch', '--dialect', 'daa');
    expect(await firstLine(child)).toMatch(
      /^A simulated daa server with 2 swarms of 12 agents is listening on \w+:\/\//,
    );
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('without --parent-watch, the end of stdin means nothing', async () => {
    using child = run('--json');
    const { listening } = JSON.parse(await firstLine(child)) as { listening: { port: number } };
    child.stdin?.end();
    using peer = await LinePeer.connect(listening.port);
    await peer.call('ping');
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  // The seeds' servers are of the older era: their `batch` is none of the newer one's.
  const erasOf = (dialect: string) => (dialect === 'seed' ? (['legacy'] as const) : (['legacy', 'modern'] as const));
  test.each(DIALECT_NAMES.flatMap((dialect) => erasOf(dialect).map((era) => ({ dialect, era }))))(
    '$dialect over stdio with the official client, $era era',
    async ({ dialect, era }) => {
      const args = [builtMain(), 'simulate', '--transport', 'stdio', '--dialect', dialect, '--agents', '2'];
      const transport = new StdioClientTransport({ command: process.execPath, args });
      await using client = await connectMcp(transport, era);
      expect((await client.listTools()).tools.length).toBeGreaterThan(2);
    },
  );

  test('over stdio, it ends with its stdin', async () => {
    using child = run('--transport', 'stdio');
    child.stdin?.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    expect(JSON.parse(await firstLine(child))).toMatchObject({ id: 1, result: { status: 'ok' } });
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('as a function', () => {
  test('--help teaches, and starts nothing', async () => {
    const { out, io: given } = openIo();
    expect(await simulate(['--help'], given)).toBe(0);
    for (const word of [...DIALECT_NAMES, '--transport', '--parent-watch', 'swarmcast probe'])
      expect(out.join('')).toContain(word);
  });

  test.each([
    [['--dialect', 'klingon'], '--dialect "klingon" is not one of: claude-flow, ruv-swarm, daa, seed, generic'],
    [['--transport', 'udp'], '--transport "udp" is not one of: tcp, stdio, http'],
    [['--port', '65536'], '--port "65536" is not a whole number from 0 to 65535'],
    [['--agents', '-1'], "Option '--agents' argument is ambiguous"],
    [['--agents=-1'], '--agents "-1" is not a whole number from 0 to 100000'],
    [['--seed', '1.5'], '--seed "1.5" is not a whole number'],
    [['--swarms', '10', '--agents', '50000'], '--swarms × --agents is 500000; at most 200000 agents fit'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['stray'], "Unexpected argument 'stray'"],
  ])('%j is refused with what is allowed', async (argv, message) => {
    await expect(simulate(argv, openIo().io)).rejects.toThrow(message);
  });

  test('a signal that has come already stops it at once, after it said where it was', async () => {
    const { out, stop, io: given } = openIo();
    stop.abort();
    expect(await simulate(['--json', '--dialect', 'generic'], given)).toBe(0);
    expect(JSON.parse(out.join(''))).toMatchObject({ listening: { transport: 'tcp' } });
  });
});
