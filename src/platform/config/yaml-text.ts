import { stringify } from 'yaml';

/** A value as it stands in a configuration file. */
export function yamlText(value: unknown): string {
  return stringify(value);
}
