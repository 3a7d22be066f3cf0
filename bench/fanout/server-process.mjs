// Entry of a server process of the bench: one role, steered over IPC, ends with its parent.
import { createUsage } from './usage.mjs';

const ROLES = {
  edge: async (input) => (await import('./role-edge.mjs')).openEdge(input),
  peer: async (input) => (await import('./role-peers.mjs')).openPeer(input),
  gateway: async (input) => (await import('./role-gateway.mjs')).openWholeGateway(input),
  simulators: async (input) => (await import('./role-simulators.mjs')).openSimulators(input),
};
const usage = createUsage();
let role;

const common = {
  start: async ({ role: name, ...input }) => {
    role = await ROLES[name](input);
    return { port: role.port };
  },
  usage: () => usage.read(role.threads),
  watchLag: ({ on }) => usage.watchLag(on),
  collect: () => {
    globalThis.gc?.();
    globalThis.gc?.();
  },
  stop: async () => {
    await role?.close();
    role = undefined;
  },
};

process.on('message', ({ id, name, input }) => {
  void (async () => {
    try {
      const order = common[name] ?? role.orders[name];
      process.send({ id, output: (await order(input)) ?? {} });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  })();
});
process.on('disconnect', () => process.exit(0));
