/** The policy ledger of a real claude-flow: it verifies and rewrites all of it with every call. */
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { peerCommand } from './peers.ts';
import { until } from './until.ts';

/** What this needs of claude-flow's own policy engine. */
interface PolicyModule {
  createLegacyCompatibleState: (this: void, source: string) => unknown;
  AgenticPolicyEngine: {
    fromState(state: unknown): {
      evaluate(request: unknown): unknown;
      exportState(): unknown;
      verifyLedger(): { valid: boolean };
    };
  };
}

const folderIn = (cwd: string): string => join(cwd, '.claude-flow', 'policy');

/** Calls in the ledger of the claude-flow that runs in `cwd`; 0 where there is none. */
export async function ledgerLength(cwd: string): Promise<number> {
  const text = await readFile(join(folderIn(cwd), 'state.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? 0 : (JSON.parse(text) as { receipts: unknown[] }).receipts.length;
}

/** A ledger of so many calls, as claude-flow's own engine writes it; valid, or its server would refuse it. */
export async function ledgerOf(calls: number): Promise<string> {
  const inPeer = createRequire(join(peerCommand('claude-flow'), '..', '..', 'claude-flow', 'package.json'));
  const module = pathToFileURL(inPeer.resolve('@claude-flow/security')).href;
  const { AgenticPolicyEngine, createLegacyCompatibleState } = (await import(module)) as PolicyModule;
  const engine = AgenticPolicyEngine.fromState(createLegacyCompatibleState('swarmcast-test'));
  const action = { type: 'mcp.tool.call', resource: 'agent_list', tool: 'agent_list', server: 'ruflo' };
  for (let i = 0; i < calls; i++) {
    engine.evaluate({ identity: { id: 'legacy-cli', type: 'legacy' }, action });
  }
  if (!engine.verifyLedger().valid) throw new Error('claude-flow would refuse this ledger');
  return JSON.stringify(engine.exportState());
}

/** Runs `work` while it holds the ledger's lock as another claude-flow of the same folder would. */
export async function withLedgerLocked<T>(cwd: string, work: () => Promise<T>): Promise<T> {
  const lock = join(folderIn(cwd), 'state.lock');
  await mkdir(folderIn(cwd), { recursive: true });
  await until('the lock of the ledger', () =>
    open(lock, 'wx').then(
      async (file) => {
        await file.close();
        return true;
      },
      () => false,
    ),
  );
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Puts `ledger` in the place of the present one. Hold the lock. */
export async function putLedger(cwd: string, ledger: string): Promise<void> {
  const file = join(folderIn(cwd), 'state.json');
  await writeFile(`${file}.new`, ledger, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
