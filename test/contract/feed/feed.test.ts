import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { FeedClosedError } from '../../../src/feed/errors.ts';
import type {
  EdgeFeed,
  EdgeRequests,
  EdgeStatus,
  FeedListener,
  HubFeed,
  HubRequests,
  Responder,
} from '../../../src/feed/feed.ts';
import { createMemoryFeed } from '../../../src/feed/memory.ts';
import { createThreadEdgeFeed, createThreadHubFeed } from '../../../src/feed/thread.ts';
import type { ChangeBatch, WorldSnapshot } from '../../../src/model/change.ts';
import type { LayoutEvent, LayoutSink } from '../../../src/model/position-region.ts';

interface Pair {
  hub: HubFeed;
  connectEdge: () => EdgeFeed;
}

const implementations: { name: string; create: () => Pair }[] = [
  { name: 'memory', create: () => createMemoryFeed() },
  {
    name: 'thread',
    create: () => {
      const hub = createThreadHubFeed();
      return {
        hub,
        connectEdge: () => {
          const { port1, port2 } = new MessageChannel();
          hub.addEdge(port1);
          return createThreadEdgeFeed(port2);
        },
      };
    },
  },
];

const snapshot = (version: number, epoch = 'e1'): WorldSnapshot => ({
  epoch,
  version,
  time_ms: 1_700_000_000_000,
  servers: [],
  swarms: [],
  agents: [],
  links: [],
  tasks: [],
  membership: [[7, version]],
});
const batch = (version: number, epoch = 'e1'): ChangeBatch => ({
  epoch,
  version,
  time_ms: 1_700_000_000_000 + version,
  tasks: {
    added: [{ ref: version, id: `t${version}`, server_id: 's', progress: 0.25, description: undefined }],
    updated: [{ ref: 9, progress: null }],
    removed: [3, 0x7fff_ffff],
  },
});

/** Records what an edge hears and lets a test wait for the n-th event. */
function recorder() {
  const events: string[] = [];
  const batches: ChangeBatch[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const note = (event: string): void => {
    events.push(event);
    for (const waiter of waiters) if (events.length >= waiter.count) waiter.resolve();
  };
  const listener: FeedListener = {
    onSnapshot: (s) => note(`snapshot ${s.epoch} ${s.version}`),
    onChanges: (b) => {
      batches.push(b);
      note(`changes ${b.epoch} ${b.version}`);
    },
    onLayout: (e) => note(e.kind === 'tick' ? `tick ${e.tick}` : e.kind),
    onClosed: () => note('closed'),
  };
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      if (events.length >= count) resolve();
      else waiters.push({ count, resolve });
    });
  return { events, batches, listener, until };
}

const status = (edgeId: number): EdgeStatus => ({
  edge_id: edgeId,
  clients: 0,
  views: 0,
  refusals: {},
  clients_by_mode: {},
  costs: [],
  bounds: [],
  metrics: {},
});
const edgeResponder = (edgeId: number): Responder<EdgeRequests> => ({
  status: () => status(edgeId),
  drain: () => ({}),
  clients: () => ({ edge_id: edgeId, total: 0, clients: [] }),
  set_mode: () => ({ edge_id: edgeId, held: false }),
  cap: () => ({ edge_id: edgeId, changed: 0 }),
});
const hubResponder: Responder<HubRequests> = {
  http: (request) => ({
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: new TextEncoder().encode(`${request.method} ${request.url} ${request.body?.byteLength ?? 'none'}`),
  }),
  discover: () => {
    throw new RangeError('no sources');
  },
  command: () => ({ ok: false, failure: { code: 'internal', message: 'not in this test' } }),
  settings: () => ({ cap: null }),
};

const source = (version: number, sinks: LayoutSink[] = []) => ({
  snapshot: () => snapshot(version),
  connectLayout: (sink: LayoutSink) => void sinks.push(sink),
});

