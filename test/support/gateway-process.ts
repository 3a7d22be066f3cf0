/** A gateway as its users run it: a process of its own, from dist/. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { builtMain } from './built-main.ts';

export interface GatewayProcess extends AsyncDisposable {
  child: ChildProcess;
  url: string;
  port: number;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Resolves when it ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts it with these settings (dotted paths) and resolves when clients can connect. @throws when it ends before. */
export async function spawnGateway(
  settings: Record<string, unknown>,
  environment: Record<string, string> = {},
): Promise<GatewayProcess> {
  const all = Object.entries({ 'server.port': 0, 'log.level': 'info', ...settings });
  const lists = all.filter(([, value]) => Array.isArray(value));
  const flags = all.flatMap(([path, value]) => (Array.isArray(value) ? [] : ['--set', `${path}=${String(value)}`]));
  // Flags take no lists.
  const listed = lists.map(([path, value]) => [
    `SWARMCAST_${path.toUpperCase().replaceAll('.', '_')}`,
    JSON.stringify(value),
  ]);
  const child = spawn(process.execPath, [builtMain(), 'start', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...Object.fromEntries(listed), ...environment },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string);
  const first = await Promise.race([line, exited]);
  if (typeof first !== 'string') throw new Error(`the gateway ended: ${JSON.stringify(first)}\n${stderr}`);
  const { listening } = JSON.parse(first) as { listening: { url: string; port: number } };
  return {
    child,
    ...listening,
    exited,
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
