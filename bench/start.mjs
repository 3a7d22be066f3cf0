// npm run bench:start — P14: from exec of the built gateway with its default simulators to the first frame of positions
// at a client that waits for it. Beside it, in the same run: a Node process that only loads and listens, as the floor.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    runs: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const GOAL_MS = 1_500;
const runs = Number(flags.runs ?? (flags.quick ? 3 : 9));
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');

if (flags.help) {
  process.stdout.write('npm run bench:start -- [--quick] [--runs N] [--json]\n');
} else {
  await bench();
}

async function bench() {
  const samples = { floor: [], listening: [], welcome: [], frame: [] };
  for (let run = 0; run < runs; run++) {
    samples.floor.push(await nodeFloor());
    const times = await firstFrame();
    for (const [name, value] of Object.entries(times)) samples[name].push(value);
  }
  const rows = Object.entries(samples).map(([what, times]) => ({ what, ...spread(times) }));
  const measured = rows.at(-1).median_ms;
  const goals = [{ id: 'P14', goal: `first frame ≤ ${GOAL_MS} ms (median)`, measured, met: measured <= GOAL_MS }];
  const label = {
    floor: 'node that only listens',
    listening: 'gateway accepts',
    welcome: 'welcome',
    frame: 'first frame',
  };
  process.stdout.write(`ms from exec, ${runs} runs          min   median      max\n`);
  for (const row of rows) {
    const cells = [row.min_ms, row.median_ms, row.max_ms].map((ms) => ms.toFixed(0).padStart(8));
    process.stdout.write(`${label[row.what].padEnd(26)}${cells.join(' ')}\n`);
  }
  process.stdout.write(`P14 ${goals[0].goal}: ${measured.toFixed(0)} ms, ${goals[0].met ? 'met' : 'MISSED'}\n`);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'start', rows, goals })}\n`);
}

async function firstFrame() {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, [main, 'start', '--port', String(port), '--log-level', 'silent'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    return await waitingClient(port, begun);
  } finally {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
  }
}

// A client that was there first: it tries to connect every 10 ms until somebody listens.
async function waitingClient(port, begun) {
  const times = {};
  const deadline = begun + 20_000;
  while (performance.now() < deadline) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['swarmcast.v1.msgpack']);
    const done = await new Promise((resolve) => {
      socket.on('error', () => resolve(false));
      socket.on('open', () => {
        times.listening ??= performance.now() - begun;
        socket.send(Buffer.from([0x81, 0xa4, 0x74, 0x79, 0x70, 0x65, 0xa5, 0x68, 0x65, 0x6c, 0x6c, 0x6f])); // {type:'hello'}
      });
      socket.on('message', (bytes) => {
        if (bytes[0] !== 0x01) times.welcome ??= performance.now() - begun;
        else if (bytes.readUInt16LE(2) > 0) resolve(true);
      });
    });
    if (done) {
      times.frame = performance.now() - begun;
      socket.terminate();
      return times;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no frame within 20 s');
}

async function nodeFloor() {
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    ['-e', "require('net').createServer().listen(0,'127.0.0.1',()=>{console.log('up');})"],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const took = performance.now() - begun;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
  return took;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { min_ms: sorted[0], median_ms: sorted[Math.floor(sorted.length / 2)], max_ms: sorted.at(-1) };
}
