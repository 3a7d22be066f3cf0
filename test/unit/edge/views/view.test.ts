import { describe, expect, test } from 'vitest';
import { DEFAULT_FILTERS } from '../../../../src/protocol/filters.ts';
import type { ServerMessage, ServerMessageType, ServerPayloads } from '../../../../src/protocol/server-messages.ts';
import { TooManyViewsError } from '../../../../src/edge/views/errors.ts';
import type { EncodedMessage } from '../../../../src/edge/views/encoded-messages.ts';
import type { Composed, View } from '../../../../src/edge/views/view.ts';
import { SERVER, Stage } from './stage.ts';

const range = (length: number): number[] => Array.from({ length }, (_, n) => n);

function decode(message: EncodedMessage): ServerMessage {
  return JSON.parse(Buffer.from(message).toString()) as ServerMessage;
}

/** Payloads of one type in what was composed. */
function payloads<T extends ServerMessageType>(composed: Composed, type: T): ServerPayloads[T][] {
  return [...composed.messages]
    .map((message) => decode(message))
    .filter((message) => message.type === type)
    .map(({ payload }) => payload as ServerPayloads[T]);
}

function cursorOf(composed: Composed): string {
  const last = [...composed.messages].at(-1);
  return (last === undefined ? undefined : decode(last).cursor) ?? '';
}

function refs(stage: Stage): number[] {
  return [...stage.replica.agents.values()].map(({ ref }) => ref);
}

/** One swarm of two linked agents. */
function small(options?: ConstructorParameters<typeof Stage>[0]): Stage {
  const stage = new Stage(options);
  stage.swarm(1);
  const [a, b] = stage.join(1, [0, 1]);
  stage.apply({
    links: { added: [{ ref: 5, swarm: 1, from: a?.ref ?? 0, to: b?.ref ?? 0, kind: 'topology', source: 'derived' }] },
  });
  return stage;
}

describe('what nobody lacks', () => {
  test('changes of what the view hides, and of health, leave its clients with nothing to be sent', () => {
    const stage = small();
    const view = stage.view({ statuses: ['idle'] });
    const [a, b] = refs(stage);
    const { held } = view.compose(undefined);
    const hash = view.stateHash();
    stage.swarm(2);
    const afterSwarm = view.compose(held).held;
    expect(view.showsTheSameSince(held.version)).toBe(false);
    stage.apply({ agents: { updated: [{ ref: a ?? 0, status: 'busy' }] } });
    expect(view.showsTheSameSince(afterSwarm.version)).toBe(false);
    const afterLeaving = view.compose(afterSwarm).held;
    // Hidden from here on, and with it its link.
    stage.apply({ agents: { updated: [{ ref: a ?? 0, name: 'x' }] } });
    stage.apply({ links: { removed: [5] } });
    stage.apply({ servers: { updated: [{ ref: SERVER.ref, health: { ...SERVER.health, reason: 'asked' } }] } });
    const { version } = stage.replica;
    expect(view.showsTheSameSince(afterLeaving.version)).toBe(true);
    expect([...view.compose(afterLeaving).messages]).toEqual([]);
    stage.apply({ agents: { updated: [{ ref: b ?? 0, name: 'y' }] } });
    expect(view.showsTheSameSince(version)).toBe(false);
    stage.apply({ agents: { updated: [{ ref: a ?? 0, status: 'idle' }] } });
    stage.apply({ agents: { updated: [{ ref: a ?? 0, status: 'busy' }] } });
    expect(view.stateHash()).not.toBe(hash);
    expect(stage.view({ statuses: ['idle'] }, 'f32').stateHash()).toBe(view.stateHash());
  });

  test('a message between agents that it shows is something to be sent', () => {
    const stage = small();
    const view = stage.view();
    const hiding = stage.view({ statuses: ['busy'] });
    const { version } = view.compose(undefined).held;
    hiding.compose(undefined);
    const [from, to] = refs(stage);
    stage.apply({ flow: [{ swarm: 1, from: from ?? 0, to: to ?? 0, message_type: 'x', at_ms: 1 }] });
    expect(view.showsTheSameSince(version)).toBe(false);
    expect(hiding.showsTheSameSince(version)).toBe(true);
  });

  test('an event is told to who sees all that it names, at most 100 a turn', () => {
    const stage = small();
    const view = stage.view();
    const silent = stage.view({ include_messages: false });
    const elsewhere = stage.view({ swarm_ids: ['gone'] });
    const views = [view, silent, elsewhere];
    const held = views.map((each) => each.compose(undefined).held);
    const named = (id: string) => ({ ref: 1, key: `s/${id}`, id, server_id: 's', server_type: 'ruv-swarm' as const });
    const event = { at_ms: 1, swarm: named('w1'), from: named('gone') };
    const [agent] = refs(stage);
    stage.apply({
      swarm_events: [
        { event: 'dissolved', at_ms: 1, swarm: named('gone'), reason: 'ended' },
        { ...event, event: 'moved' },
        { ...event, event: 'message' },
        { ...event, event: 'agent_moved', agent: agent ?? 0 },
        { ...event, event: 'agent_moved', agent: 1 },
      ],
    });
    const told = views.map((each, n) =>
      payloads(each.compose(held[n]), 'swarm_event').flatMap(({ events }) => events.map((one) => one.event)),
    );
    expect(told).toEqual([
      ['dissolved', 'moved', 'message', 'agent_moved'],
      ['dissolved', 'moved', 'agent_moved'],
      ['dissolved'],
    ]);
    const before = view.compose(undefined).held;
    stage.apply({ swarm_events: Array.from({ length: 120 }, () => ({ ...event, event: 'moved' as const })) });
    const [listed] = payloads(view.compose(before), 'swarm_event');
    expect(listed?.events).toHaveLength(100);
    expect(listed?.dropped).toBe(20);
  });
});

