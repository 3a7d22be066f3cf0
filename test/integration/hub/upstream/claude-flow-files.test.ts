/** Real files, a real fs.watch, a writer that is not atomic. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../../../src/model/observation.ts';
import { openClaudeFlowFiles } from '../../../../src/hub/upstream/claude-flow-files.ts';
import type { ClaudeFlowFilesOptions } from '../../../../src/hub/upstream/claude-flow-files.ts';

let project: string;
let disposables: AsyncDisposable[];
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'swarmcast-files-'));
  disposables = [];
});
afterEach(async () => {
  for (const each of disposables) await each[Symbol.asyncDispose]();
  await rm(project, { recursive: true, force: true });
});

const at = (path: string) => join(project, '.claude-flow', path);

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}

const store = (...ids: string[]) => ({
  agents: Object.fromEntries(ids.map((id) => [id, { agentId: id, agentType: 'coder', status: 'idle', health: 1 }])),
});
const swarm = (...agents: string[]) => ({
  swarms: { s: { swarmId: 's', topology: 'ring', status: 'running', agents, createdAt: '2026-11-21T05:05:58Z' } },
});

/** Watches, and waits for what is told. Regular readings are far away, so that what comes, comes by events. */
async function watch(options: ClaudeFlowFilesOptions = {}) {
  const told: Observation[][] = [];
  const errors: Error[] = [];
  const broken: string[] = [];
  const waiting = new Set<() => void>();
  const settings = { rereadMs: 3_600_000, onBroken: (path: string) => broken.push(path), ...options };
  const watching = await openClaudeFlowFiles(project, settings).start(
    (observations) => {
      told.push(observations);
      for (const wake of waiting) wake();
    },
    (error) => {
      errors.push(error);
      for (const wake of waiting) wake();
    },
  );
  disposables.push(watching);
  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    told,
    errors,
    broken,
    until,
    watching,
    agents: () => listed(told.at(-1)),
    places: () => placed(told.at(-1)),
  };
}

function listed(observations: Observation[] | undefined): string[] | undefined {
  const list = observations?.findLast((each) => each.kind === 'agent-list' && each.scope === 'agents');
  return list?.kind === 'agent-list' ? list.agents.toSorted() : undefined;
}

function placed(observations: Observation[] | undefined): Record<string, string | undefined> {
  const places: Record<string, string | undefined> = {};
  for (const each of observations ?? []) if (each.kind === 'agent') places[each.agent] = each.swarm;
  return places;
}

describe('a project', () => {
  test('what is there is told at once, what changes by events', async () => {
    await put('agents/store.json', store('a'));
    await put('swarm/swarm-state.json', swarm('a'));
    const { told, agents, places, until } = await watch();
    expect(told).toHaveLength(1);
    expect(places()).toEqual({ a: 's' });
    await put('agents/store.json', store('a', 'b'));
    await until(() => agents()?.length === 2);
    // As claude-flow writes this file: a temporary one, renamed.
    await put('swarm/swarm-state.json.1.tmp', swarm('a', 'b'));
    await rename(at('swarm/swarm-state.json.1.tmp'), at('swarm/swarm-state.json'));
    await until(() => places()['b'] === 's');
    await put('agents/store.json', store('b'));
    await until(() => agents()?.length === 1);
    expect(agents()).toEqual(['b']);
  });

  test('that does not exist yet is found when it is made', async () => {
    const { agents, until } = await watch();
    expect(agents()).toEqual([]);
    await put('agents/store.json', store('a'));
    await until(() => agents()?.length === 1);
    await put('hive-mind/state.json', {
      initialized: true,
      topology: 'mesh',
      createdAt: '2026-11-21T05:05:59.071Z',
      workers: ['w'],
      hiveToken: 'SECRET',
    });
    await put('agents.json', store('w'));
    await until(() => agents()?.length === 2);
  });

  test('that is deleted and made anew', async () => {
    await put('agents/store.json', store('a'));
    const { agents, until } = await watch({ rereadMs: 50 });
    await rm(at(''), { recursive: true });
    await until(() => agents()?.length === 0);
    await put('agents/store.json', store('c'));
    await until(() => agents()?.[0] === 'c');
  });

  test('is told again regularly without any event', async () => {
    await put('agents/store.json', store('a'));
    const { told, until } = await watch({ rereadMs: 20 });
    await until(() => told.length >= 4);
    expect(listed(told[3])).toEqual(['a']);
  });
});

