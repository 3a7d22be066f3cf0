/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports have callbacks */
// Starts a stubborn stdio server through the built transport, prints its pid, then ends as told: node … <exit|throw|kill>
import { fileURLToPath } from 'node:url';
import { createCounters } from '../../../../dist/hub/upstream/connection-counters.js';
import { Scratch } from '../../../../dist/hub/upstream/transports/scratch.js';
import { StdioTransport } from '../../../../dist/hub/upstream/transports/stdio-transport.js';

const [, , how, scratchRoot] = process.argv;
const transport = new StdioTransport({
  command: process.execPath,
  args: [fileURLToPath(new URL('stdio-peer.mjs', import.meta.url)), ...(how === 'kill' ? [] : ['stubborn'])],
  env: {},
  scratch: new Scratch(scratchRoot, 'dying'),
  maxLineBytes: 1_000_000,
  writeStallMs: 1_000,
  counters: createCounters(),
});
transport.onmessage = (message) => {
  const text = message.result?.content[0].text;
  if (text === undefined) return;
  process.stdout.write(`${JSON.parse(text).agents[0].slice(4)}\n`, () => {
    if (how === 'exit') process.exit(0);
    if (how === 'throw') throw new Error('uncaught');
    process.kill(process.pid, 'SIGKILL');
  });
};
await transport.start();
await transport.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'agent_list' } });
