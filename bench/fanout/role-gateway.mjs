// The whole gateway, as `swarmcast start` composes it. Threads other than the main one (hub, layout) are moved to another
// core by pin-threads.mjs, which leaves the edge alone on its own.
import { BroadcastChannel } from 'node:worker_threads';
import { openGateway } from '../../dist/gateway.js';
import { QUIET } from './role-edge.mjs';
import { loadConfig } from '../../dist/platform/config/load.js';

export async function openWholeGateway({ settings = {}, servers }) {
  const pinned = new Set();
  const channel = new BroadcastChannel('bench-threads');
  channel.addEventListener('message', ({ data }) => pinned.add(data));
  channel.unref();
  const flags = { ...QUIET, ...settings, servers };
  const { config } = loadConfig({ files: [], flags, environment: {} });
  const gateway = await openGateway(config);
  return {
    port: gateway.port,
    get threads() {
      return [...pinned];
    },
    orders: {
      callTool: ({ server, tool, args }) => gateway.callTool(server, tool, args),
    },
    close: async () => {
      channel.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}
