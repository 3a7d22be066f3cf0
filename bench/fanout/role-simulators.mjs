// Simulated MCP servers over TCP, in a process of their own, whose counts can be read.
import { setTimeout as delay } from 'node:timers/promises';
import { swarmKey } from '../../dist/model/ids.js';
import { startSimulator } from '../../dist/simulator/simulator.js';
import { openEventServer } from './event-server.mjs';

/** `kinds`: options of each; ids are `sim-0`… `eventPrefix`: also the event server, `events`. */
export async function openSimulators({ kinds, eventPrefix }) {
  const events = eventPrefix === undefined ? undefined : await openEventServer(eventPrefix);
  let timer;
  let talking;
  let said = 0;
  const simulators = await Promise.all(
    kinds.map((kind, i) => startSimulator({ face: 'seed', transport: 'tcp', seed: i + 1, ...kind })),
  );
  return {
    port: simulators[0]?.port ?? events.port,
    threads: [],
    orders: {
      servers: () => [
        ...simulators.map(({ port }, i) => tcpServer(`sim-${i}`, port)),
        ...(events === undefined ? [] : [tcpServer('events', events.port)]),
      ],
      // What filters can name.
      names: () => ({
        swarms: simulators.flatMap(({ world }, i) => [...world.swarms.keys()].map((id) => swarmKey(`sim-${i}`, id))),
        types: [...new Set(simulators.flatMap(({ world }) => [...world.agents.values()].map(({ type }) => type)))],
      }),
      stats: () => simulators.map(({ stats }) => stats),
      // New metrics for some agents of the first server.
      change: ({ agents }) => {
        const { world } = simulators[0];
        for (const agent of world.roster.slice(0, agents)) world.walkMetrics(agent, Date.now());
      },
      // Messages between two agents of a swarm, each swarm in its turn: what keeps its layout moving, and little else.
      talk: ({ perSecond }) => {
        clearInterval(talking);
        if (perSecond > 0) talking = setInterval(() => talk(simulators, ++said), 1_000 / perSecond);
      },
      // Resolves when the gateway listens to the event server: what is pushed before would be found by asking only.
      subscribed: async () => {
        while (events.subscribers === 0) await delay(50);
      },
      // One event every `everyMs` from the event server; 0 ends them.
      pushEvents: ({ everyMs }) => {
        clearInterval(timer);
        if (everyMs > 0) timer = setInterval(() => events?.push(), everyMs);
      },
    },
    close: async () => {
      clearInterval(timer);
      clearInterval(talking);
      await events?.close();
      await Promise.all(simulators.map((simulator) => simulator[Symbol.asyncDispose]()));
    },
  };
}

function talk(simulators, n) {
  const { world } = simulators[n % simulators.length];
  const swarms = [...world.swarms.values()];
  const ids = [...swarms[Math.floor(n / simulators.length) % swarms.length].agentIds];
  // Ever new pairs: a layout that has taken in who talks to whom comes to rest.
  const from = ids[scatter(n) % ids.length];
  const to = ids[scatter(n + 0x5bd1) % ids.length];
  if (from === to) return;
  world.sendMessage({ from, to, messageType: 'coordination', sizeBytes: 256, latencyMs: 5 }, Date.now());
}

function tcpServer(id, port) {
  return { id, type: 'claude-flow', transport: 'tcp', host: '127.0.0.1', port, simulated: true };
}

function scatter(n) {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  return (Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 8) & 0xffff;
}
