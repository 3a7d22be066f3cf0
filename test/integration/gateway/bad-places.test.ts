import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtMain } from '../../support/built-main.ts';

const taken = createServer();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swarmcast-places-'));
  writeFileSync(join(folder, 'bad.yaml'), 'server: {prot: 1}\nedge: {threads: 0}\n');
  writeFileSync(join(folder, 'torn.yaml'), 'server: {port: ');
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true });
});

/** Runs `swarmcast start` to its end. `to`: files in place of stdout and stderr. */
async function run(args: string[], to: { stdout?: string; stderr?: string } = {}) {
  const opened = [to.stdout, to.stderr].map((path) => (path === undefined ? 'pipe' : openSync(path, 'w')));
  const child = spawn(process.execPath, [builtMain(), 'start', '--port', '0', ...args], {
    stdio: ['ignore', ...opened],
  });
  for (const file of opened) if (typeof file === 'number') closeSync(file);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, exited: once(child, 'exit'), said: () => said };
}

describe('what is wrong is said, and the exit code is the documented one', () => {
  test.each([
    {
      what: 'a port that is taken',
      args: () => ['--port', String((taken.address() as AddressInfo).port)],
      code: 1,
      says: /port|in use/,
    },
    {
      what: 'a bad value',
      args: () => ['--config', join(folder, 'bad.yaml')],
      code: 2,
      says: /server\.prot [^]*edge\.threads /,
    },
    {
      what: 'a configuration that is no YAML',
      args: () => ['--config', join(folder, 'torn.yaml')],
      code: 2,
      says: /torn\.yaml/,
    },
    {
      what: 'a configuration that is not there',
      args: () => ['--config', join(folder, 'none.yaml')],
      code: 2,
      says: /none\.yaml/,
    },
    {
      what: 'an audit file in no directory',
      args: () => ['--set', `audit.file=${join(folder, 'no', 'audit.log')}`],
      code: 2,
      says: /audit\.file/,
    },
  ])('$what', async ({ args, code, says }) => {
    const { exited, said } = await run(args());
    expect(await exited).toEqual([code, null]);
    expect(said()).toMatch(says);
    expect(said()).not.toContain('    at ');
  });

  // /dev/full takes nothing, like a full disk.
  test('stdout on a full disk', async () => {
    const { exited, said } = await run(['--json'], { stdout: '/dev/full' });
    expect(await exited).toEqual([1, null]);
    expect(said()).toMatch(/stdout cannot be written: .*ENOSPC/);
    expect(said()).not.toContain('    at ');
  });
});

describe('a log that cannot be written takes nothing else down', () => {
  test.each(['json', 'pretty'])('%s on a full disk: it starts, serves, and stops in order', async (format) => {
    const settings = ['--set', 'log.level=debug', '--set', `log.format=${format}`];
    const { child, exited } = await run(['--json', ...settings], { stderr: '/dev/full' });
    if (child.stdout === null) throw new Error('no stdout');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url } = (JSON.parse(line) as { listening: { url: string } }).listening;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    await expect
      .poll(async () => ((await (await fetch(`${url}/api/bots/agents`)).json()) as { count: number }).count)
      .toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test('its reader is gone: the same', async () => {
    const { child, exited } = await run(['--json', '--set', 'log.level=debug']);
    if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    child.stderr.destroy();
    const { url } = (JSON.parse(line) as { listening: { url: string } }).listening;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
