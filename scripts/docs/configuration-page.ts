/** docs/configuration.md, from the schema that configurations are checked with. */
import { z } from 'zod';
import { ENV_ALIASES, SEED_NAMES_WITHOUT_EFFECT, SEED_SERVERS } from '../../src/platform/config/aliases.ts';
import { serverSchema } from '../../src/platform/config/schema.ts';
import { settingsTable, type Setting } from '../../src/platform/config/settings-table.ts';
import { row } from './table.ts';

interface JsonSchema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  required?: string[];
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

const HEAD = `# Configuration

Every setting, from the schema that configurations are checked with. A setting is looked for in layers, weakest first:

1. the default, as below;
2. \`config/default.yaml\` of the installation;
3. files of \`--config\`, later ones win;
4. the environment: \`SWARMCAST_\` and the path in capitals with \`_\` for \`.\` (\`server.port\` is \`SWARMCAST_SERVER_PORT\`),
   and the short names below;
5. flags: \`--port\`, \`--host\`, \`--log-level\`, \`--simulate\`, and \`--set path=value\` for everything.

What is wrong is refused as a whole, exit code 2, with every problem named. See what is in force, and from where:

\`\`\`sh runnable
npx swarmcast check-config
\`\`\`

\`\`\`sh runnable
npx swarmcast check-config --list
\`\`\`

Secrets are never printed. SIGHUP and \`POST /api/reload\` read files and environment again;
[operating.md](operating.md#reload) says what changes without a restart.
`;

export function configurationPage(): string {
  const settings = settingsTable().filter(({ path }) => path !== 'servers');
  const sections = [...new Set(settings.map(({ path }) => path.split('.')[0] ?? ''))].map((section) => {
    const rows = settings.filter(({ path }) => path.startsWith(`${section}.`)).map(settingRow);
    return `## ${section}\n\n${table(['setting', 'default', 'allowed', 'meaning'], rows)}`;
  });
  return [HEAD, ...sections, serversSection(), environmentSection()].join('\n');
}

function settingRow({ path, default: value, description, secret, kind, allowed }: Setting): string[] {
  const mark = secret ? ' Never printed.' : '';
  return [code(path), value === undefined ? '–' : code(value), allowed ?? kind, `${description}.${mark}`];
}

/** One entry of `servers`: what every transport has, then each transport's own. */
function serversSection(): string {
  const schema = JSON.parse(JSON.stringify(z.toJSONSchema(serverSchema, { io: 'input' }))) as JsonSchema;
  const options = schema.oneOf ?? schema.anyOf ?? [];
  const names = options.map((option) => Object.keys(option.properties ?? {}));
  const common = (names[0] ?? []).filter((name) => name !== 'transport' && names.every((all) => all.includes(name)));
  const first = options[0] ?? {};
  const parts = [
    `## servers\n\nA list of MCP servers, in a file; the short environment names below make entries too. Without any, three\nsimulated ones are started (\`simulate.enabled\`). Every entry may have:\n\n${fields(first, common)}`,
  ];
  for (const option of options) {
    const transport = String(option.properties?.['transport']?.const);
    const own = Object.keys(option.properties ?? {}).filter((name) => name !== 'transport' && !common.includes(name));
    parts.push(`### transport: ${transport}\n\n${fields(option, own)}`);
  }
  return parts.join('\n');
}

function fields(schema: JsonSchema, names: readonly string[]): string {
  const rows = names.flatMap((name) => fieldRows(name, schema.properties?.[name] ?? {}, schema.required ?? []));
  return table(['key', 'value', 'default', 'meaning'], rows);
}

function fieldRows(path: string, schema: JsonSchema, required: readonly string[]): string[][] {
  const isRequired = required.includes(path.split('.').at(-1) ?? '');
  const fallback = schema.default === undefined ? (isRequired ? 'required' : '–') : code(schema.default);
  const own = [code(path), typeOf(schema), fallback, schema.description ?? ''];
  const nested = [schema, ...(schema.anyOf ?? [])].find(({ properties }) => properties !== undefined);
  const inner = Object.entries(nested?.properties ?? {}).flatMap(([name, child]) =>
    fieldRows(`${path}.${name}`, child, nested?.required ?? []),
  );
  return [own, ...inner];
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  const range = [schema.minimum ?? schema.exclusiveMinimum, schema.maximum];
  const inRange = range.every((end) => end !== undefined && Math.abs(end) < 2 ** 53 - 1) ? ` ${range.join('–')}` : '';
  return `${[schema.type ?? 'any'].flat().join(' or ')}${inRange}`;
}

function environmentSection(): string {
  const aliases = Object.entries(ENV_ALIASES).map(([name, { path, factor }]) => [
    code(name),
    code(path),
    factor === undefined ? '' : `times ${factor}`,
  ]);
  const servers = SEED_SERVERS.map(({ id, hosts, ports, defaultPort }) => [
    code(id),
    hosts.map(code).join(', '),
    ports.map(code).join(', '),
    code(defaultPort),
  ]);
  return `## Environment names beside \`SWARMCAST_<PATH>\`

The short ones, and those of the first specification. Where two set the same, the \`SWARMCAST_\` one wins.

${table(['name', 'setting', 'unit'], aliases)}
A host or a port below makes an entry of \`servers\` (TCP):

${table(['server', 'host', 'port', 'default port'], servers)}
Understood and without effect in this version; \`check-config\` says so where one is set:
${SEED_NAMES_WITHOUT_EFFECT.map(code).join(', ')}.
`;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${[head, head.map(() => '---'), ...rows].map(row).join('\n')}\n`;
}