describe('sharing', () => {
  test('clients with equal filters share one view, whatever the order and spelling of their lists', () => {
    const stage = new Stage();
    const view = stage.view({ agent_types: ['Coder', 'tester'], swarm_ids: ['a', 'b'] });
    expect(stage.view({ agent_types: ['TESTER', 'coder'], swarm_ids: ['b', 'a', 'a'] })).toBe(view);
    expect(stage.view({ agent_types: ['coder'] })).not.toBe(view);
    expect(stage.view({ agent_types: ['Coder', 'tester'], swarm_ids: ['a', 'b'] }, 'f32')).not.toBe(view);
    expect(stage.views.size).toBe(3);
  });

  test('a view lives as long as its last user', () => {
    const stage = new Stage();
    const view = stage.view();
    stage.view();
    stage.views.release(view);
    expect(stage.view()).toBe(view);
    stage.views.release(view);
    stage.views.release(view);
    expect(stage.views.size).toBe(0);
    stage.views.release(view);
    expect(stage.view()).not.toBe(view);
  });

  test('above the bound a new view is refused, a known one is not', () => {
    const stage = new Stage({ maxViews: 1 });
    const view = stage.view();
    expect(() => stage.view({ statuses: ['busy'] })).toThrow(TooManyViewsError);
    expect(stage.view()).toBe(view);
  });

  test('what is composed is composed once: the same bytes for all, nothing for who is up to date', () => {
    const stage = small();
    const view = stage.view();
    const first = view.compose(undefined);
    expect(view.compose(undefined)).toBe(first);
    stage.join(1, [2]);
    const delta = view.compose(first.held);
    expect(view.compose(first.held)).toBe(delta);
    expect(delta.messages.length).toBeGreaterThan(0);
    const idle = view.compose(delta.held);
    expect([...idle.messages]).toEqual([]);
    expect(view.compose(delta.held)).toBe(idle);
  });
});

