// --import: every worker thread moves itself to the core that BENCH_WORKER_CPU names, and says its id. Linux only.
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const tid = basename(readlinkSync('/proc/thread-self'));
  spawnSync('taskset', ['-cp', process.env.BENCH_WORKER_CPU, tid], { stdio: 'ignore' });
  const channel = new BroadcastChannel('bench-threads');
  channel.postMessage(tid);
  channel.close();
}
