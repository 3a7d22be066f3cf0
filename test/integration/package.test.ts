/** What `npm pack` packs is all that the command needs: it runs from an unpacked tarball, beside its dependencies. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/docs/pages.ts';

const run = promisify(execFile);

test('packed, unpacked elsewhere, it serves simulated agents, the dashboard and its documents', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-pack-'));
  try {
    // Built before the tests.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
    const [tarball = ''] = await readdir(folder);
    await run('tar', ['-xzf', join(folder, tarball), '-C', folder]);
    const home = join(folder, 'package');
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const main = join(home, 'dist/main.js');
    expect((await run(process.execPath, [main, '--help'])).stdout).toContain('Usage: swarmcast');

    const child = spawn(process.execPath, [main, 'start', '--port', '0', '--json'], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { url } = (JSON.parse(line) as { listening: { url: string } }).listening;
      expect(await (await fetch(url)).text()).toContain('<title>');
      expect((await fetch(`${url}/api/openapi.json`)).status).toBe(200);
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 15_000 }).toBe(200);
      const agents = async () => ((await (await fetch(`${url}/api/bots/agents`)).json()) as { count: number }).count;
      await expect.poll(agents, { timeout: 15_000 }).toBeGreaterThan(0);
    } finally {
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
