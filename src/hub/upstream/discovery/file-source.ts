import { readFile, stat } from 'node:fs/promises';
import { parseServers } from '../../../platform/config/servers-file.ts';
import type { ServerSource } from './server-source.ts';

/** Larger files are refused. */
const MAX_BYTES = 1_048_576;

/**
 * Servers of a file, read anew whenever it is asked: by name, so that editors that replace files are followed. A bad
 * file is refused whole and what it held before stays.
 */
export function fileSource(path: string): ServerSource {
  return {
    name: path,
    find: async (signal) => {
      const { size } = await stat(path);
      if (size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      const text = await readFile(path, { encoding: 'utf8', signal });
      // Read whole each time: a secret that an entry names may have changed though the text has not.
      return parseServers(text, path);
    },
  };
}
