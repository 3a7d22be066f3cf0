// P9: one MCP request through our pool, policy and session beside the SDK's client alone, against the same TCP server in
// the same run; then 100 connections at once. The SDK has no TCP transport, so it is measured twice: with the line framing
// of its own stdio transport on a socket, which is what it comes with, and on our transport.
import { createConnection } from 'node:net';
import { Client, ReadBuffer, serializeMessage } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { createCounters } from '../../dist/hub/upstream/connection-counters.js';
import { transportFactory } from '../../dist/hub/upstream/open-transport.js';
import { openSession } from '../../dist/hub/upstream/session.js';
import { SessionPool } from '../../dist/hub/upstream/session-pool.js';
import { systemClock } from '../../dist/platform/clock.js';
import { serverSchema } from '../../dist/platform/config/schema.js';
import { startServer } from '../fanout/server.mjs';
import { withOpen } from '../fanout/window.mjs';
import { config, openPolicy } from './policy.mjs';
import { spread } from './spread.mjs';

const CONNECTIONS = 100;
const PART = 'P9: agent.list of a bare server over TCP';
const METHOD = 'agent.list';
const CALL = { kind: 'method', method: METHOD, params: {} };
const ignored = () => undefined;

export async function measureRoundTrips(context) {
  const { quick, log, serverCpu } = context;
  return withOpen(
    [() => startServer({ role: 'simulators', kinds: [], eventPrefix: 'event-' }, { cpu: serverCpu })],
    async (server) => {
      const [{ port }] = await server.order('servers');
      log('P9: one after the other');
      const one = await oneAfterTheOther(port, quick ? 20 : 120);
      log(`P9: ${CONNECTIONS} connections`);
      const many = await atOnce(port, server, quick ? 0.7 : 2);
      return resultOf(one, many);
    },
  );
}

function resultOf(one, many) {
  const bare = one.bare.median_us;
  const ratio = one.ours.median_us / bare;
  const row = (what, name) => ({
    part: PART,
    what,
    us: one[name].median_us,
    p99_us: one[name].p99_us,
    to_bare: one[name].median_us / bare,
    at_100_per_s: many[name].perSecond,
    core: many[name].core,
  });
  return {
    rows: [
      row('SDK client, its own framing', 'bare'),
      row('SDK client on our transport', 'onOurs'),
      row('our session', 'session'),
      row('our pool, policy and session', 'ours'),
    ],
    goals: [
      { id: 'P9', goal: 'sequential median ≤ 1.2 × the bare SDK client', measured: ratio, met: ratio <= 1.2 },
      {
        id: 'P9',
        goal: `${CONNECTIONS} connections ≥ 10,000 requests/s`,
        measured: many.ours.perSecond,
        met: many.ours.perSecond >= 10_000,
      },
    ],
  };
}

/** Turn by turn, so that what disturbs one disturbs the others. */
async function oneAfterTheOther(port, rounds) {
  const ours = await openOurs(port, openPolicy());
  const bare = await openSdk(new SdkFraming(port));
  const onOurs = await openSdk(ourTransport(port));
  const asks = { bare: bare.ask, onOurs: onOurs.ask, session: ours.askAlone, ours: ours.ask };
  const times = { bare: [], onOurs: [], session: [], ours: [] };
  for (const ask of Object.values(asks)) for (let i = 0; i < 300; i++) await ask();
  for (let round = 0; round < rounds; round++) {
    for (const [name, ask] of Object.entries(asks)) {
      for (let i = 0; i < 50; i++) {
        const begun = performance.now();
        await ask();
        times[name].push((performance.now() - begun) * 1_000);
      }
    }
  }
  await Promise.all([ours, bare, onOurs].map(({ close }) => close()));
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, spread(all)]));
}

/** Turn by turn too, and the best of three turns: what disturbs only slows. */
async function atOnce(port, server, seconds) {
  const policy = openPolicy();
  const [ours, bare, onOurs] = [[], [], []];
  for (let i = 0; i < CONNECTIONS; i++) {
    ours.push(await openOurs(port, policy));
    bare.push(await openSdk(new SdkFraming(port)));
    onOurs.push(await openSdk(ourTransport(port)));
  }
  const sets = { bare, onOurs, session: ours.map(({ askAlone }) => ({ ask: askAlone })), ours };
  const best = {};
  for (let turn = 0; turn < 3; turn++) {
    for (const [name, all] of Object.entries(sets)) {
      const run = await requestsOf(all, seconds * 1_000);
      if (best[name] === undefined || run.perSecond > best[name].perSecond) best[name] = run;
    }
  }
  await Promise.all([...ours, ...bare, ...onOurs].map(({ close }) => close()));
  return best;
}

async function requestsOf(all, ms) {
  let done = 0;
  const before = process.cpuUsage();
  const begun = performance.now();
  const loop = async ({ ask }) => {
    while (performance.now() - begun < ms) {
      await ask();
      done++;
    }
  };
  await Promise.all(all.map(loop));
  const tookMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  return { perSecond: (done * 1_000) / tookMs, core: (user + system) / 1_000 / tookMs };
}

async function openOurs(port, policy) {
  const server = serverSchema.parse({ id: 'bench', transport: 'tcp', host: '127.0.0.1', port });
  const counters = createCounters();
  const session = await openSession({
    openTransport: transportFactory(server, config.upstream, { counters, scratchRoot: '' }).open,
    connectTimeoutMs: 3_000,
    requestTimeoutMs: config.upstream.request_timeout_ms,
    counters,
    events: { onPush: ignored, onNoise: ignored, onClosed: ignored },
  });
  const pool = new SessionPool({
    lead: session,
    min: 1,
    max: () => 1,
    idleMs: 60_000,
    clock: systemClock,
    open: () => Promise.reject(new Error('one is enough')),
    onLeadChanged: ignored,
    onOpenFailed: ignored,
  });
  const { signal } = new AbortController();
  const options = { name: METHOD, repeat: true, signal };
  const askAlone = async () => taken(await session.call(CALL, signal));
  const attempt = (inner) => pool.use('any', (one) => one.call(CALL, inner));
  const ask = async () => taken(await policy.request(options, attempt));
  return { ask, askAlone, close: () => pool[Symbol.asyncDispose]() };
}

function taken(outcome) {
  if (!outcome.ok) throw new Error(outcome.message);
}

async function openSdk(transport) {
  const client = new Client({ name: 'bare', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(transport);
  const anything = z.unknown();
  return {
    ask: () => client.request({ method: METHOD, params: {} }, anything),
    close: () => client.close(),
  };
}

function ourTransport(port) {
  const server = serverSchema.parse({ id: 'bench', transport: 'tcp', host: '127.0.0.1', port });
  const { open } = transportFactory(server, config.upstream, { counters: createCounters(), scratchRoot: '' });
  return open({ onPush: ignored, onNoise: ignored }).transport;
}

/** What the SDK's stdio transport does, on a socket. */
class SdkFraming {
  #port;
  #socket;
  #buffer = new ReadBuffer();

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
    socket.on('data', (chunk) => {
      this.#buffer.append(chunk);
      for (let message = this.#buffer.readMessage(); message !== null; message = this.#buffer.readMessage()) {
        this.onmessage?.(message);
      }
    });
  }

  async send(message) {
    if (!this.#socket.write(serializeMessage(message))) {
      await new Promise((resolve) => {
        this.#socket.once('drain', resolve);
      });
    }
  }

  async close() {
    this.#socket.destroy();
  }
}
