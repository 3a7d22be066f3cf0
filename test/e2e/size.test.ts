import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { builtMain } from '../support/built-main.ts';

const built = (file: string) => fileURLToPath(new URL(`dashboard/${file}`, `file://${builtMain()}`));

test('the initial script has at most 250 KB gzip', () => {
  const html = readFileSync(built('index.html'), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, file = '']) => file);
  expect(scripts.length).toBeGreaterThan(0);
  const bytes = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(built(file)), { level: 9 }).length, 0);
  expect(bytes).toBeLessThanOrEqual(250_000);
});

test('the page has no code or style within itself, and asks no other host for anything', () => {
  const html = readFileSync(built('index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style="/);
  expect(html).not.toMatch(/https?:\/\//);
});
