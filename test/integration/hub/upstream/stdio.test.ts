import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionClosedError } from '../../../../src/hub/upstream/errors.ts';
import { Scratch } from '../../../../src/hub/upstream/transports/scratch.ts';
import { startUpstream } from '../../../../src/hub/upstream/upstream.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { configSchema, serverSchema } from '../../../../src/platform/config/schema.ts';
import { plainDialect } from './plain-dialect.ts';
import { RecordingSink } from './recording-sink.ts';

const PEER = fileURLToPath(new URL('stdio-peer.mjs', import.meta.url));
const DYING = fileURLToPath(new URL('gateway-that-dies.mjs', import.meta.url));
const { upstream: limits, resilience } = configSchema.parse({
  upstream: { reconnect_min_ms: 10, reconnect_max_ms: 50 },
  resilience: { recovery_ms: 100 },
});

let scratchRoot: string;
beforeEach(async () => {
  scratchRoot = await mkdtemp(join(tmpdir(), 'swarmcast-stdio-'));
});
afterEach(async () => {
  await rm(scratchRoot, { recursive: true, force: true });
});

function start(sink: RecordingSink, server: Record<string, unknown> = {}) {
  return startUpstream({
    server: serverSchema.parse({ id: 'child', transport: 'stdio', command: process.execPath, args: [PEER], ...server }),
    limits,
    resilience,
    sink,
    dialects: [plainDialect()],
    clock: systemClock,
    log: pino({ level: 'silent' }),
    scratchRoot,
  });
}

/** The process behind the agent `pid-<number>`. */
const pidOf = (agent: string | undefined): number => Number(agent?.slice(4));
const pids = (sink: RecordingSink): string[] => [...sink.agents].filter((agent) => agent.startsWith('pid-'));
/** Gone, or a zombie that its new parent has not reaped yet. */
async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

describe('a server as a child process', () => {
  test('noise on stdout and a flood on stderr are survived; noise reaches the dialect', async () => {
    const sink = new RecordingSink();
    await using upstream = start(sink);
    await sink.until(() => sink.state('child') === 'healthy');
    await upstream.callTool('agent_list', {});
    expect(sink.agents).toContain('from-noise');
    expect(upstream.stats().noiseLines).toBeGreaterThanOrEqual(5);
    // An error without id for notifications/initialized.
    expect(upstream.stats().droppedReplies).toBeGreaterThanOrEqual(1);
    expect(upstream.stats().state).toBe('online');
  });

  test('it gets a directory of its own, a minimal environment and what is configured', async () => {
    const sink = new RecordingSink();
    process.env['SWARMCAST_TEST_SECRET'] = 'not for children';
    const upstream = start(sink, { env: { EXTRA: 'yes' }, project: '.' });
    await sink.until(() => sink.state('child') === 'healthy');
    const outcome = await upstream.callTool('environment', {});
    const { cwd, env } = (outcome.ok ? outcome.payload : {}) as { cwd: string; env: Record<string, string> };
    expect(cwd.startsWith(join(scratchRoot, 'child-'))).toBe(true);
    expect(env).toMatchObject({ EXTRA: 'yes', CLAUDE_FLOW_CWD: process.cwd() });
    expect(env['SWARMCAST_TEST_SECRET']).toBeUndefined();
    expect(env['PATH']).toBeTypeOf('string');
    delete process.env['SWARMCAST_TEST_SECRET'];
    await upstream[Symbol.asyncDispose]();
    expect(await readdir(scratchRoot)).toEqual([]);
  });

  test('a crash is told with its reason, and the server is started again', async () => {
    const sink = new RecordingSink();
    await using upstream = start(sink);
    await sink.until(() => pids(sink).length === 1);
    await expect(upstream.callTool('crash', {})).rejects.toBeInstanceOf(ConnectionClosedError);
    await sink.until(() => sink.state('child') === 'down');
    expect(sink.health.at(-1)?.reason).toContain('exit code 1: UNIQUE constraint failed: agents.id');
    await sink.until(() => pids(sink).length === 2);
    await sink.until(() => sink.state('child') === 'healthy');
  });

  test('killed from outside: started again', async () => {
    const sink = new RecordingSink();
    await using upstream = start(sink);
    await sink.until(() => pids(sink).length === 1);
    process.kill(pidOf(pids(sink)[0]), 'SIGKILL');
    await sink.until(() => pids(sink).length === 2);
    expect(sink.disconnects).toEqual(['child']);
    expect(upstream.stats().reconnects).toBe(1);
  });

  test('stopping ends a child that heeds neither stdin nor SIGTERM, and its children', async () => {
    const sink = new RecordingSink();
    const upstream = start(sink, { args: [PEER, 'stubborn'] });
    await sink.until(() => pids(sink).length === 1);
    const outcome = await upstream.callTool('grandchild', {});
    const { pid } = (outcome.ok ? outcome.payload : {}) as { pid: number };
    await upstream[Symbol.asyncDispose]();
    expect(await isGone(pidOf(pids(sink)[0]))).toBe(true);
    await expect.poll(() => isGone(pid)).toBe(true);
  });

  test('a command that does not exist is down with the reason, and retried', async () => {
    const sink = new RecordingSink();
    await using _upstream = start(sink, { command: '/no/such/command' });
    await sink.until(() => (sink.health.at(-1)?.evidence.consecutive_failures ?? 0) > 0);
    expect(sink.health.at(-1)).toMatchObject({ state: 'down' });
    expect(sink.health.at(-1)?.reason).toContain('cannot start /no/such/command');
    await expect.poll(() => readdir(scratchRoot)).toEqual([]);
  });

  test.each(['exit', 'throw', 'kill'])('a gateway that ends by %s leaves no child', async (how) => {
    const stdout = await new Promise<string>((resolve) => {
      execFile(process.execPath, [DYING, how, scratchRoot], (_error, out) => resolve(out));
    });
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isGone(pid)).toBe(true);
  });
});

test("only the scratch directory's own ledger is trimmed", async () => {
  const scratch = new Scratch(scratchRoot, 'one');
  await scratch.trimLedger();
  const policy = join(await scratch.create(), '.claude-flow', 'policy');
  await mkdir(policy, { recursive: true });
  await writeFile(join(policy, 'state.json'), '{}');
  await writeFile(join(policy, 'other.json'), '{}');
  await scratch.trimLedger();
  expect(await readdir(policy)).toEqual(['other.json']);
  await scratch.remove();
  await scratch.remove();
  expect(await readdir(scratchRoot)).toEqual([]);
});
