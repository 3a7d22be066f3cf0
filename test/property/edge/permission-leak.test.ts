/**
 * Whoever may see only a part gets no byte of the rest: every text of a random world is a mark of its own and every ref
 * is known, the socket's bytes are searched raw, and what is decoded is walked for refs.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clients } from '../../../src/edge/clients/clients.ts';
import type { Coding, SendResult } from '../../../src/edge/clients/client-socket.ts';
import { Replica } from '../../../src/edge/replica/replica.ts';
import { ViewRegistry } from '../../../src/edge/views/view-registry.ts';
import type { AgentRecord } from '../../../src/model/agent.ts';
import type { ChangeBatch } from '../../../src/model/change.ts';
import { agentRef, plainRef, type Ref } from '../../../src/model/ids.ts';
import type { LinkRecord } from '../../../src/model/link.ts';
import type { ServerRecord } from '../../../src/model/server.ts';
import type { SwarmRecord } from '../../../src/model/swarm.ts';
import type { TaskRecord } from '../../../src/model/task.ts';
import { accepted, type Identity, type Limits } from '../../../src/platform/auth/identity.ts';
import { SHOWABLE_FIELDS, type ShowableField } from '../../../src/platform/auth/showable-fields.ts';
import { configSchema } from '../../../src/platform/config/schema.ts';
import { unpackMessage } from '../../../src/protocol/codec.ts';
import { decodeFrame } from '../../../src/protocol/frames.ts';
import { HandLayout } from '../../support/hand-layout.ts';

const SERVERS = ['s0', 's1', 's2'];
const SWARMS = SERVERS.flatMap((server) => [`${server}/w0`, `${server}/w1`]);
const AGENTS_PER_SWARM = 2;
/** Beyond every number that a message carries for another reason. */
const FIRST_REF = 4_000_000;

/** Where something belongs, and the field that has to be allowed for it; `whole`: nothing of the server may be hidden. */
interface Place {
  server: string;
  swarm?: string | undefined;
  field?: ShowableField | undefined;
  whole?: boolean;
  /** Only for those from whom nothing at all is hidden. */
  unlimited?: boolean;
}

function maySee(limits: Limits, { server, swarm, field, whole, unlimited }: Place): boolean {
  const { servers, swarms, fields } = limits;
  if (unlimited === true && (servers ?? swarms ?? fields) !== undefined) return false;
  if (servers !== undefined && !servers.includes(server)) return false;
  if (field !== undefined && fields !== undefined && !fields.includes(field)) return false;
  if (swarms === undefined) return true;
  if (whole === true) return false;
  return swarm === undefined ? swarms.some((key) => key.startsWith(`${server}/`)) : swarms.includes(swarm);
}

/** A world in which every text is unique and remembered with its place. */
class MarkedWorld {
  readonly marks = new Map<string, Place[]>();
  /** Refs that stand for something by themselves; a ref of a link needs both of its ends. */
  readonly refs = new Map<Ref, Place[]>();
  readonly servers = new Map<string, ServerRecord>();
  readonly swarms = new Map<string, SwarmRecord>();
  readonly agents = new Map<Ref, AgentRecord>();
  readonly links = new Map<Ref, LinkRecord>();
  readonly tasks = new Map<Ref, TaskRecord>();
  #next = FIRST_REF;

  constructor() {
    for (const id of SERVERS) this.#addServer(id);
    for (const key of SWARMS) {
      this.#addSwarm(key);
      for (let i = 0; i < AGENTS_PER_SWARM; i++) this.agent(key, i);
    }
  }

  mark(...places: Place[]): string {
    const text = `~${(this.#next++).toString(36)}~`;
    this.marks.set(text, places);
    return text;
  }

