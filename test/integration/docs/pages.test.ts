import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../../../scripts/docs/pages.ts';
import { builtMain } from '../../support/built-main.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';

const run = promisify(execFile);
const inDocs = (await readdir(`${ROOT}docs`)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
const atRoot = (await readdir(ROOT)).filter((name) => name.endsWith('.md'));
const pages = [...atRoot, ...inDocs, 'loadtest/README.md'].filter((path) => existsSync(ROOT + path));
const text = new Map(
  await Promise.all(pages.map(async (path) => [path, await readFile(ROOT + path, 'utf8')] as const)),
);

/** Without fenced blocks: what they hold is no markdown. */
const prose = (page: string): string => (text.get(page) ?? '').replaceAll(/^```.*?^```$/gms, '');

/** As GitHub makes them: lower case, without punctuation, spaces as dashes. */
function anchorsOf(page: string): Set<string> {
  return new Set(
    [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}

test.each(pages)('%s: its relative links lead somewhere', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  const dead = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(ROOT + target)) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
    });
  expect(dead).toEqual([]);
});

test('commands that are marked as runnable run, against a gateway, and say something', async () => {
  const blocks = pages.flatMap((page) =>
    [...(text.get(page) ?? '').matchAll(/^```sh runnable\n(.*?)^```$/gms)].map(([, block]) => ({
      page,
      block: block ?? '',
    })),
  );
  expect(blocks.length).toBeGreaterThan(5);
  const { simulator, server } = await openTestServer('sim');
  try {
    await using gateway = await openTestGateway({ servers: [server] });
    for (const { page, block } of blocks) {
      for (const line of block.trimEnd().split('\n')) {
        const command = line
          .replaceAll('127.0.0.1:8080', `127.0.0.1:${gateway.port}`)
          .replaceAll('npx swarmcast', `node ${builtMain()}`);
        const { stdout } = await run('bash', ['-o', 'pipefail', '-c', command], { cwd: ROOT, maxBuffer: 1e7 }).catch(
          (error: unknown) => Promise.reject(new Error(`${page}: ${line}`, { cause: error })),
        );
        expect(stdout, `${page}: ${line}`).not.toBe('');
        expect(stdout, `${page}: ${line}`).not.toContain('"not_found"');
      }
    }
  } finally {
    await simulator[Symbol.asyncDispose]();
  }
}, 60_000);
