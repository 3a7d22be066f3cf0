// What an edge does beside handing bytes to the system: clients, views and replica in this process, with sockets that take
// everything and cost nothing. Says how much is made, and what a frame costs in the quieter third of the ticks.
import { Clients } from '../../dist/edge/clients/clients.js';
import { Replica } from '../../dist/edge/replica/replica.js';
import { Delta } from '../../dist/edge/views/delta.js';
import { FrameComposer } from '../../dist/edge/views/frame-composer.js';
import { ViewRegistry } from '../../dist/edge/views/view-registry.js';
import { configSchema } from '../../dist/platform/config/schema.js';
import { RegionWriter } from './region-writer.mjs';
import { ownHellos, sharedHellos } from './views.mjs';
import { changeBatch, createSnapshot } from './world.mjs';

const TICK_MS = 1_000 / 60;
const VIEWS = 100;
const CHANGES_PER_TICK = 2;
const ACK_TICKS = 30;
/** Slower clients share their turns from the second or third on. */
const WARM_TICKS = 300;
const QUIETER_SHARE = 0.3;
const VIEWER = { subject: 'anonymous', role: 'viewer', limits: {}, expires_at_ms: undefined, issued_at_ms: undefined };
const ACCESS = { verdict: { kind: 'identity', identity: VIEWER }, address: '' };
const FLEET = [
  ['high_frequency', 500],
  ['normal', 2_000],
  ['low_frequency', 10_000],
];
const CASES = {
  '1,000 at 60 Hz, 100 views': () => repeat(sharedHellos(VIEWS, 'high_frequency'), 1_000),
  '1,000 at 60 Hz, 1,000 views': () => ownHellos(1_000, VIEWS, 'high_frequency'),
  'the fleet of P2, 100 views': () => FLEET.flatMap(([mode, count]) => repeat(sharedHellos(VIEWS, mode), count)),
};

const made = { deltas: 0, frames: 0 };
countCalls(Delta.prototype, 'addHappened', 'deltas');
countCalls(FrameComposer.prototype, 'compose', 'frames');

export async function measureEdgeWork(context) {
  const ticks = context.quick ? 180 : 600;
  const part = `work of an edge without its sockets, ${CHANGES_PER_TICK * 60} changed agents a second`;
  return {
    rows: Object.entries(CASES).map(([what, hellos]) => ({ part, what, ...measure(hellos(), ticks) })),
    goals: [],
  };
}

function measure(hellos, ticks) {
  const stage = new Stage(hellos);
  for (let i = 0; i < WARM_TICKS; i++) stage.tick();
  made.deltas = 0;
  made.frames = 0;
  const framesBefore = stage.clients.counters.sum('frames');
  const times = [];
  for (let i = 0; i < ticks; i++) times.push(stage.tick());
  const sent = (stage.clients.counters.sum('frames') - framesBefore) / ticks;
  times.sort((a, b) => a - b);
  stage.clients[Symbol.dispose]();
  return {
    us_per_frame: times[Math.floor(ticks * QUIETER_SHARE)] / sent,
    sent_per_tick: sent,
    deltas_made_per_s: (made.deltas / ticks) * 60,
    frames_made_per_s: (made.frames / ticks) * 60,
  };
}

class Stage {
  #nowMs = 0;
  #tick = 0;
  #version = 1;
  #snapshot = createSnapshot({ epoch: 'bench' });
  #replica = new Replica({ tombstones: 10_000, flowLimit: 10_000 });
  #views;
  #swarms;
  #sockets;
  clients;

  constructor(hellos) {
    const config = { ...configSchema.parse({}).clients, max_clients: 20_000 };
    const clock = { now: () => Math.floor(this.#nowMs), monotonic: () => this.#nowMs };
    this.#views = new ViewRegistry(this.#replica, { maxViews: config.max_views });
    this.clients = new Clients({
      config,
      clock,
      replica: this.#replica,
      views: this.#views,
      isSimulated: () => true,
      discover: () => Promise.resolve({ servers: 1 }),
    });
    this.#replica.reset(this.#snapshot);
    this.#swarms = this.#snapshot.swarms.map(({ ref }) => {
      const slots = this.#snapshot.agents.filter(({ swarm }) => swarm === ref).map(({ slot }) => slot);
      const writer = new RegionWriter(ref, slots);
      this.#replica.onLayout({ kind: 'region', handle: writer.handle });
      return { ref, writer };
    });
    this.#sockets = hellos.map((hello) => {
      const socket = new FreeSocket();
      socket.session = this.clients.connect(socket, ACCESS);
      socket.say({ type: 'hello', payload: hello });
      return socket;
    });
  }

  /** Returns µs of the edge's own work. */
  tick() {
    this.#nowMs += TICK_MS;
    const tick = ++this.#tick;
    const frame = { tick, timeMs: this.#nowMs, settled: false, speedOf: () => 1 };
    const placeOf = (i, axis) => Math.cos(tick * 0.02 + i) * (10 + axis);
    for (const { writer, ref } of this.#swarms) writer.publish({ ...frame, origin: [ref * 64, 0, 0], placeOf });
    const first = (tick * CHANGES_PER_TICK) % this.#snapshot.agents.length;
    const batch = changeBatch(this.#snapshot, ++this.#version, first, CHANGES_PER_TICK, tick);
    const begun = performance.now();
    this.#replica.apply(batch);
    const moved = this.#swarms.map(({ ref }) => ref);
    this.#replica.onLayout({ kind: 'tick', tick, time_ms: this.#nowMs, moved });
    this.#views.beginTick();
    this.clients.tick(1);
    for (let i = tick % ACK_TICKS; i < this.#sockets.length; i += ACK_TICKS) {
      this.#sockets[i].say({ type: 'ack', payload: { tick } });
    }
    return (performance.now() - begun) * 1_000;
  }
}

class FreeSocket {
  coding = 'msgpack';
  session;

  say(message) {
    this.session.receive(Buffer.from(JSON.stringify(message)), false);
  }

  send() {
    return 'sent';
  }

  bufferedAmount() {
    return 0;
  }

  cork(run) {
    run();
  }

  ping() {
    this.session.ponged();
  }

  close() {}
}

function repeat(hellos, count) {
  return Array.from({ length: count }, (_, i) => hellos[i % hellos.length]);
}

function countCalls(prototype, name, counter) {
  const method = prototype[name];
  if (method === undefined) throw new Error(`there is no ${name} to count`);
  prototype[name] = function counted(...input) {
    made[counter]++;
    return method.apply(this, input);
  };
}