  ref(make: (hub: number, n: number) => Ref, ...places: Place[]): Ref {
    const ref = make(0, this.#next++);
    this.refs.set(ref, places);
    return ref;
  }

  health(server: string): ServerRecord['health'] {
    const last_error = this.mark({ server, unlimited: true });
    const evidence = { consecutive_failures: 1, consecutive_successes: 0, last_error };
    return { state: 'degraded', reason: this.mark({ server, unlimited: true }), since_ms: 1, evidence };
  }

  agent(swarmKey: string, slot: number): AgentRecord {
    const swarm = this.swarms.get(swarmKey);
    if (swarm === undefined) throw new Error(swarmKey);
    const place = { server: swarm.server_id, swarm: swarmKey };
    const of = (field: ShowableField) => this.mark({ ...place, field });
    const id = this.mark(place);
    const record: AgentRecord = {
      ref: this.ref(agentRef, place),
      key: `${swarmKey}/${id}`,
      id,
      swarm: swarm.ref,
      server_id: swarm.server_id,
      server_type: 'other',
      type: this.mark(place),
      status: 'idle',
      slot,
      name: of('name'),
      status_raw: of('status_raw'),
      capabilities: [of('capabilities')],
      current_task: of('current_task'),
      model: of('model'),
      neural: { cognitive_pattern: of('neural') },
      visual: { color: of('visual') },
      performance: { [of('performance')]: 1 },
      provenance: { 'performance.cpu_usage': 'simulated', [`name.${of('name')}`]: 'derived', visual: 'derived' },
    };
    this.agents.set(record.ref, record);
    return record;
  }

  link(from: AgentRecord, to: AgentRecord): LinkRecord {
    const places = [from, to].map((end) => ({ ...this.placeOf(end), field: 'topology' as const }));
    const ref = this.ref(plainRef, ...places);
    const record = {
      ref,
      swarm: from.swarm,
      from: from.ref,
      to: to.ref,
      kind: 'communication',
      source: 'reported',
    } as const;
    this.links.set(ref, record);
    return record;
  }

  task(server: string, swarmKey: string | undefined, assignees: Ref[]): TaskRecord {
    const place: Place = { server, swarm: swarmKey, field: 'tasks', whole: swarmKey === undefined };
    const swarm = swarmKey === undefined ? undefined : this.swarms.get(swarmKey)?.ref;
    const ref = this.ref(plainRef, place);
    const texts = { id: this.mark(place), description: this.mark(place), status: this.mark(place) };
    const record = { ref, server_id: server, ...texts, assignees, ...(swarm === undefined ? {} : { swarm }) };
    this.tasks.set(ref, record);
    return record;
  }

  placeOf({ swarm }: { swarm: Ref }): Place {
    const home = [...this.swarms.values()].find(({ ref }) => ref === swarm);
    return { server: home?.server_id ?? '', swarm: home?.key };
  }

  #addServer(server: string): void {
    const of = (field: ShowableField, whole = false) => this.mark({ server, field, whole });
    this.servers.set(server, {
      ref: this.ref(plainRef, { server }),
      id: server,
      type: 'other',
      simulated: server === 's2',
      transport: 'tcp',
      endpoint: of('endpoint'),
      name: this.mark({ server }),
      metrics: { [of('metrics', true)]: 1 },
      neural: { [of('neural', true)]: 1 },
      health: this.health(server),
    });
  }

  #addSwarm(key: string): void {
    const [server = '', id = ''] = key.split('/');
    const place = { server, swarm: key };
    const ref = this.ref(plainRef, place);
    const topology = this.mark(place);
    this.swarms.set(key, { ref, key, id, server_id: server, server_type: 'other', topology, slots_rev: 0 });
  }
}

/** Keeps the bytes as they would leave. */
class RawSocket {
  readonly sent: { bytes: Buffer; isBinary: boolean }[] = [];
  closed = false;
  readonly coding: Coding;

  constructor(coding: Coding) {
    this.coding = coding;
  }

  send(message: string | Uint8Array, isBinary: boolean): SendResult {
    this.sent.push({ bytes: Buffer.from(message as string), isBinary });
    return 'sent';
  }
  bufferedAmount(): number {
    return 0;
  }
  cork(body: () => void): void {
    body();
  }
  ping(): void {}
  close(): void {
    this.closed = true;
  }
}

function* numbersIn(value: unknown): Iterable<number> {
  if (typeof value === 'number') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* numbersIn(item);
}

