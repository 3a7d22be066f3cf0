import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

/**
 * Watches a fixed set of directories, each without its subdirectories, as they come and go. Each has a watcher of its
 * own, since Node's recursive watch on Linux walks the tree by itself and stumbles over files that vanish meanwhile
 * (claude-flow writes temporary ones). Owns at most one watcher per directory.
 */
export class WatchedDirectories {
  readonly #directories: readonly string[];
  readonly #onChange: (directory: string, file: string | null) => void;
  readonly #watchers = new Map<string, { watcher: FSWatcher; inode: number }>();
  #isClosed = false;

  constructor(directories: readonly string[], onChange: (directory: string, file: string | null) => void) {
    this.#directories = directories;
    this.#onChange = onChange;
  }

  /** Directories that have a watcher now. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Watches those that are there now: also one that was deleted and made again, which its old watcher does not notice. */
  async refresh(): Promise<void> {
    for (const directory of this.#directories) {
      const inode = await inodeOf(directory);
      if (this.#isClosed) return;
      const known = this.#watchers.get(directory);
      if (known !== undefined && known.inode === inode) continue;
      this.#unwatch(directory);
      if (inode !== undefined) this.#watch(directory, inode);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const directory of this.#directories) this.#unwatch(directory);
  }

  #watch(directory: string, inode: number): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, file) => this.#onChange(directory, file));
      // Gone or out of watches: the regular reading goes on, and the next refresh tries again.
      watcher.on('error', () => this.#unwatch(directory));
      this.#watchers.set(directory, { watcher, inode });
    } catch (error) {
      // It vanished since it was looked at, or the system has no watches left: as above.
      if (!isSystemError(error)) throw error;
    }
  }

  #unwatch(directory: string): void {
    this.#watchers.get(directory)?.watcher.close();
    this.#watchers.delete(directory);
  }
}

async function inodeOf(directory: string): Promise<number | undefined> {
  try {
    const found = await stat(directory);
    return found.isDirectory() ? found.ino : undefined;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** True for errors of the file system, which carry a code. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
