// The way of an event from bytes to a batch of changes, of the gateway's own parts, without a socket.
import { seedDialect } from '../../dist/hub/upstream/dialects/seed.js';
import { EventReader } from '../../dist/hub/upstream/event-reader.js';
import { LineDecoder } from '../../dist/hub/upstream/transports/line-codec.js';
import { createUpstreamCounts } from '../../dist/hub/upstream/upstream-stats.js';
import { World } from '../../dist/hub/world/world.js';
import { systemClock } from '../../dist/platform/clock.js';
import { loadConfig } from '../../dist/platform/config/load.js';

const SERVER = 'bench';
/** Bytes of one read of a socket. */
const CHUNK_BYTES = 65_536;
const ignored = () => undefined;

/** `depth`: how far events go. `lines`: split and parsed; `read`: also understood by the dialect; `all`: into the world. */
export function openPipeline(depth) {
  const { config } = loadConfig({ files: [], flags: {}, environment: {} });
  const world = new World({ config: config.world, clock: systemClock, epoch: 'bench' });
  world.addServer({
    id: SERVER,
    type: 'claude-flow',
    simulated: true,
    transport: 'tcp',
    endpoint: 'tcp://127.0.0.1:0',
  });
  const counts = createUpstreamCounts();
  const session = seedDialect.open({
    name: undefined,
    version: undefined,
    protocolVersion: undefined,
    tools: new Set(),
  });
  const reader = new EventReader({
    serverId: SERVER,
    session,
    sink: depth === 'all' ? world : { observe: () => undefined },
    clock: systemClock,
    counts,
    onUnreadable: (error) => {
      throw error;
    },
  });
  const decoder = new LineDecoder({
    maxLineBytes: config.upstream.max_line_bytes,
    counters: counts,
    sink: {
      onMessage: ignored,
      onNoise: ignored,
      onEvent: depth === 'lines' ? ignored : (event) => reader.push(event),
    },
  });
  return {
    world,
    counts,
    /** Takes bytes as reads of a socket bring them; after each the microtasks run, in which a batch is observed. */
    async push(bytes) {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        decoder.push(bytes.subarray(at, at + CHUNK_BYTES));
        await Promise.resolve();
      }
    },
    flush: () => world.flush(Date.now()),
  };
}
