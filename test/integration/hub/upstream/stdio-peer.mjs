// A noisy MCP server over stdio, as ruv-swarm is: node stdio-peer.mjs [stubborn] — its tools misbehave on order.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const stubborn = process.argv.includes('stubborn');
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (payload) => ({ content: [{ type: 'text', text: JSON.stringify(payload) }] });

process.stdout.write('🐝 starting\n[INFO] {"not": "protocol"}\n');
process.stderr.write('x'.repeat(300_000));
if (stubborn) process.on('SIGTERM', () => undefined);
say({ method: 'server.initialized', params: {} });

const tools = {
  agent_list: () => ({ agents: [`pid-${process.pid}`] }),
  environment: () => ({ cwd: process.cwd(), env: process.env }),
  grandchild: () => ({ pid: spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid }),
  crash: () => {
    process.stderr.write('\nUNIQUE constraint failed: agents.id\n', () => process.exit(1));
    return new Promise(() => undefined);
  },
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void answer(line));
lines.on('close', () => {
  if (!stubborn) process.exit(0);
});
if (stubborn) setInterval(() => undefined, 1_000);

async function answer(line) {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') {
    say({
      id,
      result: {
        protocolVersion: '2024-11-05',
        capabilities: { tools: {} },
        serverInfo: { name: 'noisy', version: '1' },
      },
    });
  } else if (method === 'tools/list')
    say({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: {} })) } });
  else if (method === 'tools/call') {
    process.stdout.write('📊 Agent status\n  { multi:\n  line }\nagent from-noise\n');
    say({ id, result: text(await tools[params.name](params.arguments)) });
  } else say({ ...(id === undefined ? {} : { id }), error: { code: -32601, message: 'Method not found' } });
}