/** Everything that was sent and may not have been; `seen` counts what was found that may. */
function leaksIn(socket: RawSocket, world: MarkedWorld, limits: Limits): { leaks: string[]; seen: number } {
  const leaks: string[] = [];
  let seen = 0;
  const found = (what: string, places: readonly Place[]) => {
    if (places.every((place) => maySee(limits, place))) seen++;
    else leaks.push(`${what} of ${JSON.stringify(places)}`);
  };
  const check = (ref: number, where: string) => {
    const places = world.refs.get(ref);
    if (places !== undefined) found(`ref ${ref} in ${where}`, places);
  };
  const checkFrame = (bytes: Buffer) => {
    for (const { swarmRef } of decodeFrame(bytes).sections) {
      const place = [...world.swarms.values()].find(({ ref }) => ref === swarmRef);
      found('a frame', [{ server: place?.server_id ?? '', swarm: place?.key, field: 'positions' }]);
    }
  };
  const checkNames = (text: string) => {
    for (const id of SERVERS) if (text.includes(`"${id}"`)) found(`"${id}" in ${text.slice(0, 90)}`, [{ server: id }]);
    for (const key of SWARMS) {
      if (text.includes(key)) found(`${key} in ${text.slice(0, 90)}`, [{ server: key.slice(0, 2), swarm: key }]);
    }
  };
  for (const { bytes, isBinary } of socket.sent) {
    if (isBinary && bytes[0] === 1) {
      checkFrame(bytes);
      continue;
    }
    const text = bytes.toString('latin1');
    for (const [mark] of text.matchAll(/~\w+~/g)) found(`${mark} in ${text.slice(0, 90)}`, world.marks.get(mark) ?? []);
    const decoded = isBinary ? unpackMessage(bytes) : (JSON.parse(bytes.toString('utf8')) as unknown);
    for (const value of numbersIn(decoded)) check(value, text.slice(0, 90));
    // A client is told its own limits, as they stand in its token.
    if ((decoded as { type?: string }).type !== 'welcome') checkNames(text);
  }
  return { leaks, seen };
}

type Act =
  | { act: 'patch' | 'remove' | 'add' | 'health' | 'tick' | 'move' | 'flow' | 'event' | 'swarm'; a: number; b: number }
  | { act: 'link' | 'unlink' | 'task' | 'untask'; a: number; b: number }
  | { act: 'send'; message: object }
  | { act: 'renew'; limits: Limits };

const limitsOf: fc.Arbitrary<Limits> = fc.record({
  servers: fc.option(fc.subarray(SERVERS), { nil: undefined }),
  swarms: fc.option(fc.subarray(SWARMS), { nil: undefined }),
  fields: fc.option(fc.subarray([...SHOWABLE_FIELDS]), { nil: undefined }),
});
const index = fc.nat(50);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constantFrom(
        'patch',
        'remove',
        'add',
        'health',
        'tick',
        'move',
        'flow',
        'event',
        'swarm',
        'link',
        'unlink',
        'task',
        'untask',
      ),
      a: index,
      b: index,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('send' as const),
      message: fc.constantFrom(
        { type: 'discover', id: 1, payload: {} },
        { type: 'resync', id: 2, payload: {} },
        { type: 'request_update', id: 3, payload: {} },
        { type: 'performance_mode', id: 4, payload: { mode: 'on_demand' } },
        { type: 'performance_mode', id: 5, payload: { mode: 'high_frequency' } },
        { type: 'update_filters', id: 6, payload: { include_performance: false, include_neural: false } },
        { type: 'update_filters', id: 7, payload: { include_performance: true, include_topology: false } },
        { type: 'update_filters', id: 8, payload: { include_topology: true, statuses: ['idle', 'busy'] } },
        { action: 'request_agents', data: {} },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('renew' as const), limits: limitsOf }) },
);

