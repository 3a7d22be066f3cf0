import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadStaticFiles, type StaticFiles } from '../../../../src/edge/transport/static-files.ts';

let folder: string;
let files: StaticFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmcast-static-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'assets/a-1.js'), 'plain');
  await writeFile(join(folder, 'assets/a-1.js.br'), 'brotli');
  await writeFile(join(folder, 'assets/a-1.js.gz'), 'gzip');
  await writeFile(join(folder, 'secret.txt'), 'not listed');
  const list = {
    inputs: 'x',
    files: [
      { path: '/', file: 'index.html', type: 'text/html; charset=utf-8', etag: '"i"', hashed: false, encodings: [] },
      {
        path: '/assets/a-1.js',
        file: 'assets/a-1.js',
        type: 'text/javascript; charset=utf-8',
        etag: '"a"',
        hashed: true,
        encodings: [
          { name: 'br', file: 'assets/a-1.js.br' },
          { name: 'gzip', file: 'assets/a-1.js.gz' },
        ],
      },
    ],
  };
  await writeFile(join(folder, 'files.json'), JSON.stringify(list));
  files = await loadStaticFiles(join(folder, 'files.json'));
});
afterAll(() => rm(folder, { recursive: true }));

const get = (path: string, headers: Partial<Record<'acceptEncoding' | 'ifNoneMatch' | 'host', string>> = {}) =>
  files.reply(path, { acceptEncoding: '', ifNoneMatch: '', host: '127.0.0.1:8080', ...headers });
const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString();

describe('static files', () => {
  test.each([
    { accept: 'gzip, deflate, br', body: 'brotli', encoding: 'br' },
    { accept: 'gzip', body: 'gzip', encoding: 'gzip' },
    { accept: 'br;q=0, gzip;q=0.5', body: 'gzip', encoding: 'gzip' },
    { accept: 'BR', body: 'brotli', encoding: 'br' },
    { accept: 'identity', body: 'plain', encoding: undefined },
    { accept: '', body: 'plain', encoding: undefined },
  ])('coding by Accept-Encoding "$accept"', ({ accept, body, encoding }) => {
    const reply = get('/assets/a-1.js', { acceptEncoding: accept });
    expect(text(reply?.body)).toBe(body);
    expect(reply?.headers['content-encoding']).toBe(encoding);
    expect(reply?.headers['vary']).toBe('accept-encoding');
  });

  test('hashed names are kept for good, the page is always asked for', () => {
    expect(get('/assets/a-1.js')?.headers['cache-control']).toContain('immutable');
    expect(get('/')?.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  test('an ETag per coding answers 304', () => {
    const etag = get('/assets/a-1.js', { acceptEncoding: 'br' })?.headers['etag'] ?? '';
    expect(etag).not.toBe(get('/assets/a-1.js')?.headers['etag']);
    const again = get('/assets/a-1.js', { acceptEncoding: 'br', ifNoneMatch: `"other", W/${etag}` });
    expect(again?.status).toBe(304);
    expect(again?.body.byteLength).toBe(0);
    expect(get('/assets/a-1.js', { ifNoneMatch: etag })?.status).toBe(200);
  });

  test.each([
    '/secret.txt',
    '/files.json',
    '/index.html',
    '/assets/a-1.js.br',
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/../../package.json',
    '//',
    '',
    '/__proto__',
    '/assets/a-1.js/',
  ])('what is not listed is not there: %s', (path) => {
    expect(get(path)).toBeUndefined();
  });

  test('the policy allows no code but the files’, and sockets to this host only; a bad Host adds nothing', () => {
    const policy = get('/')?.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("connect-src 'self' ws://127.0.0.1:8080 wss://127.0.0.1:8080;");
    const bad = get('/', { host: "x; script-src 'unsafe-inline'" })?.headers['content-security-policy'] ?? '';
    expect(bad).toContain("connect-src 'self';");
    expect(bad).not.toContain('unsafe');
  });

  test('without a build the gateway says so, at / only', async () => {
    const none = await loadStaticFiles(join(folder, 'nowhere.json'));
    const headers = { acceptEncoding: '', ifNoneMatch: '', host: '' };
    const reply = none.reply('/', headers);
    expect(reply?.status).toBe(503);
    expect(text(reply?.body)).toContain('npm run build');
    expect(none.reply('/assets/a-1.js', headers)).toBeUndefined();
  });

  test('a build that lost a file is an error at the start, not a surprise later', async () => {
    await writeFile(
      join(folder, 'broken.json'),
      JSON.stringify({
        files: [{ path: '/', file: 'gone.html', type: 'text/html', etag: '"x"', hashed: false, encodings: [] }],
      }),
    );
    await expect(loadStaticFiles(join(folder, 'broken.json'))).rejects.toThrow('gone.html');
  });
});
