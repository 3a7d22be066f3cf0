/**
 * Configuration: schema defaults ← `config/default.yaml` ← files of `--config` ← environment ← flags.
 * The only folder that reads `process.env`.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { valueAt } from './change.ts';
import { checkConfig } from './check.ts';
import { applyEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { isPlainObject, mergeLayer, setPath, sourceOf, type Layered } from './layers.ts';
import type { Config } from './schema.ts';
import { settingsTable } from './settings-table.ts';

export interface LoadOptions {
  /** YAML files, later ones win. */
  files: readonly string[];
  /** Dotted path → value, from command line flags; the strongest layer. */
  flags: Readonly<Record<string, unknown>>;
  environment?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface LoadedConfig {
  config: Config;
  /** Where the value of a setting came from: `default`, a file, an environment name, a flag. */
  sourceOf: (path: string) => string;
  /** Settings that were understood and have no effect, with the reason. */
  notes: readonly string[];
}

/** @throws {@link ConfigError} that lists every problem. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const layered: Layered = { value: {}, sources: new Map() };
  for (const file of options.files) mergeLayer(layered, readYaml(file), file);
  const environment = options.environment ?? process.env;
  const notes = applyEnvironment(layered, environment);
  for (const [path, value] of Object.entries(options.flags)) setPath(layered, path, value, `flag ${flagName(path)}`);
  const checked = checkConfig(layered, environment);
  return {
    config: checked.config,
    sourceOf: (path) => sourceOf(layered, path),
    notes: [...notes, ...checked.notes],
  };
}

/** Every setting with its effective value and source, for `check-config`. */
export function effectiveSettings(loaded: LoadedConfig): { path: string; value: unknown; source: string }[] {
  return settingsTable().map(({ path }) => ({
    path,
    value: valueAt(loaded.config, path),
    source: loaded.sourceOf(path),
  }));
}

function flagName(path: string): string {
  return `--${path
    .replace(/^server\./, '')
    .replaceAll('.', '-')
    .replaceAll('_', '-')}`;
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ key: '(file)', source: file, message: `cannot be read: ${message}` }], { cause });
  }
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ConfigError([{ key: '(file)', source: file, message: `is not YAML: ${error.message}` }], {
      cause: error,
    });
  }
  const value: unknown = document.toJS() ?? {};
  if (isPlainObject(value)) return value;
  throw new ConfigError([{ key: '(file)', source: file, message: 'must be a map of settings at the top level' }]);
}
