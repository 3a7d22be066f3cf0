/** Servers from a file that is not the configuration: a list, or a map with `servers`, in YAML or JSON. */
import { parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { isPlainObject } from './layers.ts';
import { serverSchema, type ServerConfig } from './schema.ts';
import { serverProblems } from './server-checks.ts';
import { readServerSecrets, type Environment } from './server-secrets.ts';

/**
 * All servers of `text`, or none: one bad entry refuses the whole. Their secrets are read from `environment` and files.
 * @throws {@link ConfigError} that lists every problem, with `source` as its place.
 */
export function parseServers(text: string, source: string, environment: Environment = process.env): ServerConfig[] {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw refused(source, `is not YAML: ${error.message}`);
  const value: unknown = document.toJS() ?? [];
  const list = isPlainObject(value) ? value['servers'] : value;
  if (!Array.isArray(list)) throw refused(source, 'must be a list of servers, or a map with `servers`');
  const problems: ConfigProblem[] = [];
  const servers = list.flatMap((entry: unknown, index): ServerConfig[] => {
    const read = readServerSecrets(entry, environment);
    const refuse = (key: string, message: string) => problems.push({ key: `servers.${index}.${key}`, source, message });
    for (const { key, message } of read.problems) refuse(key, message);
    const parsed = serverSchema.safeParse(read.entry);
    if (parsed.success) {
      if (read.problems.length === 0) for (const { key, message } of serverProblems(parsed.data)) refuse(key, message);
      return [parsed.data];
    }
    for (const { path, message } of parsed.error.issues) refuse(path.join('.'), message);
    return [];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return servers;
}

function refused(source: string, message: string): ConfigError {
  return new ConfigError([{ key: '(file)', source, message }]);
}
