// Attackers in a process of their own: `node many-attackers.mjs PORT [tls]`. Prints one JSON line for each kind of attack.
import { once } from 'node:events';
import net from 'node:net';
import { connect } from 'node:tls';

const port = Number(process.argv[2]);
const isTls = process.argv[3] === 'tls';
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

/** What a client of TLS says first, as one said it to us. */
async function clientHello() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect({ host: '127.0.0.1', port: listener.address().port }).on('error', () => undefined);
  const [socket] = await once(listener, 'connection');
  const [hello] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  listener.close();
  return hello;
}

/** The same, where a handshake of TLS comes before all. */
async function secureKinds() {
  const hello = await clientHello();
  const half = hello.subarray(0, hello.length / 2);
  return {
    'sends nothing': ['', ''],
    'sends half a ClientHello': [half, ''],
    'drips a ClientHello': [half, hello.subarray(half.length, half.length + 1)],
    'sends a ClientHello and no more': [hello, ''],
  };
}

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
      if (next.length > 0) timer = setInterval(() => socket.write(next), 1_000);
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

if (!isTls) await crowd();
const kinds = isTls ? await secureKinds() : KINDS;
await Promise.all(Object.entries(kinds).map(([kind, bytes]) => slow(kind, bytes)));
process.exit(0);
