// P9: one MCP call through our session beside the SDK's client alone, over the same TCP server in the same run; then 100
// connections at once.
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/client';
import { createCounters } from '../../dist/hub/upstream/connection-counters.js';
import { transportFactory } from '../../dist/hub/upstream/open-transport.js';
import { openSession } from '../../dist/hub/upstream/session.js';
import { loadConfig } from '../../dist/platform/config/load.js';
import { serverSchema } from '../../dist/platform/config/schema.js';
import { startServer } from '../fanout/server.mjs';
import { median, withOpen } from '../fanout/window.mjs';

const CONNECTIONS = 100;
const WARM_UP = 300;
const PART = 'P9: tools/call to a bare server over TCP';

export async function measureRoundTrips(context) {
  const { quick, log, serverCpu } = context;
  const calls = quick ? 1_000 : 4_000;
  return withOpen(
    [() => startServer({ role: 'simulators', kinds: [], eventPrefix: 'event-' }, { cpu: serverCpu })],
    async (server) => {
      const [{ port }] = await server.order('servers');
      log('P9: one after the other');
      const bare = [];
      const ours = [];
      // In turns, so that a busy moment of the machine falls on both.
      for (let round = 0; round < 4; round++) {
        bare.push(...(await sequential(await openBare(port), calls / 4)));
        ours.push(...(await sequential(await openOurs(port), calls / 4)));
      }
      log('P9: 100 connections');
      const many = await concurrent(port, server, quick ? 2 : 5);
      return resultOf(median(bare), median(ours), many);
    },
  );
}

function resultOf(bare, ours, many) {
  const ratio = ours / bare;
  return {
    rows: [
      { part: PART, what: 'SDK client, median', us: bare },
      { part: PART, what: 'our session, median', us: ours, to_bare: ratio },
      {
        part: PART,
        what: `${CONNECTIONS} sessions at once`,
        calls_per_s: many.perSecond,
        core: many.core,
        server_core: many.serverCore,
      },
    ],
    goals: [
      { id: 'P9', goal: 'sequential median ≤ 1.2 × the bare SDK client', measured: ratio, met: ratio <= 1.2 },
      {
        id: 'P9',
        goal: '100 connections ≥ 10,000 requests/s',
        measured: many.perSecond,
        met: many.perSecond >= 10_000,
      },
    ],
  };
}

async function sequential({ call, close }, calls) {
  try {
    for (let i = 0; i < WARM_UP; i++) await call();
    const times = [];
    for (let i = 0; i < calls; i++) {
      const begun = process.hrtime.bigint();
      await call();
      times.push(Number(process.hrtime.bigint() - begun) / 1_000);
    }
    return times;
  } finally {
    await close();
  }
}

async function concurrent(port, server, seconds) {
  const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => openOurs(port)));
  try {
    let calls = 0;
    let counted = true;
    const untilMs = performance.now() + seconds * 1_000;
    const before = process.cpuUsage();
    const serverBefore = await server.order('usage');
    const begunMs = performance.now();
    await Promise.all(
      sessions.map(async ({ call }) => {
        while (performance.now() < untilMs) {
          await call();
          if (counted) calls++;
        }
      }),
    );
    counted = false;
    const tookMs = performance.now() - begunMs;
    const { user, system } = process.cpuUsage(before);
    const serverUs = (await server.order('usage')).cpuUs - serverBefore.cpuUs;
    return {
      perSecond: (calls * 1_000) / tookMs,
      core: (user + system) / 1_000 / tookMs,
      serverCore: serverUs / 1_000 / tookMs,
    };
  } finally {
    for (const { close } of sessions) await close();
  }
}

const TOOL = 'echo';
const ignored = () => undefined;

/** Our session as an upstream opens it. */
async function openOurs(port) {
  const { config } = loadConfig({ files: [], flags: {}, environment: {} });
  const server = serverSchema.parse({ id: 'bare', transport: 'tcp', host: '127.0.0.1', port });
  const counters = createCounters();
  const transports = transportFactory(server, config.upstream, { counters, scratchRoot: '' });
  const session = await openSession({
    openTransport: transports.open,
    connectTimeoutMs: 3_000,
    requestTimeoutMs: 10_000,
    counters,
    events: { onPush: ignored, onNoise: ignored, onClosed: ignored },
  });
  return {
    call: async () => {
      const outcome = await session.call({ kind: 'tool', tool: TOOL, args: {} });
      if (!outcome.ok) throw new Error(outcome.message);
    },
    close: () => session.close(),
  };
}

/** The SDK's client with the least that makes it speak over TCP. */
async function openBare(port) {
  const client = new Client({ name: 'bare', version: '1' });
  await client.connect(new BareTransport(port));
  return {
    call: () => client.callTool({ name: TOOL, arguments: {} }),
    close: () => client.close(),
  };
}

class BareTransport {
  #port;
  #socket;

  constructor(port) {
    this.#port = port;
  }

  async start() {
    const socket = createConnection({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('error', (error) => this.onerror?.(error));
    socket.on('close', () => this.onclose?.());
    createInterface({ input: socket }).on('line', (line) => this.onmessage?.(JSON.parse(line)));
  }

  async send(message) {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  async close() {
    this.#socket.destroy();
  }
}
