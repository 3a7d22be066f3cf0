/** The settings of the schema as a flat table: what help, environment names and check-config are made from. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface Setting {
  /** Dotted path, e.g. `server.port`. */
  path: string;
  env: string;
  kind: 'integer' | 'number' | 'boolean' | 'string' | 'list';
  description: string;
  default: unknown;
  /** Words, or a range, that are allowed; undefined where the kind says it all. */
  allowed: string | undefined;
  secret: boolean;
}

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

/** All settings, in the order of the schema. `servers` is one setting. */
export function settingsTable(): Setting[] {
  const root: JsonSchema = JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' })));
  return Object.entries(root.properties ?? {}).flatMap(([key, schema]) => flatten(key, schema));
}

function flatten(path: string, schema: JsonSchema): Setting[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) => flatten(`${path}.${key}`, child));
  }
  return [
    {
      path,
      env: `SWARMCAST_${path.replaceAll('.', '_').toUpperCase()}`,
      kind: settingKind(schema.type),
      description: schema.description ?? '',
      default: schema.default,
      allowed: allowedValues(schema),
      secret: isSecretKey(path),
    },
  ];
}

function allowedValues({ enum: words, minimum, exclusiveMinimum, maximum }: JsonSchema): string | undefined {
  if (words !== undefined) return words.join(', ');
  if (maximum === undefined) return undefined;
  return exclusiveMinimum === undefined ? `${minimum}–${maximum}` : `above ${exclusiveMinimum}, up to ${maximum}`;
}

function settingKind(type: string | undefined): Setting['kind'] {
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    case 'array':
      return 'list';
    default:
      return 'string';
  }
}

/** True for keys whose values never leave the process. */
function isSecretKey(path: string): boolean {
  return /(^|[._-])(api_key|operator_key|bearer|passphrase|tls\.key|token|secret|password|authorization|headers)([._-]|$)/i.test(
    path,
  );
}

/** A copy in which secret values are replaced by `***`; `env` values whose names look secret too. */
export function maskSecrets(value: unknown, path = ''): unknown {
  if (value === undefined || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => maskSecrets(item, `${path}.${index}`));
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, maskSecrets(item, path === '' ? key : `${path}.${key}`)]),
    );
  }
  return isSecretKey(path) || /\.env\.[^.]*(key|token|secret|password)/i.test(path) ? '***' : value;
}
