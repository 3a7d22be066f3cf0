import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OPERATION_NAMES } from '../../../src/protocol/operations/operations.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';

test('docs/api.md shows every endpoint that the OpenAPI document has (npm run docs:api)', async () => {
  const page = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const shown = new Set([...page.matchAll(/^### `(.*)`$/gm)].map(([, route]) => route));
  const { simulator, server } = await openTestServer('sim');
  await using _simulator = simulator;
  await using gateway = await openTestGateway({ servers: [server] });
  const served = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as { paths: Record<string, object> };
  const routes = Object.entries(served.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const isNamed = (route: string): boolean => route.startsWith('POST /api/operations/');
  expect(routes.length).toBeGreaterThan(50);
  expect(routes.filter((route) => !shown.has(route) && !isNamed(route))).toEqual([]);
  for (const name of OPERATION_NAMES) expect(page).toContain(`\`${name}\``);
});
