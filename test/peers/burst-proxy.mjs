// Between the gateway and a stdio server: passes everything, and on SIGUSR2 has the server spawn 20 agents at once, as
// a client of its own would. Ends as the server ends.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'] });
process.stdin.pipe(child.stdin);
child.stdin.on('error', () => undefined);
child.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGUSR2', () => {
  const line = (id) => ({
    jsonrpc: '2.0',
    id: `burst-${id}`,
    method: 'tools/call',
    params: { name: 'agent_spawn', arguments: { type: 'coder', name: `burst-${id}` } },
  });
  child.stdin.write(Array.from({ length: 20 }, (_, id) => `${JSON.stringify(line(id))}\n`).join(''));
});