describe.each(implementations)('feed: $name', ({ create }) => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  });
  const pair = (): Pair => {
    const made = create();
    open.push(made.hub);
    return {
      hub: made.hub,
      connectEdge: () => {
        const edge = made.connectEdge();
        open.push(edge);
        return edge;
      },
    };
  };

  test('a snapshot comes first, then every batch in order, then a new epoch', async () => {
    const { hub, connectEdge } = pair();
    const heard = recorder();
    connectEdge().listen(heard.listener, edgeResponder(0));
    hub.serve(source(4), hubResponder);
    hub.publish(batch(5));
    hub.publish(batch(6));
    hub.reset(snapshot(1, 'e2'));
    hub.publish(batch(2, 'e2'));
    await heard.until(5);
    expect(heard.events).toEqual(['snapshot e1 4', 'changes e1 5', 'changes e1 6', 'snapshot e2 1', 'changes e2 2']);
  });

  test('a batch arrives whole: nulls stay, absent fields stay absent', async () => {
    const { hub, connectEdge } = pair();
    const heard = recorder();
    hub.serve(source(4), hubResponder);
    connectEdge().listen(heard.listener, edgeResponder(0));
    hub.publish(batch(5));
    await heard.until(2);
    const [received] = heard.batches;
    expect(received?.tasks).toStrictEqual({
      added: [{ ref: 5, id: 't5', server_id: 's', progress: 0.25 }],
      updated: [{ ref: 9, progress: null }],
      removed: [3, 0x7fff_ffff],
    });
  });

  test('every edge hears the same, and a late one starts from the current snapshot', async () => {
    const { hub, connectEdge } = pair();
    let version = 1;
    hub.serve({ snapshot: () => snapshot(version), connectLayout: () => undefined }, hubResponder);
    const first = recorder();
    connectEdge().listen(first.listener, edgeResponder(0));
    version = 2;
    hub.publish(batch(2));
    const second = recorder();
    connectEdge().listen(second.listener, edgeResponder(1));
    version = 3;
    hub.publish(batch(3));
    await Promise.all([first.until(3), second.until(2)]);
    expect(first.events.slice(-2)).toEqual(['changes e1 2', 'changes e1 3']);
    expect(second.events).toEqual(['snapshot e1 2', 'changes e1 3']);
  });

  test('layout events reach the edge through its sink, from several workers', async () => {
    const { hub, connectEdge } = pair();
    const sinks: LayoutSink[] = [];
    hub.serve(source(1, sinks), hubResponder);
    const heard = recorder();
    connectEdge().listen(heard.listener, edgeResponder(0));
    expect(sinks).toHaveLength(1);
    const posts = sinks.flatMap((sink) => [openSink(sink, open), openSink(sink, open)]);
    posts[0]?.({ kind: 'region', handle: { swarm: 1, buffer: new SharedArrayBuffer(64), byteOffset: 0, capacity: 2 } });
    posts[0]?.({ kind: 'tick', tick: 8, time_ms: 5, moved: [1] });
    posts[1]?.({ kind: 'region-gone', swarm: 1 });
    await heard.until(4);
    expect(heard.events.toSorted()).toEqual(['region', 'region-gone', 'snapshot e1 1', 'tick 8']);
    expect(heard.events.indexOf('region')).toBeLessThan(heard.events.indexOf('tick 8'));
  });

  test('an edge asks its hub; what the hub throws crosses with name and message', async () => {
    const { hub, connectEdge } = pair();
    const edge = connectEdge();
    edge.listen(recorder().listener, edgeResponder(0));
    // Asked before the hub serves: answered once it does.
    const early = edge.request('http', { method: 'GET', url: '/a?b', headers: {}, body: new Uint8Array(3) });
    hub.serve(source(1), hubResponder);
    expect(new TextDecoder().decode((await early).body)).toBe('GET /a?b 3');
    await expect(edge.request('discover', {})).rejects.toMatchObject({ name: 'RangeError', message: 'no sources' });
  });

  test('the hub asks all edges; those that fail or stay silent are left out', async () => {
    const { hub, connectEdge } = pair();
    hub.serve(source(1), hubResponder);
    connectEdge().listen(recorder().listener, edgeResponder(1));
    connectEdge().listen(recorder().listener, {
      ...edgeResponder(2),
      status: () => Promise.reject(new Error('no')),
    });
    connectEdge().listen(recorder().listener, {
      ...edgeResponder(3),
      status: () => new Promise<EdgeStatus>(() => undefined),
    });
    expect(await hub.askEdges('status', {}, 100)).toEqual([status(1)]);
  });

  test('closing the hub tells edges and rejects what is pending', async () => {
    const { hub, connectEdge } = pair();
    hub.serve(source(1), { ...hubResponder, discover: () => new Promise(() => undefined) });
    const heard = recorder();
    const edge = connectEdge();
    edge.listen(heard.listener, edgeResponder(0));
    const pending = edge.request('discover', {}).catch((error: unknown) => error);
    await heard.until(1);
    await hub[Symbol.asyncDispose]();
    await hub[Symbol.asyncDispose]();
    expect(await pending).toBeInstanceOf(FeedClosedError);
    await heard.until(2);
    expect(heard.events.at(-1)).toBe('closed');
    await expect(edge.request('discover', {})).rejects.toBeInstanceOf(FeedClosedError);
    await expect(hub.askEdges('status', {}, 10)).rejects.toBeInstanceOf(FeedClosedError);
  });

  test('an edge that closes is forgotten and hears nothing more', async () => {
    const { hub, connectEdge } = pair();
    hub.serve(source(1), hubResponder);
    const heard = recorder();
    const edge = connectEdge();
    edge.listen(heard.listener, edgeResponder(3));
    await heard.until(1);
    await edge[Symbol.asyncDispose]();
    hub.publish(batch(2));
    expect(await hub.askEdges('status', {}, 50)).toEqual([]);
    expect(heard.events).toEqual(['snapshot e1 1']);
    await expect(edge.request('discover', {})).rejects.toBeInstanceOf(FeedClosedError);
  });
});

function openSink(sink: LayoutSink, open: AsyncDisposable[]): (event: LayoutEvent) => void {
  if (sink.kind === 'direct') return sink.post;
  const port = sink.openPort();
  open.push({
    [Symbol.asyncDispose]: () => {
      port.close();
      return Promise.resolve();
    },
  });
  return (event) => port.postMessage(event);
}
