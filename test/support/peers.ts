/** The real MCP servers of `npm run peers:install`. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../.peers/', import.meta.url));

/** The command of an installed peer. @throws when it is not installed: a green run must not hide that. */
export function peerCommand(name: 'ruv-swarm' | 'claude-flow'): string {
  const command = join(root, name, 'node_modules', '.bin', name);
  if (!existsSync(command)) throw new Error(`${name} is not installed: npm run peers:install`);
  return command;
}

/**
 * A copy of ruv-swarm of its own: it keeps its database inside its package, so that two runs of one install would see
 * each other's old swarms.
 */
export async function privateRuvSwarm(): Promise<{ command: string; args: string[] } & AsyncDisposable> {
  peerCommand('ruv-swarm');
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-ruv-'));
  const installed = join(root, 'ruv-swarm', 'node_modules');
  await cp(join(installed, 'ruv-swarm'), join(folder, 'ruv-swarm'), { recursive: true });
  await rm(join(folder, 'ruv-swarm', 'data'), { recursive: true, force: true });
  await symlink(installed, join(folder, 'node_modules'));
  return {
    command: process.execPath,
    args: [join(folder, 'ruv-swarm', 'bin', 'ruv-swarm-secure.js'), 'mcp', 'start'],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Children of this process whose command line contains `words`. */
export function childrenWith(words: string): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = table.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  return rows.flatMap((row) => (row?.[2] === String(process.pid) && row[3]?.includes(words) ? [Number(row[1])] : []));
}
