import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createHttpApp } from '../../../src/http/app.ts';
import type { HubStatus } from '../../../src/http/hub-status.ts';
import { describedRoutes, openApiDocument } from '../../../src/http/openapi/document.ts';
import { asyncApiDocument } from '../../../src/http/openapi/socket-document.ts';
import { CLIENT_MESSAGE_TYPES } from '../../../src/protocol/client-messages.ts';
import { OPERATION_NAMES } from '../../../src/protocol/operations/operations.ts';
import { accessOf } from '../../support/access.ts';

const open = await accessOf();

interface Described {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string }[];
  requestBody?: object;
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, unknown> };
}

const all = openApiDocument('1.2.3', () => true) as Document;
const operations = Object.entries(all.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ route: `${method.toUpperCase()} ${path}`, ...described })),
);

test('every route of the application is described, and nothing else is in what it serves', async () => {
  const app = createHttpApp({} as HubStatus, pino({ level: 'silent' }), () => open);
  const routes = app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')}`);
  const described = new Set(operations.map(({ route }) => route));
  // The generic path of operations is described once for each of them.
  const missing = [...new Set(routes)].filter((route) => !described.has(route) && !route.endsWith('{operation}'));
  expect(missing, 'describe these in src/http/openapi').toEqual([]);

  const served = (await (await app.request('/api/openapi.json')).json()) as Document;
  const paths = Object.entries(served.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(paths.filter((route) => !routes.includes(route) && !route.includes('/api/operations/'))).toEqual([]);
  for (const name of OPERATION_NAMES) expect(paths).toContain(`POST /api/operations/${name}`);
});

test('ids are unique, paths have their parameters, errors are problems', () => {
  expect(all.openapi).toBe('3.1.0');
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  for (const { route, parameters = [], responses } of operations) {
    const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath);
    for (const [status, { content = {} }] of Object.entries(responses)) {
      const isProblem = Object.hasOwn(content, 'application/problem+json');
      if (status !== '200' && status !== '503')
        expect(`${route} ${status} ${isProblem}`).toBe(`${route} ${status} true`);
    }
  }
});

test('inputs and results are those of the operations', () => {
  const spawn = all.paths['/api/agents']?.['post'];
  expect(JSON.stringify(spawn?.requestBody)).toContain('"type"');
  expect(JSON.stringify(spawn?.responses['200'])).toContain('#/components/schemas/Reply_agent_spawn');
  const list = all.paths['/api/agents']?.['get'];
  expect(list?.parameters?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['server_id', 'swarm_id', 'type', 'status', 'limit', 'offset', 'fresh']),
  );
  expect(Object.keys(all.components.schemas)).toEqual(expect.arrayContaining(['Problem', 'AgentView', 'SwarmView']));
  expect(describedRoutes().length).toBe(operations.length);
});

describe('the socket', () => {
  const socket = asyncApiDocument('1.2.3') as {
    components: { messages: Record<string, { payload: { properties: Record<string, object> } }> };
  };

  test('every message of both sides is described, commands by operation', () => {
    const names = Object.keys(socket.components.messages);
    expect(names).toEqual(expect.arrayContaining(CLIENT_MESSAGE_TYPES.map((type) => `client_${type}`)));
    expect(names).toEqual(expect.arrayContaining(['server_welcome', 'server_agent_update', 'server_frame']));
    const command = JSON.stringify(socket.components.messages['client_command']);
    for (const name of OPERATION_NAMES) expect(command).toContain(`"const":"${name}"`);
  });

  test.each([
    ['asyncapi', socket],
    ['openapi', all],
  ])('references of %s lead somewhere', (_name, document) => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)].map(([, target = '']) => target);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      let at: unknown = document;
      for (const part of reference.slice(2).split('/')) at = (at as Record<string, unknown> | undefined)?.[part];
      expect(at, reference).toBeDefined();
    }
  });
});
