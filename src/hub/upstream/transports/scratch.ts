import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** claude-flow's ledger of calls: each call verifies all of it, so that thousands of polls would make it crawl. */
const LEDGER = ['.claude-flow', 'policy', 'state.json'];

/** A directory of its own for a child process, below the scratch root. Nothing outside of it is ever removed. */
export class Scratch {
  readonly #root: string;
  readonly #prefix: string;
  #path: string | undefined;

  /** `name`: start of the directory's name; must be safe as one. */
  constructor(root: string, name: string) {
    this.#root = root;
    this.#prefix = name;
  }

  /** Makes the directory (mode 0700), once; returns its path. */
  async create(): Promise<string> {
    if (this.#path === undefined) {
      await mkdir(this.#root, { recursive: true });
      this.#path = await mkdtemp(join(this.#root, `${this.#prefix}-`));
    }
    return this.#path;
  }

  /** Removes claude-flow's ledger, if there is one: its calls stay fast. */
  async trimLedger(): Promise<void> {
    if (this.#path !== undefined) await rm(join(this.#path, ...LEDGER), { force: true });
  }

  /** Removes the directory with all that is in it. */
  async remove(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}
