/** An X server without a screen: a browser that has one draws WebGL in software, where a headless one refuses it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const XVFB = '/usr/bin/Xvfb';

/** There is one on this machine. */
export const hasVirtualDisplay = existsSync(XVFB);

export interface VirtualDisplay extends AsyncDisposable {
  /** As DISPLAY takes it: `:99`. */
  name: string;
}

/** Starts one under a number that nobody has. @throws when it ends before it listens. */
export async function openVirtualDisplay(): Promise<VirtualDisplay> {
  // It writes its number to stdout once it listens.
  const child = spawn(XVFB, ['-displayfd', '1', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line').then(([number]) => number as string);
  const number = await Promise.race([line, exited.then(() => undefined)]);
  if (number === undefined) throw new Error(`Xvfb ended before it listened: ${child.exitCode ?? child.signalCode}`);
  return {
    name: `:${number}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
