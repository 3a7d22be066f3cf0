/** The OpenAPI 3.1 document of the HTTP API, from the schemas that requests are checked with. */
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { PROBLEM_CODES } from '../problem.ts';
import type { DescribedRoute } from './described-route.ts';
import { operationRoutes } from './operation-routes.ts';
import { OTHER_ROUTES } from './other-routes.ts';

const problemSchema = z
  .looseObject({
    type: z.string().describe('urn:swarmcast:problem:<code>'),
    title: z.string(),
    status: z.number(),
    detail: z.string().describe('One sentence: what is wrong, and what is allowed'),
    code: z.enum(PROBLEM_CODES),
    retry_after_ms: z.number().optional(),
  })
  .meta({ id: 'Problem' });

const TAGS = [
  { name: 'control', description: 'Operations on swarms, agents, tasks, memory, metrics and telemetry' },
  { name: 'seeds', description: 'The paths of the first specification' },
  { name: 'operators', description: 'Clients and servers of the running gateway' },
  { name: 'health', description: 'How the gateway and its servers are' },
  { name: 'documents', description: 'What describes the API' },
];

const WORDS: Readonly<Record<number, string>> = {
  400: 'The input is not valid',
  401: 'A token is needed, or the one that was sent is not accepted',
  403: 'The role does not allow it',
  404: 'What was named is not there',
  409: 'It cannot be done as things are: several are meant, or it is too early',
  422: 'The server refused, in its words',
  429: 'Too many requests',
  500: 'The gateway failed',
  501: 'The server cannot do it; the detail names those that can',
  503: 'It cannot be asked now',
  504: 'No answer came: a write may have been done',
};

/** `exists`: whether the application has the route (`GET /healthz`); others are left out. */
export function openApiDocument(version: string, exists: (route: string) => boolean): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  for (const route of describedRoutes()) {
    if (exists(`${route.method.toUpperCase()} ${route.path}`)) app.openAPIRegistry.registerPath(configOf(route));
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Swarmcast',
      version,
      description: 'HTTP API of a gateway between MCP servers that run AI agents and the dashboards that watch them.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that this document is from' }],
    tags: TAGS,
  });
}

export function describedRoutes(): readonly DescribedRoute[] {
  return [...OTHER_ROUTES, ...operationRoutes()];
}

function configOf(route: DescribedRoute): RouteConfig {
  const { method, path, id, tag, summary, role, params, query, body, result } = route;
  return {
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    // Anonymous viewers are allowed where the configuration says so.
    security: role === 'operator' ? [{ bearer: [] }] : role === 'viewer' ? [{ bearer: [] }, {}] : [],
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: { content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      200: {
        description: 'Done',
        content:
          result === undefined ? { 'text/plain': { schema: z.string() } } : { 'application/json': { schema: result } },
      },
      ...problemsOf(route),
    },
  };
}

function problemsOf({ role, problems = [], alsoUnavailable, result }: DescribedRoute): RouteConfig['responses'] {
  const refused = role === 'anyone' ? [] : [401, 403];
  const statuses = [...new Set([...refused, ...problems, 500])].toSorted((a, b) => a - b);
  const entries = statuses.map((status) => [
    status,
    { description: WORDS[status] ?? 'Refused', content: { 'application/problem+json': { schema: problemSchema } } },
  ]);
  const unavailable = alsoUnavailable
    ? { 503: { description: 'Not so, and why', content: { 'application/json': { schema: result } } } }
    : {};
  return { ...Object.fromEntries(entries), ...unavailable } as RouteConfig['responses'];
}
