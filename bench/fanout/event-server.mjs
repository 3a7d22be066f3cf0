// A server of the seeds' kind, reduced to what it takes to push one event at a known moment: JSON-RPC in lines over TCP.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const SWARM = 'events';
const METHOD_NOT_FOUND = { code: -32_601, message: 'Method not found' };

/** `push()` tells all subscribers of a new agent whose name carries the time at which it did. Keeps the last 50 agents. */
export async function openEventServer(namePrefix) {
  const agents = [];
  const subscribers = new Set();
  const methods = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'events', version: '1' },
    }),
    'tools/list': () => ({ tools: [{ name: 'telemetry.subscribe', inputSchema: { type: 'object' } }] }),
    'agent.list': () => ({ agents, total_count: agents.length }),
    'telemetry.subscribe': (_, socket) => {
      subscribers.add(socket);
      return { subscription_id: 'all' };
    },
    'tools/call': () => ({ content: [{ type: 'text', text: '{"echo":true}' }] }),
    ping: () => ({}),
  };
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => subscribers.delete(socket));
    createInterface({ input: socket }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id === undefined) return;
      const answer = methods[method]?.(params ?? {}, socket);
      const reply = answer === undefined ? { error: METHOD_NOT_FOUND } : { result: answer };
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  let count = 0;
  return {
    port: server.address().port,
    get subscribers() {
      return subscribers.size;
    },
    push() {
      const atMs = performance.timeOrigin + performance.now();
      const agent = {
        agent_id: `event-${++count}`,
        swarm_id: SWARM,
        type: 'coder',
        name: `${namePrefix}${atMs}`,
        status: 'idle',
      };
      agents.push(agent);
      const events = [{ type: 'agent.spawned', data: agent }];
      if (agents.length > 50) events.push({ type: 'agent.terminated', data: agents.shift() });
      const timestamp = new Date(atMs).toISOString();
      const lines = events.map((event) => `${JSON.stringify({ ...event, timestamp })}\n`).join('');
      for (const socket of subscribers) socket.write(lines);
    },
    close: () => {
      for (const socket of subscribers) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
