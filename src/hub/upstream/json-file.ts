import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ProjectFileError } from './errors.ts';
import { isSystemError } from './watched-directories.ts';

/** What one look at a file brought. `broken`: not JSON at this moment, most likely half-written. */
export type Look = 'changed' | 'same' | 'broken';

/**
 * A JSON file that somebody else writes, not atomically: its last good content, whatever it looks like at the moment.
 * Missing counts as `whenMissing`. Reads at most `maxBytes`.
 */
export class JsonFile {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #whenMissing: unknown;
  #value: unknown;
  /** Of the file that `#value` was read from. */
  #signature: string | undefined;

  constructor(path: string, options: { maxBytes: number; whenMissing: unknown }) {
    this.path = path;
    this.#maxBytes = options.maxBytes;
    this.#whenMissing = options.whenMissing;
  }

  /** The last good content; undefined while there was none. */
  get value(): unknown {
    return this.#value;
  }

  /**
   * Reads the file where it is not the one that was read last.
   * @throws {@link ProjectFileError} for one that is no file, too large or not to be read; the last good content stays.
   */
  async look(): Promise<Look> {
    let file: FileHandle;
    try {
      // Not blocking: somebody may have put a pipe in its place.
      file = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return this.#take('missing', this.#whenMissing);
      throw new ProjectFileError(`cannot open ${this.path}`, { cause: error });
    }
    try {
      return await this.#read(file);
    } finally {
      await file.close();
    }
  }

  async #read(file: FileHandle): Promise<Look> {
    const found = await file.stat();
    const { ino, size, mtimeMs, ctimeMs } = found;
    if (!found.isFile()) throw new ProjectFileError(`${this.path} is not a file`);
    if (size > this.#maxBytes) throw new ProjectFileError(`${this.path} is larger than ${this.#maxBytes} bytes`);
    const signature = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    if (signature === this.#signature) return 'same';
    const text = await readAtMost(file, size);
    try {
      return this.#take(signature, JSON.parse(text) as unknown);
    } catch (error) {
      if (error instanceof SyntaxError) return 'broken';
      throw error;
    }
  }

  #take(signature: string, value: unknown): Look {
    if (signature === this.#signature) return 'same';
    this.#signature = signature;
    this.#value = value;
    return 'changed';
  }
}

/** As much as the file had when its size was asked: one that grows meanwhile is read again at its next event. */
async function readAtMost(file: FileHandle, size: number): Promise<string> {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(buffer, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.toString('utf8', 0, length);
}
