// Between the gateway and a stdio server: passes everything, and writes to the file of its first argument how long the
// server took for each tool call: a line `{"tool", "ms"}`. Ends as the server ends.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [report, command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const asked = new Map();
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'tools/call') asked.set(id, { tool: params.name, atMs: performance.now() });
  child.stdin.write(`${line}\n`);
});
process.stdin.on('end', () => child.stdin.end());
createInterface({ input: child.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  const call = asked.get(line.startsWith('{') ? JSON.parse(line).id : undefined);
  if (call !== undefined)
    appendFileSync(report, `${JSON.stringify({ tool: call.tool, ms: performance.now() - call.atMs })}\n`);
});
child.stdin.on('error', () => undefined);
child.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => child.kill('SIGTERM'));
