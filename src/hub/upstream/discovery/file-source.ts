import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { parseServers } from '../../../platform/config/servers-file.ts';
import { WatchedDirectories } from '../watched-directories.ts';
import type { ServerSource } from './server-source.ts';

/** Larger files are refused. */
const MAX_BYTES = 1_048_576;
/** Events of this long are answered by one reading: whoever writes is done by then. */
const DEBOUNCE_MS = 50;

/**
 * Servers of a file, read anew whenever it is asked: by name, so that editors that replace files are followed. A bad
 * file is refused whole and what it held before stays.
 */
export function fileSource(path: string): ServerSource {
  let directories: WatchedDirectories | undefined;
  return {
    name: path,
    find: async (signal) => {
      // The directory may have been made, or made anew.
      await directories?.refresh();
      const { size } = await stat(path);
      if (size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      const text = await readFile(path, { encoding: 'utf8', signal });
      // Read whole each time: a secret that an entry names may have changed though the text has not.
      return parseServers(text, path);
    },
    watch: (onChanged) => {
      let debounce: NodeJS.Timeout | undefined;
      const watched = new WatchedDirectories([dirname(resolve(path))], (_directory, file) => {
        // Mounted configurations are changed by the link `..data` beside the file.
        if (file !== null && file !== basename(path) && !file.startsWith('..')) return;
        debounce ??= setTimeout(() => {
          debounce = undefined;
          onChanged();
        }, DEBOUNCE_MS);
      });
      directories = watched;
      return () => {
        clearTimeout(debounce);
        watched.close();
      };
    },
  };
}
