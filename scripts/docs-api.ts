// `npm run docs:api`: has a gateway with simulated servers answer every endpoint, and writes docs/api.md from what it said.
import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { openGateway } from '../src/gateway.ts';
import { describedRoutes } from '../src/http/openapi/document.ts';
import { loadConfig } from '../src/platform/config/load.ts';
import { OPERATION_NAMES, OPERATIONS } from '../src/protocol/operations/operations.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { ROOT } from './docs/pages.ts';

const KEY = 'operator-key-of-the-docs';
const MAX_CHARACTERS = 900;

const HEAD = `<!-- Made by npm run docs:api from what a gateway with simulated servers answered. -->

# HTTP API

\`GET /api/openapi.json\` (OpenAPI 3.1) describes every endpoint, \`GET /api/asyncapi.json\` (AsyncAPI 3.0) the socket; both are
made from the schemas that requests are checked with. Errors are problem details (RFC 9457): \`code\` is stable, \`detail\` says
what is wrong and what is allowed. A token goes into the \`Authorization\` header. Below, \`$KEY\` is an operator's, and
\`$GATEWAY\` is \`http://127.0.0.1:8080\`; answers are shortened.

## Control operations

Each is found under its name (\`POST /api/operations/{name}\`), as a resource, and, where the first specification has one,
on its path; over the socket as \`command\`, in the SDK as \`client.command(name, input)\`, and as \`swarmcast do NAME\`.
\`asked\` names the tools that were called, \`note\` says what the server does not really do, \`provenance\` marks what it
invents. A write is sent once, unless twice is the same as once; \`outcome_unknown\` means that it may have been done.
Names of fields are also taken as servers spell them (\`swarmId\`, \`agentType\`, …).

`;

interface Step {
  method: string;
  path: string;
  body?: object | undefined;
}
type Answers = Record<string, string>;

