// The peers: servers that do nothing but send the frames that were captured from ours, tick by tick, as shared buffers.
import { createServer } from 'node:http';
import { Server as SocketIoServer } from 'socket.io';
import * as uws from 'uWebSockets.js';
import { WebSocketServer } from 'ws';

const TICK_MS = 1_000 / 60;
const library = { ...uws, ...uws.default };
const viewOf = (url) => Number(new URL(url, 'http://peer').searchParams.get('view'));

/** `frames`: one captured frame per view, base64. */
export async function openPeer({ peer, frames }) {
  const views = frames.map((frame) => ({ frame: Buffer.from(frame, 'base64'), clients: [] }));
  const server = await { uws: openUws, 'uws fleet': openUwsFleet, ws: openWs, socketio: openSocketIo }[peer](views);
  const stop = everyTick((tick, timeMs) => {
    for (const [v, view] of views.entries()) {
      // A new buffer each tick, as any server has to make one.
      const bytes = Buffer.from(view.frame);
      bytes.writeUInt32LE(tick >>> 0, 4);
      bytes.writeDoubleLE(timeMs, 8);
      server.send(view.clients, bytes, v, tick);
    }
  });
  return {
    port: server.port,
    threads: [],
    orders: {},
    async close() {
      stop();
      await server.close();
    },
  };
}

function everyTick(act) {
  const begun = performance.now();
  let tick = 0;
  let timer;
  const arm = () => {
    timer = setTimeout(
      () => {
        // What is late is skipped, as in our own clock.
        tick = Math.max(tick + 1, Math.floor((performance.now() - begun) / TICK_MS));
        act(tick, performance.timeOrigin + begun + tick * TICK_MS);
        arm();
      },
      Math.max(0, begun + (tick + 1) * TICK_MS - performance.now()),
    );
  };
  arm();
  return () => clearTimeout(timer);
}

function openUws(views) {
  return serveUws(views, (clients, bytes) => {
    for (const client of clients) client.send(bytes, true, false);
  });
}

/** Clients say in `every` of how many ticks they want one; those of one view and rate are spread over its ticks. */
function openUwsFleet(views) {
  return serveUws(views, (clients, bytes, _, tick) => {
    const phases = (clients.phases ??= phasesOf(clients));
    for (const [every, buckets] of phases) {
      for (const client of buckets[tick % every]) client.send(bytes, true, false);
    }
  });
}

function phasesOf(clients) {
  const phases = new Map();
  for (const client of clients) {
    const { every } = client.getUserData();
    if (!phases.has(every)) phases.set(every, { next: 0, buckets: Array.from({ length: every }, () => []) });
    const rate = phases.get(every);
    rate.buckets[rate.next++ % every].push(client);
  }
  return [...phases].map(([every, { buckets }]) => [every, buckets]);
}

async function serveUws(views, send) {
  const app = library.App();
  // Those without a view are only there.
  const change = (ws, act) => {
    const clients = views[ws.getUserData().view]?.clients;
    if (clients === undefined) return;
    act(clients);
    clients.phases = undefined;
  };
  app.ws('/*', {
    maxBackpressure: 16 * 1_024 * 1_024,
    idleTimeout: 0,
    upgrade: (res, req, context) => {
      const query = new URLSearchParams(req.getQuery());
      const state = { view: Number(query.get('view')), every: Number(query.get('every') ?? 1) };
      const header = (name) => req.getHeader(name);
      res.upgrade(state, header('sec-websocket-key'), '', header('sec-websocket-extensions'), context);
    },
    open: (ws) => change(ws, (clients) => clients.push(ws)),
    // Acknowledgements come here too: it takes them and does nothing.
    message: () => undefined,
    close: (ws) => change(ws, (clients) => leave(clients, ws)),
  });
  const socket = await new Promise((resolve) => app.listen('127.0.0.1', 0, resolve));
  return {
    port: (library.us_socket_local_port ?? library.getSocketPort)(socket),
    send,
    close: async () => {
      app.close();
      await new Promise(setImmediate);
    },
  };
}

async function openWs(views) {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (client, request) => {
    const { clients } = views[viewOf(request.url)];
    clients.push(client);
    client.on('error', () => undefined);
    client.on('close', () => leave(clients, client));
  });
  await listening(server);
  return {
    port: server.address().port,
    send: (clients, bytes) => {
      for (const client of clients) client.send(bytes);
    },
    close: () => shut(server, () => sockets.clients.forEach((client) => client.terminate())),
  };
}

async function openSocketIo() {
  const server = createServer();
  const io = new SocketIoServer(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
  // One room per view: the adapter encodes once for all of it.
  io.on('connection', (socket) => void socket.join(`view-${socket.handshake.auth.view}`));
  await listening(server);
  return {
    port: server.address().port,
    send: (_, bytes, view) => io.to(`view-${view}`).emit('frame', bytes),
    close: () => shut(server, () => io.disconnectSockets(true)),
  };
}

function leave(clients, client) {
  const at = clients.indexOf(client);
  if (at >= 0) clients.splice(at, 1);
}

function listening(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

async function shut(server, cut) {
  cut();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