describe('compose', () => {
  test('only fields that changed travel, performance and neural by themselves', () => {
    const stage = small();
    const view = stage.view();
    const { held } = view.compose(undefined);
    const ref = [...stage.replica.agents.values()][0]?.ref ?? 0;
    stage.apply({
      agents: { updated: [{ ref, status: 'busy', performance: { cpu_usage: 0.5 }, neural: { adaptations: 2 } }] },
    });
    stage.apply({ agents: { updated: [{ ref, name: null, status: 'error' }] } });
    const composed = view.compose(held);
    expect([...composed.messages].map((message) => decode(message).type)).toEqual([
      'agent_update',
      'performance_update',
      'neural_update',
    ]);
    expect(payloads(composed, 'agent_update')).toEqual([
      { added: [], updated: [{ ref, status: 'error', name: null }], removed: [] },
    ]);
    expect(payloads(composed, 'performance_update')).toEqual([{ agents: [{ ref, performance: { cpu_usage: 0.5 } }] }]);
    expect(payloads(composed, 'neural_update')).toEqual([{ agents: [{ ref, neural: { adaptations: 2 } }] }]);
    const cursors = [...composed.messages].map((message) => decode(message).cursor !== undefined);
    expect(cursors).toEqual(range(cursors.length).map((n) => n === cursors.length - 1));
  });

  test('an empty view is told so', () => {
    const view = new Stage().view({ swarm_ids: ['nowhere'] });
    expect(payloads(view.compose(undefined), 'snapshot')).toMatchObject([
      { part: 0, last: true, agents: [], links: [], tasks: [] },
    ]);
    expect(view.stateHash()).toBe('0000000000000000');
  });

  test('of many messages the newest 500 are listed, the rest counted', () => {
    const stage = small({ flowLimit: 1_000 });
    const view = stage.view();
    const { held } = view.compose(undefined);
    const [from, to] = refs(stage);
    const flow = range(620).map((n) => ({
      swarm: 1,
      from: from ?? 0,
      to: to ?? 0,
      message_type: 'coordination',
      at_ms: n,
    }));
    stage.apply({ flow });
    const [listed] = payloads(view.compose(held), 'message_flow');
    expect(listed?.messages.map(({ at_ms }) => at_ms)).toEqual(range(500).map((n) => n + 120));
    expect(listed?.dropped).toBe(120);
    expect(payloads(stage.view({ include_messages: false }).compose(held), 'message_flow')).toEqual([]);
  });

  test('health goes by itself, not as a discovery', () => {
    const stage = small();
    const view = stage.view();
    const { held } = view.compose(undefined);
    const health = { ...SERVER.health, state: 'healthy' as const, reason: 'answered' };
    stage.apply({ servers: { updated: [{ ref: SERVER.ref, health }] } });
    expect([...view.compose(held).messages]).toEqual([]);
    const updates = view.healthSince(held.version).map((message) => decode(message).payload);
    expect(updates).toMatchObject([
      { server: SERVER.ref, server_id: 's', state: 'healthy', degradation_level: 'fully_operational' },
    ]);
    expect(view.healthSince(stage.replica.version)).toEqual([]);
    expect(stage.view({ server_ids: ['other'] }).healthSince(held.version)).toEqual([]);
    stage.apply({ servers: { updated: [{ ref: SERVER.ref, version: '2.0' }] } });
    expect(payloads(view.compose(held), 'discovery')).toMatchObject([{ full: false, servers: [{ version: '2.0' }] }]);
  });
});