describe('half-written files', () => {
  test('the last good content serves, and the next good one is found', async () => {
    await put('agents/store.json', store('a', 'b'));
    const { told, broken, errors, agents, until } = await watch({ debounceMs: 5 });
    const whole = JSON.stringify(store('a', 'b', 'c'), null, 2);
    await put('agents/store.json', whole.slice(0, whole.length / 2));
    await until(() => errors.length === 1);
    expect(broken.length).toBeGreaterThan(1);
    expect(errors[0]).toMatchObject({ reason: 'project_file' });
    expect(told).toHaveLength(1);
    await put('agents/store.json', whole);
    await until(() => agents()?.length === 3);
    expect(errors).toHaveLength(1);
  });

  test('while another process writes 300 times without care, nobody ever disappears and the end is right', async () => {
    const always = Array.from({ length: 40 }, (_, index) => `fixed-${index}`);
    await put('agents/store.json', store(...always));
    const { told, broken, errors, agents, until } = await watch({ debounceMs: 1 });
    // Truncates, writes half, waits a moment, writes the rest: what a plain write of a large file looks like from outside.
    const script = `
      const { openSync, writeSync, closeSync } = require('node:fs');
      const always = ${JSON.stringify(always)};
      const pause = new Int32Array(new SharedArrayBuffer(4));
      for (let round = 1; round <= 300; round++) {
        const ids = [...always, 'round-' + round];
        const agents = Object.fromEntries(ids.map((agentId) => [agentId, { agentId, status: 'idle' }]));
        const text = JSON.stringify({ agents }, null, 2);
        const file = openSync(process.argv[1], 'w');
        writeSync(file, text.slice(0, 700));
        Atomics.wait(pause, 0, 0, 3);
        writeSync(file, text.slice(700));
        closeSync(file);
        Atomics.wait(pause, 0, 0, 2);
      }`;
    await promisify(execFile)(process.execPath, ['-e', script, at('agents/store.json')]);
    await until(() => agents()?.includes('round-300') === true);
    // The fault was really met.
    expect(broken.length).toBeGreaterThan(0);
    expect(told.length).toBeGreaterThan(5);
    for (const observations of told) expect(listed(observations)).toEqual(expect.arrayContaining(always));
    // Unlucky eight times in a row is told, and harms nobody.
    for (const error of errors) expect(error).toMatchObject({ reason: 'project_file' });
  }, 30_000);
});

describe('files that cannot be read', () => {
  test('too large: told once, the last good content stays', async () => {
    await put('agents/store.json', store('a'));
    const { errors, agents, until, told } = await watch({ maxFileBytes: 10_000, rereadMs: 20 });
    await truncate(at('agents/store.json'), 20_000);
    await until(() => errors.length === 1);
    const before = told.length;
    await until(() => told.length >= before + 3);
    expect(errors).toHaveLength(1);
    expect(agents()).toEqual(['a']);
  });

  test('a directory, a pipe', async () => {
    await mkdir(at('agents/store.json'), { recursive: true });
    await mkdir(at('tasks'), { recursive: true });
    await promisify(execFile)('mkfifo', [at('tasks/store.json')]);
    const { errors, told } = await watch();
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringContaining('is not a file'),
      expect.stringContaining('is not a file'),
    ]);
    // Never read, so nothing is said of who is gone.
    expect(listed(told[0])).toEqual([]);
  });
});

test('after its end nothing is told, and ending twice is fine', async () => {
  await put('agents/store.json', store('a'));
  const { told, watching } = await watch({ debounceMs: 1, rereadMs: 5 });
  const first = watching[Symbol.asyncDispose]();
  await put('agents/store.json', store('a', 'b'));
  await Promise.all([first, watching[Symbol.asyncDispose]()]);
  const count = told.length;
  await put('agents/store.json', store('a', 'b', 'c'));
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(told).toHaveLength(count);
});
