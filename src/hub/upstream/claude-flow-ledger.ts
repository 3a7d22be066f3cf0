import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProjectFileError } from './errors.ts';
import { isSystemError } from './watched-directories.ts';

/** Calls after which the ledger is worth deleting: it then costs claude-flow a few milliseconds a call. */
export const LEDGER_CALLS = 50;

/** What only a project has below `.claude-flow`. */
const OF_PROJECTS = ['agents', 'agents.json', 'swarm', 'tasks', 'hive-mind', 'daa', 'coordination'];

/**
 * Deletes the ledger of calls that claude-flow keeps in its working directory, where every call is appended, verified
 * and rewritten (upstreams.md 1.5). Only for a scratch directory that the gateway made. The server starts a new one.
 * @throws {@link ProjectFileError} for a directory that holds a project's state, whose ledger is the user's.
 */
export async function rotateLedger(scratchDirectory: string): Promise<void> {
  const root = join(scratchDirectory, '.claude-flow');
  for (const name of OF_PROJECTS) {
    if (await exists(join(root, name))) {
      throw new ProjectFileError(`${scratchDirectory} is a project (it has ${name}): its ledger is not ours to delete`);
    }
  }
  await rm(join(root, 'policy', 'state.json'), { force: true });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
