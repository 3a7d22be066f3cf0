import { join } from 'node:path';
import type { Observation } from '../../model/observation.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import { ClaudeFlowFilesReader } from './dialects/claude-flow-files-reading.ts';
import type { ClaudeFlowFiles } from './dialects/claude-flow-files-reading.ts';
import { ProjectFileError } from './errors.ts';
import { JsonFile } from './json-file.ts';
import type { ObservationSource } from './observation-source.ts';
import { WatchedDirectories } from './watched-directories.ts';

/** The files, by what they tell, below `.claude-flow`; and what a missing one amounts to. */
const FILES = {
  agents: { path: 'agents/store.json', whenMissing: { agents: {} } },
  workers: { path: 'agents.json', whenMissing: { agents: {} } },
  swarms: { path: 'swarm/swarm-state.json', whenMissing: { swarms: {} } },
  tasks: { path: 'tasks/store.json', whenMissing: { tasks: {} } },
  hive: { path: 'hive-mind/state.json', whenMissing: { initialized: false } },
  daa: { path: 'daa/store.json', whenMissing: { agents: {}, knowledge: {} } },
  coordination: { path: 'coordination/store.json', whenMissing: {} },
} as const satisfies Record<keyof ClaudeFlowFiles, { path: string; whenMissing: unknown }>;

const NAMES = Object.keys(FILES) as (keyof typeof FILES)[];

export interface ClaudeFlowFilesOptions {
  /** Events of this long are answered by one reading. */
  debounceMs?: number | undefined;
  /** Everything is looked at this often without an event too. */
  rereadMs?: number | undefined;
  /** A larger file is not read. */
  maxFileBytes?: number | undefined;
  clock?: Clock | undefined;
  /** Called for each look that met a file that was not JSON at that moment. */
  onBroken?: ((path: string) => void) | undefined;
}

/** Looks at a half-written file again after this long … */
const RETRY_MS = 15;
/** … this often within one reading; then the last good content serves until the next. */
const MAX_RETRIES = 8;

/**
 * The files of a claude-flow project as a source of observations: the only one that tells which agents are in a swarm, and
 * one that costs the server nothing. It emits all that they say, after each change and every few seconds.
 */
export function openClaudeFlowFiles(projectDirectory: string, options: ClaudeFlowFilesOptions = {}): ObservationSource {
  return {
    start: async (emit, onError) => {
      const watch = new ClaudeFlowWatch(projectDirectory, options, emit, onError);
      await watch.begin();
      return watch;
    },
  };
}

class ClaudeFlowWatch implements AsyncDisposable {
  readonly #debounceMs: number;
  readonly #rereadMs: number;
  readonly #clock: Clock;
  readonly #onBroken: (path: string) => void;
  readonly #emit: (observations: Observation[], atMs: number) => void;
  readonly #onError: (error: Error) => void;
  readonly #files: ReadonlyMap<keyof ClaudeFlowFiles, JsonFile>;
  readonly #reader = new ClaudeFlowFilesReader();
  readonly #directories: WatchedDirectories;
  /** Files that cannot be read, each told once. */
  readonly #failing = new Set<string>();
  #reading: Promise<void> = Promise.resolve();
  /** Set while a reading waits: whether it is a regular one. */
  #waiting: boolean | undefined;
  #debounce: NodeJS.Timeout | undefined;
  #reread: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(
    projectDirectory: string,
    options: ClaudeFlowFilesOptions,
    emit: (observations: Observation[], atMs: number) => void,
    onError: (error: Error) => void,
  ) {
    this.#debounceMs = options.debounceMs ?? 50;
    this.#rereadMs = options.rereadMs ?? 5_000;
    this.#clock = options.clock ?? systemClock;
    this.#onBroken = options.onBroken ?? (() => undefined);
    this.#emit = emit;
    this.#onError = onError;
    const root = join(projectDirectory, '.claude-flow');
    const maxBytes = options.maxFileBytes ?? 33_554_432;
    this.#files = new Map(
      NAMES.map((name) => {
        const { path, whenMissing } = FILES[name];
        return [name, new JsonFile(join(root, path), { maxBytes, whenMissing })];
      }),
    );
    const below = ['agents', 'swarm', 'tasks', 'hive-mind', 'daa', 'coordination'].map((name) => join(root, name));
    // The project's own directory, for the day when `.claude-flow` is made in it.
    this.#directories = new WatchedDirectories([projectDirectory, root, ...below], (directory, file) => {
      if (directory !== projectDirectory || file === null || file === '.claude-flow') this.#onEvent();
    });
  }

  async begin(): Promise<void> {
    this.#queue(true);
    await this.#reading;
    if (this.#isEnded) return;
    this.#reread = setInterval(() => this.#queue(true), this.#rereadMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#debounce);
    clearInterval(this.#reread);
    this.#directories.close();
    await this.#reading;
  }

  #onEvent(): void {
    if (this.#isEnded || this.#debounce !== undefined) return;
    this.#debounce = setTimeout(() => {
      this.#debounce = undefined;
      this.#queue(false);
    }, this.#debounceMs);
  }

  /**
   * One reading at a time, and at most one that waits: it will see what later events told too. `isRegular`: tells
   * everything, changed or not, so that the world knows that it still holds.
   */
  #queue(isRegular: boolean): void {
    const waits = this.#waiting !== undefined;
    this.#waiting = isRegular || this.#waiting === true;
    if (waits) return;
    this.#reading = this.#reading.then(() => this.#read()).catch((error: unknown) => this.#fail(error));
  }

  async #read(): Promise<void> {
    const isRegular = this.#waiting === true;
    this.#waiting = undefined;
    if (this.#isEnded) return;
    await this.#directories.refresh();
    let changed = false;
    for (const file of this.#files.values()) if (await this.#readOne(file)) changed = true;
    if (this.#isEnded || (!changed && !isRegular)) return;
    const now = this.#clock.now();
    const content = Object.fromEntries([...this.#files].map(([name, file]) => [name, file.value]));
    this.#emit(this.#reader.read(content, now), now);
  }

  /** True where there is new content. A half-written file is looked at again, as long as is reasonable. */
  async #readOne(file: JsonFile): Promise<boolean> {
    try {
      let look = await file.look();
      for (let retry = 0; look === 'broken' && retry < MAX_RETRIES && !this.#isEnded; retry++) {
        this.#onBroken(file.path);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        look = await file.look();
      }
      if (look === 'broken') throw new ProjectFileError(`${file.path} is not JSON`);
      this.#failing.delete(file.path);
      return look === 'changed';
    } catch (error) {
      if (!(error instanceof ProjectFileError)) throw error;
      if (!this.#failing.has(file.path)) this.#fail(error);
      this.#failing.add(file.path);
      return false;
    }
  }

  #fail(error: unknown): void {
    this.#onError(error instanceof Error ? error : new Error(String(error)));
  }
}