describe('resume', () => {
  const resumed = (view: View, cursor: string): Composed => view.compose(view.resume(cursor) ?? expect.fail('refused'));

  test('whole records of what is newer, removals, and the links of agents that are newer', () => {
    const stage = small();
    const view = stage.view();
    const cursor = cursorOf(view.compose(undefined));
    const [a, b] = refs(stage);
    stage.apply({ agents: { updated: [{ ref: a ?? 0, status: 'busy' }] } });
    const composed = resumed(view, cursor);
    expect(payloads(composed, 'discovery')).toMatchObject([{ full: true }]);
    expect(payloads(composed, 'agent_update')).toMatchObject([
      { added: [{ ref: a, status: 'busy', key: 's/w1/a0' }], updated: [] },
    ]);
    expect(payloads(composed, 'topology_update')).toMatchObject([{ linked: [{ ref: 5 }] }]);
    stage.apply({ agents: { removed: [b ?? 0] }, links: { removed: [5] } });
    expect(payloads(resumed(view, cursor), 'agent_update')).toMatchObject([{ removed: [b] }]);
  });

  test('what a cut delta had brought is taken back too', () => {
    const stage = small();
    const view = stage.view();
    const cursor = cursorOf(view.compose(undefined));
    const [late] = stage.join(1, [2]);
    // The client saw this agent and lost the connection before the cursor.
    stage.apply({ agents: { removed: [late?.ref ?? 0] } });
    expect(payloads(resumed(view, cursor), 'agent_update')).toMatchObject([{ removed: [late?.ref] }]);
  });

  test('a swarm that stops to match, or begins to, brings all of its agents', () => {
    const stage = small();
    const view = stage.view({ server_types: ['daa'] });
    const other = stage.view({ server_types: ['ruv-swarm'] });
    const cursor = cursorOf(view.compose(undefined));
    const otherCursor = cursorOf(other.compose(undefined));
    const all = refs(stage);
    stage.apply({ swarms: { updated: [{ ref: 1, server_type: 'daa' }] } });
    expect(payloads(resumed(view, cursor), 'agent_update')[0]?.added.map(({ ref }) => ref)).toEqual(all);
    expect(payloads(resumed(view, cursor), 'topology_update')).toMatchObject([{ linked: [{ ref: 5 }] }]);
    expect(payloads(resumed(other, otherCursor), 'agent_update')).toMatchObject([{ added: [], removed: all }]);
  });

  test('agents of hidden swarms are not mentioned', () => {
    const stage = small();
    const view = stage.view({ swarm_ids: ['w2'] });
    const cursor = cursorOf(view.compose(undefined));
    const [a, b] = refs(stage);
    stage.apply({ agents: { updated: [{ ref: a ?? 0, status: 'busy' }], removed: [b ?? 0] } });
    stage.swarm(3);
    stage.join(3, [0]);
    expect(payloads(resumed(view, cursor), 'agent_update')).toEqual([]);
  });

  test('refused cursors', () => {
    const stage = small({ tombstones: 1 });
    const view = stage.view();
    const cursor = cursorOf(view.compose(undefined));
    const [epoch, version, mark] = cursor.split(':');
    expect(view.resume(cursor)).toMatchObject({ version: stage.replica.version, resumed: true });
    expect(cursor.length).toBeLessThanOrEqual(64);
    const refused = [
      '',
      'nonsense',
      `other:${version}:${mark}`,
      `${epoch}:zzzz:${mark}`,
      `${epoch}:${version}`,
      `${epoch}:${version}:${mark}x`,
      `${epoch}:-1:${mark}`,
      `${epoch}:${version}:${mark}\n`,
    ];
    for (const text of refused) expect({ text, held: view.resume(text) }).toEqual({ text, held: undefined });
    expect(stage.view({ statuses: ['busy'] }).resume(cursor)).toBeUndefined();
    stage.apply({ links: { removed: [5] } });
    expect(view.resume(cursor)).toBeDefined();
    // The second removal pushes the first out of the only tombstone.
    stage.apply({ agents: { removed: refs(stage) } });
    expect(view.resume(cursor)).toBeUndefined();
  });
});

describe('filters', () => {
  test('values of open vocabularies that match nothing are named', () => {
    const stage = small();
    stage.join(1, [2], () => ({ type: 'Coder' }));
    const view = stage.view({
      agent_types: ['coder', 'poet'],
      swarm_ids: ['w1', 's/w1', 'w9'],
      server_ids: ['s', 't'],
    });
    expect(view.unmatched()).toEqual(['agent_types: poet', 'swarm_ids: w9', 'server_ids: t']);
    expect(view.filters).toEqual({
      ...DEFAULT_FILTERS,
      agent_types: ['coder', 'poet'],
      swarm_ids: ['w1', 's/w1', 'w9'],
      server_ids: ['s', 't'],
    });
  });

  test.each([
    { note: 'types ignore case', filters: { agent_types: ['CODER'] }, shown: 1 },
    { note: 'an agent without type matches no type', filters: { agent_types: ['poet'] }, shown: 0 },
    { note: 'a swarm by its key', filters: { swarm_ids: ['s/w1'] }, shown: 3 },
    { note: 'a swarm by its id', filters: { swarm_ids: ['w1'] }, shown: 3 },
    {
      note: 'lists combine with AND',
      filters: { swarm_ids: ['w1'], agent_types: ['coder'], statuses: ['busy' as const] },
      shown: 0,
    },
    { note: 'another server', filters: { server_ids: ['t'] }, shown: 0 },
  ])('$note', ({ filters, shown }) => {
    const stage = small();
    stage.join(1, [2], () => ({ type: 'Coder' }));
    expect(stage.view(filters).counts().agents).toBe(shown);
  });
});