/** In an order in which each finds what it needs. \`{task}\` and the like come from the answers before. */
const STEPS: readonly Step[] = [
  { method: 'GET', path: '/healthz' },
  { method: 'GET', path: '/readyz' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/api/operations' },
  {
    method: 'POST',
    path: '/api/swarms',
    body: { server_id: 'desk', topology: 'ring', agents: [{ type: 'coordinator', name: 'lead' }] },
  },
  { method: 'GET', path: '/api/swarms?server_id=desk' },
  { method: 'GET', path: '/api/swarms/{swarm}' },
  { method: 'POST', path: '/api/agents', body: { swarm_id: '{swarm}', type: 'coder', name: 'ann' } },
  { method: 'GET', path: '/api/agents?server_id=desk&limit=1' },
  { method: 'GET', path: '/api/agents/{agent}' },
  { method: 'PATCH', path: '/api/agents/{agent}', body: { status: 'reviewing' } },
  { method: 'POST', path: '/api/agents/{agent}/messages', body: { message: { go: 'on' } } },
  { method: 'POST', path: '/api/swarms/{swarm}/messages', body: { message: 'all together' } },
  { method: 'POST', path: '/api/swarms/{first}/messages/to/{swarm}', body: { message: 'your turn' } },
  { method: 'POST', path: '/api/agents/{agent}/tasks', body: { task: 'write the parser', priority: 'high' } },
  { method: 'GET', path: '/api/tasks/{task}' },
  { method: 'GET', path: '/api/tasks/{task}/results' },
  { method: 'DELETE', path: '/api/tasks/{task}', body: { reason: 'enough' } },
  { method: 'POST', path: '/api/tasks', body: { swarm_id: '{swarm}', task: 'count the stars' } },
  { method: 'GET', path: '/api/tasks' },
  { method: 'PUT', path: '/api/memory/plan', body: { swarm_id: '{swarm}', value: { steps: [1, 2] } } },
  { method: 'GET', path: '/api/memory/plan?swarm_id={swarm}' },
  { method: 'GET', path: '/api/metrics/agents' },
  { method: 'GET', path: '/api/metrics/aggregate' },
  { method: 'POST', path: '/api/telemetry/restart' },
  // What a kind of server cannot do.
  { method: 'DELETE', path: '/api/agents/{other}' },
  { method: 'DELETE', path: '/api/agents/{agent}' },
  { method: 'DELETE', path: '/api/swarms/{swarm}' },
  { method: 'GET', path: '/api/bots/agents' },
  { method: 'POST', path: '/api/bots/swarm/init', body: { server: 'desk', topology: 'mesh' } },
  { method: 'POST', path: '/api/bots/multi-agent/init', body: { server: 'desk', topology: 'star' } },
  { method: 'GET', path: '/api/bots/swarm/status?server_id=desk' },
  { method: 'POST', path: '/api/bots/spawn', body: { swarmId: '{swarm}', agentType: 'tester' } },
  { method: 'POST', path: '/api/bots/update', body: { agentId: '{agent}', status: 'resting' } },
  { method: 'POST', path: '/api/bots/message', body: { agentId: '{agent}', message: 'hello' } },
  { method: 'POST', path: '/api/bots/swarm/coordinate', body: { swarmId: '{swarm}', message: 'hello' } },
  { method: 'POST', path: '/api/bots/tasks/assign', body: { agentId: '{agent}', task: 'test it' } },
  { method: 'POST', path: '/api/bots/tasks/orchestrate', body: { swarmId: '{swarm}', task: 'ship it' } },
  { method: 'GET', path: '/api/bots/tasks' },
  { method: 'POST', path: '/api/bots/tasks/cancel', body: { taskId: '{task}' } },
  { method: 'POST', path: '/api/bots/telemetry/restart' },
  { method: 'POST', path: '/api/bots/terminate', body: { agentId: '{agent}' } },
  { method: 'POST', path: '/api/bots/swarm/dissolve', body: { swarmId: '{swarm}' } },
  { method: 'GET', path: '/api/health/mcp' },
  { method: 'GET', path: '/api/health/network' },
  { method: 'GET', path: '/api/health/websocket' },
  { method: 'GET', path: '/api/metrics/mcp' },
  { method: 'GET', path: '/api/debug/mcp/buffers' },
  { method: 'GET', path: '/api/clients' },
  { method: 'GET', path: '/api/clients/cost' },
  { method: 'PUT', path: '/api/clients/cap', body: { mode: 'normal' } },
  { method: 'DELETE', path: '/api/clients/cap' },
  { method: 'POST', path: '/api/clients/nobody/mode', body: { mode: 'normal' } },
  { method: 'GET', path: '/api/servers' },
  { method: 'POST', path: '/api/servers/desk/probe' },
  { method: 'POST', path: '/api/servers/desk/reset-circuit' },
  {
    method: 'POST',
    path: '/api/operations/log.level',
    body: { level: 'error', component: 'upstream' },
  },
  {
    method: 'POST',
    path: '/api/operations/limits.set',
    body: { limit: 'control.writes_per_minute', value: 240 },
  },
  { method: 'POST', path: '/api/reload' },
  { method: 'GET', path: '/api/audit' },
  { method: 'GET', path: '/api/openapi.json' },
  { method: 'GET', path: '/api/asyncapi.json' },
];

await writeFile(
  `${ROOT}docs/api.md`,
  await format(HEAD + (await transcript()), {
    ...(await resolveConfig(`${ROOT}README.md`)),
    parser: 'markdown',
  }),
);
process.stdout.write('docs/api.md\n');

async function transcript(): Promise<string> {
  const common = {
    transport: 'tcp',
    host: '127.0.0.1',
    port: 0,
    seed: 1,
    swarms: 1,
    agents: 3,
    eventsPerSecond: 0,
  } as const;
  await using desk = await startSimulator({ ...common, face: 'seed' });
  await using ruv = await startSimulator({ ...common, face: 'ruv-swarm' });
  const servers = [
    { id: 'desk', transport: 'tcp', host: '127.0.0.1', port: desk.port },
    { id: 'ruv', transport: 'tcp', host: '127.0.0.1', port: ruv.port },
  ];
  const flags = { 'server.port': 0, 'log.level': 'silent', 'server.operator_key': KEY, servers };
  await using gateway = await openGateway(loadConfig({ files: [], flags, environment: {} }).config);
  const answers: Answers = {};
  for (let n = 0; n < 100 && answers['other'] === undefined; n++) {
    const { body } = await send(gateway.url, { method: 'GET', path: '/api/agents?server_id=ruv' });
    answers['other'] = (body as { result?: { agents: { key: string }[] } }).result?.agents[0]?.key ?? '';
    if (answers['other'] === '') delete answers['other'];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const served = (await send(gateway.url, { method: 'GET', path: '/api/openapi.json' })).body as { paths: object };
  const parts: string[] = [];
  const told = new Set<string>();
  for (const step of STEPS) {
    const route = describedRoutes().find(
      (one) => one.method.toUpperCase() === step.method && isAt(one.path, step.path),
    );
    if (route === undefined || !Object.hasOwn(served.paths, route.path)) continue;
    const filled = {
      ...step,
      path: fill(step.path, answers, true),
      body: step.body && (JSON.parse(fill(JSON.stringify(step.body), answers)) as object),
    };
    const { status, body } = await send(gateway.url, filled);
    learn(body, answers);
    const key = `${step.method} ${route.path}`;
    const title = told.has(key) ? '' : `### \`${key}\`\n\n${route.summary}. For: ${route.role}.\n\n`;
    told.add(key);
    parts.push(`${title}\`\`\`\n${curl(filled)}\n\`\`\`\n\n${status}\n\n\`\`\`\n${shorten(body)}\n\`\`\`\n`);
  }
  return `${table()}\n## Every endpoint\n\n${parts.join('\n')}`;
}

function table(): string {
  const rows = OPERATION_NAMES.map((name) => {
    const { summary, role, kind, repeatable } = OPERATIONS[name];
    return `| \`${name}\` | ${summary} | ${role} | ${kind}${repeatable ? '' : ', sent once'} |`;
  });
  return `| operation | | role | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

async function send(url: string, { method, path, body }: Step): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text };
}

/** `/api/agents/{agent_id}` is at `/api/agents/{agent}?x=1`. */
function isAt(described: string, path: string): boolean {
  const [pattern, actual] = [described, path.split('?')[0] ?? ''].map((each) => each.split('/'));
  return (
    pattern?.length === actual?.length &&
    pattern?.every((part, index) => part.startsWith('{') || part === actual?.[index]) === true
  );
}

function fill(text: string, answers: Answers, encode = false): string {
  return text.replaceAll(/\{(swarm|first|agent|task|other)\}/g, (_, name: string) => {
    const value = answers[name] ?? 'unknown';
    return encode ? encodeURIComponent(value) : value;
  });
}

function learn(body: unknown, answers: Answers): void {
  const { operation, result } = (body ?? {}) as { operation?: string; result?: Record<string, unknown> };
  const wanted = { swarm: ['swarm.init', 'swarm_id'], agent: ['agent.spawn', 'agent_id'] } as const;
  for (const [name, [of, field]] of Object.entries(wanted)) {
    if (operation === of && typeof result?.[field] === 'string') answers[name] = result[field];
  }
  const [first] = (result?.['swarms'] ?? []) as { swarm_id?: string }[];
  if (first?.swarm_id !== undefined) answers['first'] ??= first.swarm_id;
  if (operation?.startsWith('task.') && typeof result?.['task_id'] === 'string') answers['task'] = result['task_id'];
}

function curl({ method, path, body }: Step): string {
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  const data = body === undefined ? '' : ` \\\n  -d '${JSON.stringify(body)}'`;
  return `curl${verb} -H "Authorization: Bearer $KEY" "$GATEWAY${path}"${data}`;
}

function shorten(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
