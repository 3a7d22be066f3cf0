// What a server process has used: CPU of all of its threads, of single ones by id, memory, lag of its event loop.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The histogram's timer fires every ms; what it records beyond that is lag. */
const RESOLUTION_MS = 1;

export function createUsage() {
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  return {
    /** Starts the lag's histogram (which costs about 1 % of a core) anew, or ends it. */
    watchLag(on) {
      lag.reset();
      if (on) lag.enable();
      else lag.disable();
    },
    read(threads = []) {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
      return {
        cpuUs: user + system,
        systemUs: system,
        threadUs: Object.fromEntries(threads.map((tid) => [tid, threadUs(tid)])),
        waitedUs: waitedUs(),
        rss,
        heapUsed,
        external,
        arrayBuffers,
        lagP99Ms: Math.max(0, lag.percentile(99) / 1e6 - RESOLUTION_MS),
        lagMaxMs: Math.max(0, lag.max / 1e6 - RESOLUTION_MS),
      };
    },
  };
}

/** Time in which the main thread could have run and had no core: what neighbours took from it. 0 where Linux doesn't tell. */
function waitedUs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1_000;
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** Linux tells it in nanoseconds. */
function threadUs(tid) {
  return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
}
