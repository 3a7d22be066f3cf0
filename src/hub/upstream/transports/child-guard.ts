/** The last line of defence against orphans: when this thread or process exits, its children are killed. */
import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();

/** Guards a child until the returned function is called. One exit listener serves all children, and only while there are any. */
export function holdChild(child: ChildProcess): () => void {
  if (children.size === 0) process.on('exit', killAll);
  children.add(child);
  return () => {
    if (children.delete(child) && children.size === 0) process.off('exit', killAll);
  };
}

/** Signals a child and everything that it started; a group that is gone is fine. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!isGone(error)) child.kill(signal);
  }
}

function killAll(): void {
  for (const child of children) signalGroup(child, 'SIGKILL');
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH';
}
