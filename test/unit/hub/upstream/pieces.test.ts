/* oxlint-disable unicorn/consistent-function-scoping -- small makers stand beside the subject that they serve */
import { describe, expect, test } from 'vitest';
import { chooseDialect } from '../../../../src/hub/upstream/choose-dialect.ts';
import { cleanObservations } from '../../../../src/hub/upstream/clean-observations.ts';
import type { Dialect, PeerDescription } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { fingerprint } from '../../../../src/hub/upstream/fingerprint.ts';
import { describeEndpoint } from '../../../../src/hub/upstream/open-transport.ts';
import { PollPace } from '../../../../src/hub/upstream/poll-pace.ts';
import { ReconnectBackoff } from '../../../../src/hub/upstream/resilience/reconnect-backoff.ts';
import type { Observation } from '../../../../src/model/observation.ts';
import { serverSchema } from '../../../../src/platform/config/schema.ts';

describe('PollPace', () => {
  const pace = () => new PollPace({ fastMs: 100, slowRoundTripMs: 50 });
  const idle = { changed: false, roundTripMs: 1 };
  const rounds = (subject: PollPace, count: number, round = idle): number[] =>
    Array.from({ length: count }, () => {
      subject.finishRound(round);
      return subject.intervalMs;
    });

  test('halves its rate after five idle rounds, down to an eighth; a change brings it back', () => {
    const subject = pace();
    expect(rounds(subject, 22)).toEqual([
      100, 100, 100, 100, 200, 200, 200, 200, 200, 400, 400, 400, 400, 400, 800, 800, 800, 800, 800, 800, 800, 800,
    ]);
    expect(rounds(subject, 1, { changed: true, roundTripMs: 1 })).toEqual([100]);
  });

  test('slows down while the server is slow, also when things change, and recovers with it', () => {
    const subject = pace();
    expect(rounds(subject, 5, { changed: true, roundTripMs: 60 })).toEqual([200, 400, 800, 800, 800]);
    expect(rounds(subject, 4, { changed: true, roundTripMs: 5 })).toEqual([400, 200, 100, 100]);
  });

  test('never slower than 5 s, except where the cadence itself is', () => {
    const quick = new PollPace({ fastMs: 1_000, slowRoundTripMs: 50 });
    const lazy = new PollPace({ fastMs: 60_000, slowRoundTripMs: 50 });
    expect(rounds(quick, 30).at(-1)).toBe(5_000);
    expect(rounds(lazy, 30).at(-1)).toBe(60_000);
  });
});

describe('ReconnectBackoff', () => {
  test.each([
    { random: 0, expected: [50, 100, 200, 400, 500, 500] },
    { random: 0.999_999, expected: [100, 200, 400, 800, 1_000, 1_000] },
  ])('doubles up to its limit, with jitter ($random)', ({ random, expected }) => {
    const backoff = new ReconnectBackoff({ minMs: 100, maxMs: 1_000, random: () => random });
    expect(expected.map(() => backoff.nextDelayMs())).toEqual(expected);
    backoff.reset();
    expect(backoff.nextDelayMs()).toBe(expected[0]);
  });

  test('stays finite for ever', () => {
    const backoff = new ReconnectBackoff({ minMs: 100, maxMs: 1_000, random: () => 0.5 });
    const delays = Array.from({ length: 5_000 }, () => backoff.nextDelayMs());
    expect(delays.at(-1)).toBe(750);
  });
});

describe('chooseDialect', () => {
  const peer: PeerDescription = { name: 'p', version: undefined, protocolVersion: undefined, tools: new Set(['t']) };
  const dialect = (name: Dialect['name'], score: number): Dialect => ({
    name,
    serverType: 'other',
    timing: { fastMs: 1, slowMs: 1, slowRoundTripMs: 1 },
    matches: () => score,
    open: () => {
      throw new Error('not opened here');
    },
  });
  const known = [dialect('ruv-swarm', 0.5), dialect('claude-flow', 0.9), dialect('seed', 0.9), dialect('generic', 0)];
  const server = (config: object) => serverSchema.parse({ id: 's', transport: 'tcp', ...config });

  test.each([
    { note: 'auto: the surest, among equals the first', config: {}, name: 'claude-flow', score: 0.9 },
    { note: 'configured, however unsure', config: { dialect: 'ruv-swarm' }, name: 'ruv-swarm', score: 0.5 },
    { note: 'a mapping means generic', config: { mapping: { list_tool: 't' } }, name: 'generic', score: 0 },
  ])('$note', ({ config, name, score }) => {
    const choice = chooseDialect(server(config), peer, known);
    expect([choice.dialect.name, choice.score]).toEqual([name, score]);
  });

  test('none', () => {
    expect(() => chooseDialect(server({}), peer, [dialect('seed', 0)])).toThrow(
      'no dialect understands p with 1 tools',
    );
    expect(() => chooseDialect(server({ dialect: 'daa' }), peer, known)).toThrow('dialect daa is not available');
  });
});