/** One edge and one viewer; runs what happens, and returns what reached the socket that should not have. */
async function run(limits: Limits, coding: Coding, acts: readonly Act[], resumes: boolean) {
  const world = new MarkedWorld();
  const replica = new Replica({ tombstones: 1_000, flowLimit: 100 });
  const views = new ViewRegistry(replica, { maxViews: 100, departures: 20, entitiesPerMessage: 5 });
  let nowMs = 0;
  const clock = { now: () => 1_700_000_000_000 + nowMs, monotonic: () => nowMs };
  const identityOf = (allowed: Limits): Identity => ({
    subject: 'ada',
    role: 'viewer',
    limits: allowed,
    expires_at_ms: undefined,
    issued_at_ms: undefined,
  });
  let renewed = limits;
  const clients = new Clients({
    config: configSchema.parse({ clients: { messages_per_second: 100_000 } }).clients,
    clock,
    replica,
    views,
    authenticate: () => accepted(identityOf(renewed)),
    command: () => Promise.reject(new Error('limited clients reach no hub')),
    discover: () => Promise.resolve({ servers: 77 }),
  });
  const layouts = [...world.swarms.values()].map(({ ref }) => new HandLayout(ref, AGENTS_PER_SWARM));
  let version = 1;
  replica.reset({
    epoch: 'e1',
    version,
    time_ms: clock.now(),
    servers: [...world.servers.values()],
    swarms: [...world.swarms.values()],
    agents: [...world.agents.values()],
    links: [],
    tasks: [],
    membership: [...world.swarms.values()].map(({ ref }): [Ref, number] => [ref, AGENTS_PER_SWARM]),
  });
  for (const layout of layouts) replica.onLayout({ kind: 'region', handle: layout.handle });
  const tick = (moved: boolean) => {
    nowMs += 1_000 / 60;
    for (const layout of layouts) replica.onLayout(moved ? layout.publish(nowMs % 9) : layout.next());
    views.beginTick();
    clients.tick(1);
  };
  const apply = (changes: Omit<ChangeBatch, 'epoch' | 'version' | 'time_ms'>) => {
    replica.apply({ epoch: 'e1', version: ++version, time_ms: clock.now(), ...changes });
    if (replica.turnedVersion === version) clients.noteHealthTurned();
  };

  const leaks: string[] = [];
  let seen = 0;
  let allowed = limits;
  const open = (cursor?: string) => {
    const socket = new RawSocket(coding);
    const session = clients.connect(socket, { verdict: accepted(identityOf(allowed)), address: '' });
    const send = (message: object) => session?.receive(Buffer.from(JSON.stringify(message)), false);
    send({
      type: 'hello',
      id: 0,
      payload: { mode: 'high_frequency', ...(cursor === undefined ? {} : { resume: { cursor } }) },
    });
    return { socket, send, session };
  };
  const inspect = ({ socket }: { socket: RawSocket }) => {
    const result = leaksIn(socket, world, allowed);
    leaks.push(...result.leaks);
    seen += result.seen;
  };
  let client = open();
  const pickOf = <T>(table: Map<unknown, T>, n: number): T | undefined =>
    [...table.values()][n % Math.max(1, table.size)];
  for (const one of acts) {
    if (one.act === 'send') client.send(one.message);
    else if (one.act === 'renew') {
      // What was allowed until now is looked at as such; removals of it may still be told afterwards.
      tick(false);
      inspect(client);
      client.session?.lost();
      allowed = one.limits;
      renewed = one.limits;
      client = open();
    } else {
      change(world, one, apply, pickOf);
      if (one.act === 'tick' || one.act === 'move') for (let i = 0; i < 8; i++) tick(one.act === 'move');
    }
    await Promise.resolve();
  }
  tick(true);
  if (resumes) {
    // The last cursor that this client was given.
    const cursor = client.socket.sent
      .flatMap(({ bytes, isBinary }) =>
        isBinary ? [] : [(JSON.parse(bytes.toString()) as { cursor?: string }).cursor],
      )
      .findLast((given) => given !== undefined);
    inspect(client);
    client.session?.lost();
    for (const one of acts) if ('a' in one) change(world, one, apply, pickOf);
    client = open(cursor);
    for (let i = 0; i < 4; i++) tick(true);
  }
  inspect(client);
  clients[Symbol.dispose]();
  return { leaks, seen };
}

type Changes = Omit<ChangeBatch, 'epoch' | 'version' | 'time_ms'>;

