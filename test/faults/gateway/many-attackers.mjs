// Attackers in a process of their own: `node many-attackers.mjs PORT`. Prints one JSON line for each kind of attack.
import net from 'node:net';

const port = Number(process.argv[2]);
const CROWD = 5_000;
const SLOW = 1_000;
const BATCH = 250;
const ADDRESS = '203.0.113.7';
const host = `Host: 127.0.0.1:${port}\r\n`;
const upgrade =
  `GET /ws HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: ${ADDRESS}\r\n\r\n`;
const post = `POST /api/operations/agent.list HTTP/1.1\r\n${host}Content-Length: 60000\r\n\r\n{`;
/** What is sent at first, and what follows every second. */
const KINDS = {
  'sends nothing': ['', ''],
  'sends half a request': [`GET /ws HTTP/1.1\r\n${host}`, ''],
  'drips headers': [`GET /ws HTTP/1.1\r\n${host}`, 'X-More: of it\r\n'],
  'drips a body': [post, ' '],
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** Opens so many, a batch at a time, and calls `use` with each. */
async function openMany(count, use) {
  for (let n = 0; n < count; n += BATCH) {
    for (let i = 0; i < Math.min(BATCH, count - n); i++) use(net.connect(port, '127.0.0.1'));
    await pause(50);
  }
}

/** Opened from one address: how many were let in, refused at the door, or sent away. */
async function crowd() {
  const sockets = new Set();
  const answers = { switched: 0, tooMany: 0, other: 0 };
  const ended = { now: 0 };
  await openMany(CROWD, (socket) => {
    sockets.add(socket);
    socket.once('data', (chunk) => {
      const status = chunk.toString('latin1', 9, 12);
      answers[status === '101' ? 'switched' : status === '429' ? 'tooMany' : 'other'] += 1;
      socket.resume();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      ended.now += 1;
    });
    socket.write(upgrade);
  });
  const answered = () => answers.switched + answers.tooMany + answers.other;
  for (let waits = 0; waits < 300 && answered() < CROWD; waits++) await pause(50);
  // Those that are sent away are told so first.
  await pause(1_000);
  say({ kind: 'crowd', ...answers, open: sockets.size });
  for (const socket of sockets) socket.destroy();
}

async function slow(kind, [first, next]) {
  const seen = { open: 0, closed: 0, longestMs: 0 };
  await openMany(SLOW, (socket) => {
    let timer;
    let startMs;
    socket.once('connect', () => {
      seen.open += 1;
      startMs = performance.now();
      socket.write(first);
      if (next !== '') timer = setInterval(() => socket.write(next), 1_000);
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      seen.closed += 1;
      seen.longestMs = Math.max(seen.longestMs, Math.round(performance.now() - startMs));
    });
  });
  const isOver = () => seen.closed === SLOW;
  for (let waits = 0; waits < 300 && !isOver(); waits++) await pause(100);
  say({ kind, ...seen });
}

await crowd();
await Promise.all(Object.entries(KINDS).map(([kind, bytes]) => slow(kind, bytes)));
process.exit(0);
