import { readFileSync } from 'node:fs';

/** Seconds in which this process's main thread could have run and had no core, since it began; 0 where Linux doesn't tell. */
export function waitedSeconds(): number {
  try {
    const [, waitedNs = '0'] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e9;
  } catch {
    // No such file: another system than Linux.
    return 0;
  }
}
