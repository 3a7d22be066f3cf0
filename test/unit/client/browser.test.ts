import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Values imported by a module and by what it imports; type imports are erased and do not count. */
function runtimeImports(entry: URL, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(entry.href)) return seen;
  const source = readFileSync(entry, 'utf8');
  const statements = [...source.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';$/gms)];
  const names = statements.map(([, name = '']) => name);
  seen.set(
    entry.href,
    names.filter((name) => !name.startsWith('.')),
  );
  for (const name of names) if (name.startsWith('.')) runtimeImports(new URL(name, entry), seen);
  return seen;
}

test('the SDK loads in browsers: no node: module, and of packages msgpackr alone', () => {
  const imports = runtimeImports(new URL('../../../src/client/client.ts', import.meta.url));
  expect(imports.size).toBeGreaterThan(10);
  expect([...new Set([...imports.values()].flat())]).toStrictEqual(['msgpackr']);
});
