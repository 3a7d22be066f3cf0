/** The flags that say where the configuration comes from: shared by `start` and `check-config`. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig, type LoadedConfig } from '../platform/config/load.ts';
import { UsageError } from './command.ts';

export const CONFIG_FLAGS_HELP = `  -c, --config FILE      YAML settings over the defaults; may be repeated, later ones win
      --host ADDRESS     address to bind (default 127.0.0.1)
  -p, --port PORT        port of WebSocket and HTTP, 0 = any free one (default 8080)
      --log-level LEVEL  trace, debug, info, warn, error, fatal, silent
      --simulate WHEN    auto, always, never: simulated servers (auto: when none is configured)
      --set PATH=VALUE   any other setting, e.g. --set clients.idle_timeout_ms=30000; may be repeated`;

const OPTIONS = {
  config: { type: 'string', short: 'c', multiple: true },
  host: { type: 'string' },
  port: { type: 'string', short: 'p' },
  'log-level': { type: 'string' },
  simulate: { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface ConfigFlags {
  help: boolean;
  json: boolean;
  list: boolean;
  /** Reads files and environment, and checks everything. */
  load(): LoadedConfig;
}

/** @throws {TypeError} of parseArgs for unknown flags, {@link UsageError} for malformed ones. */
export function parseConfigFlags(argv: string[]): ConfigFlags {
  const { values } = parseArgs({ args: argv, options: OPTIONS, strict: true, allowPositionals: false });
  const flags: Record<string, unknown> = {};
  if (values.host !== undefined) flags['server.host'] = values.host;
  if (values.port !== undefined) flags['server.port'] = numberOrText(values.port);
  if (values['log-level'] !== undefined) flags['log.level'] = values['log-level'];
  if (values.simulate !== undefined) flags['simulate.enabled'] = values.simulate;
  for (const pair of values.set ?? []) {
    const split = pair.indexOf('=');
    if (split < 1) throw new UsageError(`--set ${pair}: must be PATH=VALUE, e.g. --set log.level=debug`);
    flags[pair.slice(0, split)] = typedValue(pair.slice(split + 1));
  }
  return {
    help: values.help === true,
    json: values.json === true,
    list: values.list === true,
    load: () => loadConfig({ files: [...defaultFiles(), ...(values.config ?? [])], flags }),
  };
}

function numberOrText(text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function typedValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return numberOrText(text);
}

// Beside dist/ in the package: the shipped defaults, which a user may edit.
function defaultFiles(): string[] {
  const file = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));
  return existsSync(file) ? [file] : [];
}