/** One change of the world, as a batch would tell it; undefined when there is nothing to do it to. */
function change(
  world: MarkedWorld,
  { act: what, a, b }: { act: string; a: number; b: number },
  apply: (changes: Changes) => void,
  pickOf: <T>(table: Map<unknown, T>, n: number) => T | undefined,
): void {
  const agent = pickOf(world.agents, a);
  const other = pickOf(world.agents, b);
  const swarm = pickOf(world.swarms, a);
  if (agent === undefined || other === undefined || swarm === undefined) return;
  const makers: Record<string, () => Changes> = {
    add: () => ({ agents: { added: [world.agent(swarm.key, 10 + b)] } }),
    patch: () => ({ agents: { updated: [patchOf(world, agent)] } }),
    remove: () => removal(world, agent),
    health: () => healthOf(world, swarm.server_id),
    swarm: () => {
      const topology = world.mark({ server: swarm.server_id, swarm: swarm.key });
      return { swarms: { updated: [{ ref: swarm.ref, topology }] } };
    },
    link: () => (agent === other ? {} : { links: { added: [world.link(agent, other)] } }),
    unlink: () => ({ links: { removed: takeOne(world.links, pickOf(world.links, a)) } }),
    task: () => {
      const home = b % 3 === 0 ? undefined : swarm.key;
      return { tasks: { added: [world.task(swarm.server_id, home, [agent.ref, other.ref])] } };
    },
    untask: () => ({ tasks: { removed: takeOne(world.tasks, pickOf(world.tasks, a)) } }),
    // A swarm that is gone by then is named all the same.
    event: () => {
      const from = pickOf(world.swarms, b);
      if (from === undefined) return {};
      const places = [swarm, from].map((each) => ({ server: each.server_id, swarm: each.key }));
      const field = a % 2 === 0 ? { field: 'messages' as const } : {};
      const [to, source] = [swarm, from].map(({ key, server_id, server_type, ref }) => {
        const id = world.mark(...places.map((place) => ({ ...place, ...field })));
        return { ref, key, id, server_id, server_type };
      });
      if (to === undefined || source === undefined) return {};
      return { swarm_events: [{ event: a % 2 === 0 ? 'message' : 'moved', at_ms: 1, swarm: to, from: source }] };
    },
    flow: () => {
      const places = [agent, other].map((end) => ({ ...world.placeOf(end), field: 'messages' as const }));
      const message_type = world.mark(...places);
      return { flow: [{ swarm: agent.swarm, from: agent.ref, to: other.ref, message_type, at_ms: 1 }] };
    },
  };
  const made = makers[what]?.();
  if (made !== undefined) apply(made);
}

function takeOne<R extends { ref: Ref }>(table: Map<Ref, R>, record: R | undefined): Ref[] {
  if (record === undefined) return [];
  table.delete(record.ref);
  return [record.ref];
}

function patchOf(world: MarkedWorld, agent: AgentRecord) {
  const place = world.placeOf(agent);
  const of = (field: ShowableField) => world.mark({ ...place, field });
  const texts = { name: of('name'), current_task: of('current_task'), model: of('model'), health: 0.5 };
  const provenance = { [`model.${of('model')}`]: 'derived' as const };
  const measured = { performance: { [of('performance')]: 2 }, neural: { cognitive_pattern: of('neural') } };
  return { ref: agent.ref, status: 'busy' as const, ...texts, ...measured, provenance };
}

function removal(world: MarkedWorld, agent: AgentRecord): Changes {
  const links = [...world.links.values()].filter(({ from, to }) => from === agent.ref || to === agent.ref);
  for (const { ref } of links) world.links.delete(ref);
  world.agents.delete(agent.ref);
  return { agents: { removed: [agent.ref] }, links: { removed: links.map(({ ref }) => ref) } };
}

function healthOf(world: MarkedWorld, id: string): Changes {
  const ref = world.servers.get(id)?.ref ?? 0;
  const metrics = { [world.mark({ server: id, field: 'metrics', whole: true })]: 2 };
  return { servers: { updated: [{ ref, health: world.health(id), metrics }] } };
}

test('no byte that a viewer may not see reaches its socket', async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(
      limitsOf,
      fc.constantFrom<Coding>('json', 'msgpack'),
      fc.array(act, { maxLength: 40 }),
      fc.boolean(),
      async (limits, coding, acts, resumes) => {
        const found = await run(limits, coding, acts, resumes);
        seen += found.seen;
        expect(found.leaks).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
  // The search finds marks where they may be: it is not blind.
  expect(seen).toBeGreaterThan(10_000);
});

test('a viewer is not told whether what it may not see exists', async () => {
  const world = new MarkedWorld();
  const replica = new Replica({ tombstones: 10, flowLimit: 10 });
  replica.reset({
    epoch: 'e1',
    version: 1,
    time_ms: 1,
    servers: [...world.servers.values()],
    swarms: [...world.swarms.values()],
    agents: [...world.agents.values()],
    links: [],
    tasks: [],
    membership: [],
  });
  const { Visibility } = await import('../../../src/platform/auth/visibility.ts');
  const { ViewFilter } = await import('../../../src/edge/views/view-filter.ts');
  const { DEFAULT_FILTERS } = await import('../../../src/protocol/filters.ts');
  const [hidden] = [...world.agents.values()].filter(({ server_id }) => server_id === 's1');
  const asked = {
    ...DEFAULT_FILTERS,
    server_ids: ['s1', 'nowhere'],
    swarm_ids: ['s1/w0'],
    agent_types: [hidden?.type ?? ''],
  };
  const filter = new ViewFilter(asked, new Visibility({ servers: ['s0'] }));
  expect(filter.unmatched(replica)).toHaveLength(4);
});
