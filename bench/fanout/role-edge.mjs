// One edge (or several, on threads of their own once the gateway has them) fed by feeder-thread.mjs.
import { MessageChannel, Worker } from 'node:worker_threads';
import { startEdge } from '../../dist/edge/edge.js';
import { createThreadEdgeFeed } from '../../dist/feed/thread.js';
import { systemClock } from '../../dist/platform/clock.js';
import { loadConfig } from '../../dist/platform/config/load.js';
import { createLogger } from '../../dist/platform/telemetry/log.js';

/** Opening thousands of clients at once keeps the load busy: a hello that comes late must not mean the defaults. */
export const QUIET = {
  'server.port': 0,
  'log.level': 'silent',
  'clients.max_clients': 20_000,
  'clients.hello_timeout_ms': 20_000,
};

export async function openEdge({ settings = {}, world = {}, feederCpu }) {
  const flags = { ...QUIET, ...settings };
  const { config } = loadConfig({ files: [], flags, environment: {} });
  const { port1, port2 } = new MessageChannel();
  const feeder = new Worker(new URL('feeder-thread.mjs', import.meta.url), {
    workerData: { edgePorts: [port1], world, cpu: feederCpu },
    transferList: [port1],
    // The pinning of the gateway's threads is not for this one.
    execArgv: [],
  });
  const log = await createLogger({ ...config.log, part: 'bench' });
  const edge = await startEdge({ feed: createThreadEdgeFeed(port2), config, edgeId: 0, log, clock: systemClock });
  const ask = asker(feeder);
  const { tid } = await ask('set', {});
  return {
    port: edge.port,
    threads: [tid],
    orders: {
      feed: ({ name, ...input }) => ask(name, input),
      status: () => edge.status(),
    },
    async close() {
      await edge[Symbol.asyncDispose]();
      await ask('stop', {});
    },
  };
}

function asker(worker) {
  const waiting = new Map();
  let next = 1;
  worker.on('message', ({ id, output }) => {
    waiting.get(id)?.(output);
    waiting.delete(id);
  });
  return (name, input) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, resolve);
      worker.once('error', reject);
      worker.postMessage({ id, name, input });
    });
}
