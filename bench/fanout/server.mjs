// A server process as the bench sees it.
import { fork, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ANSWER_MS = 120_000;
const entry = fileURLToPath(new URL('server-process.mjs', import.meta.url));
const pinThreads = new URL('pin-threads.mjs', import.meta.url).href;

/** Starts a process on core `cpu` (undefined: any) in one role; `workerCpu`: where all of its threads but the main one go. */
export async function startServer(input, { cpu, workerCpu } = {}) {
  // BENCH_PROFILE=DIR writes a CPU profile of every server process there.
  const { BENCH_PROFILE: profiles } = process.env;
  const profile = profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles];
  const execArgv = ['--expose-gc', ...profile, ...(workerCpu === undefined ? [] : ['--import', pinThreads])];
  const env = { ...process.env, BENCH_WORKER_CPU: String(workerCpu ?? '') };
  const child = fork(entry, { execArgv, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  if (cpu !== undefined) spawnSync('taskset', ['-acp', String(cpu), String(child.pid)], { stdio: 'ignore' });
  const waiting = new Map();
  let next = 1;
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`a server process exited: ${code ?? signal}`));
      waiting.clear();
      resolve();
    });
  });
  // What could not be sent: its order is rejected with the exit.
  child.on('error', () => undefined);
  child.on('message', ({ id, output, error }) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waiter?.resolve(output);
    else waiter?.reject(new Error(error));
  });
  const order = (name, body = {}) =>
    new Promise((resolve, reject) => {
      const id = next++;
      const timer = setTimeout(() => reject(new Error(`a server process did not answer "${name}"`)), ANSWER_MS);
      const settle = (act) => (value) => {
        clearTimeout(timer);
        act(value);
      };
      waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      child.send({ id, name, input: body });
    });
  const stop = async () => {
    if (child.connected) {
      await order('stop').catch(() => undefined);
      if (child.connected) child.disconnect();
    }
    await exited;
  };
  try {
    const { port } = await order('start', input);
    if (workerCpu !== undefined) moveHelpers(child.pid, workerCpu);
    return { port, order, pid: child.pid, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// V8's helper threads collect garbage for all threads of the process, the hub's too.
function moveHelpers(pid, cpu) {
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    if (Number(tid) !== pid) spawnSync('taskset', ['-cp', String(cpu), tid], { stdio: 'ignore' });
  }
}