describe('cleanObservations', () => {
  const one = (observation: unknown): unknown => cleanObservations([observation as Observation]).kept[0];

  test.each([
    {
      note: 'text is cleaned and cut',
      dirty: {
        kind: 'agent',
        swarm: 's',
        agent: 'a',
        facts: { name: '\u202ename\u0007', type: 'x'.repeat(600), current_task: null },
      },
      clean: {
        kind: 'agent',
        swarm: 's',
        agent: 'a',
        facts: { name: 'name', type: 'x'.repeat(512), current_task: null },
      },
    },
    {
      note: 'an unnamed swarm stays unnamed',
      dirty: { kind: 'agent', swarm: undefined, agent: 'a', facts: {} },
      clean: { kind: 'agent', swarm: undefined, agent: 'a', facts: {} },
    },
    {
      note: 'numbers that are none are left out',
      dirty: {
        kind: 'agent',
        swarm: 's',
        agent: 'a',
        facts: { health: Number.NaN, performance: { cpu_usage: Infinity, memory_mb: 5 } },
      },
      clean: { kind: 'agent', swarm: 's', agent: 'a', facts: { performance: { memory_mb: 5 } } },
    },
    {
      note: 'lists are bounded',
      dirty: { kind: 'task', task: 't', facts: { assignees: Array.from({ length: 500 }, (_, i) => `a${i}`) } },
      clean: { kind: 'task', task: 't', facts: { assignees: Array.from({ length: 128 }, (_, i) => `a${i}`) } },
    },
    {
      note: 'keys that pollute are ignored',
      dirty: { kind: 'server', metrics: JSON.parse('{"__proto__": 1, "constructor": 2, "cpu": 3}') as unknown },
      clean: { kind: 'server', metrics: { cpu: 3 } },
    },
    {
      note: 'lists of ids are long, unusable ids are left out',
      dirty: {
        kind: 'agent-list',
        swarm: 's',
        scope: 'agents',
        agents: [...Array.from({ length: 300 }, (_, i) => `a${i}`), '', 'x'.repeat(257), 5],
      },
      clean: {
        kind: 'agent-list',
        swarm: 's',
        scope: 'agents',
        agents: Array.from({ length: 300 }, (_, i) => `a${i}`),
      },
    },
  ])('$note', ({ dirty, clean }) => {
    expect(one(dirty)).toEqual(clean);
  });

  test.each([
    { note: 'no agent id', dirty: { kind: 'agent', swarm: 's', agent: '', facts: {} } },
    {
      note: 'an id of control characters only',
      dirty: { kind: 'agent', swarm: 's', agent: '\u0000\u202e', facts: {} },
    },
    { note: 'an id too long', dirty: { kind: 'agent', swarm: 's', agent: 'x'.repeat(257), facts: {} } },
    { note: 'an id that is a number', dirty: { kind: 'agent', swarm: 's', agent: 5, facts: {} } },
    { note: 'a swarm without id', dirty: { kind: 'swarm', facts: {} } },
    { note: 'a swarm id too long', dirty: { kind: 'agent', swarm: 'x'.repeat(257), agent: 'a', facts: {} } },
    { note: 'a message from nobody', dirty: { kind: 'message', swarm: 's', to: 'a', message_type: 'm' } },
    { note: 'a list that is none', dirty: { kind: 'agent-list', swarm: 's', scope: 'agents', agents: 'all' } },
    {
      note: 'a list without end',
      dirty: { kind: 'task-list', scope: 'tasks', tasks: Array.from({ length: 100_001 }, String) },
    },
  ])('refused: $note', ({ dirty }) => {
    expect(cleanObservations([dirty as Observation])).toEqual({ kept: [], refused: 1 });
  });
});

describe('fingerprint', () => {
  const agent = (facts: object): Observation => ({ kind: 'agent', swarm: 's', agent: 'a', facts });

  test('equal observations, equal values; any change shows; host metrics do not count', () => {
    const base = fingerprint([agent({ status: 'idle', health: 1 })]);
    expect(fingerprint([agent({ status: 'idle', health: 1 }), { kind: 'server', metrics: { cpu: 7 } }])).toBe(base);
    const others = [
      [],
      [agent({ status: 'busy', health: 1 })],
      [agent({ status: 'idle', health: 0.99 })],
      [agent({ status: 'idle', health: null })],
      [agent({ status: 'idle' })],
      [agent({ status: 'idle', health: 1, capabilities: [] })],
      [agent({ status: 'idle', health: 1 }), agent({ status: 'idle', health: 1 })],
    ];
    const prints = others.map((observations) => fingerprint(observations));
    expect(new Set([base, ...prints]).size).toBe(others.length + 1);
  });
});

test.each([
  { config: { transport: 'tcp', host: 'h', port: 1 }, endpoint: 'tcp://h:1' },
  { config: { transport: 'tcp', host: '::1', port: 1, tls: true }, endpoint: 'tls://[::1]:1' },
  {
    config: { transport: 'stdio', command: '/usr/bin/ruv-swarm', args: ['--key', 'secret'] },
    endpoint: 'stdio:ruv-swarm',
  },
  { config: { transport: 'http', url: 'http://user:pass@h:1/mcp?key=secret#f' }, endpoint: 'http://h:1/mcp' },
])('the endpoint of $config.transport is told without secrets', ({ config, endpoint }) => {
  expect(describeEndpoint(serverSchema.parse({ id: 's', ...config }))).toBe(endpoint);
});
