import { describe, expect, test } from 'vitest';
import type { PeerDescription } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { createDialects } from '../../../../../src/hub/upstream/dialects/all-dialects.ts';
import { createGenericDialect } from '../../../../../src/hub/upstream/dialects/generic.ts';
import { serverSchema } from '../../../../../src/platform/config/schema.ts';
import { agentOf, call, ok, only, openSession, serverInfo } from './captures.ts';

const peer = (tools: string[], name = 'x', version = '1'): PeerDescription => ({
  name,
  version,
  protocolVersion: undefined,
  tools: new Set(tools),
});

const mapping = {
  list_tool: 'fleet_report',
  operations: {},
  list_args: { all: true },
  agents_path: 'fleet.members',
  id: 'ref.no',
  name: 'title',
  agent_type: 'job',
  status: 'mood.word',
  swarm: 'crew',
};

describe('mapped', () => {
  const dialect = createGenericDialect(mapping);

  test('asks the tool with its arguments and reads the mapped fields, and no others', () => {
    const session = dialect.open(peer(['fleet_report']));
    expect(session.plan('fast')).toEqual([call('fleet_report', { all: true })]);
    expect(session.plan('slow')).toEqual([]);
    const members = [
      { ref: { no: 7 }, title: 'Seven', job: 'cook', mood: { word: 'busy' }, crew: 'galley', token: 'secret' },
      { ref: { no: 'eight' }, title: 'Eight', mood: {} },
      { title: 'nobody' },
    ];
    const observations = session.read(call('fleet_report'), ok({ fleet: { members } }), 0);
    expect(observations).toEqual([
      {
        kind: 'agent',
        swarm: 'galley',
        agent: '7',
        facts: { name: 'Seven', type: 'cook', status: 'busy', status_raw: null },
      },
      { kind: 'agent', swarm: undefined, agent: 'eight', facts: { name: 'Eight' } },
    ]);
    const whole = session.read(call('fleet_report'), ok({ fleet: { members: members.slice(0, 2) } }), 0);
    expect(only(whole, 'agent-list')).toEqual([
      { kind: 'agent-list', swarm: 'galley', agents: ['7'], scope: 'agents' },
      { kind: 'agent-list', swarm: undefined, agents: ['eight'], scope: 'agents' },
    ]);
  });

  test('is certain where the tool is there', () => {
    expect(dialect.matches(peer(['fleet_report']))).toBe(1);
    expect(dialect.matches(peer(['other']))).toBe(0);
  });

  test.each([
    { path: '__proto__' },
    { path: 'constructor' },
    { path: 'agents.__proto__.x' },
    { path: 'agents.length' },
    { path: 'agents.map' },
  ])('a path reaches own fields only: $path', ({ path }) => {
    const session = createGenericDialect({ ...mapping, agents_path: path }).open(peer(['fleet_report']));
    expect(session.read(call('fleet_report'), ok({ agents: [{ id: 'a' }] }), 0)).toEqual([]);
  });
});

describe('guessed', () => {
  const dialect = createGenericDialect(undefined);

  test.each([
    { tools: ['create_agent', 'list_agents', 'remove_agent'], chosen: 'list_agents' },
    { tools: ['getAgents', 'add'], chosen: 'getAgents' },
    { tools: ['agents'], chosen: 'agents' },
    { tools: ['agent-list-all', 'agent-list'], chosen: 'agent-list' },
    {
      tools: ['list_agents_and_delete', 'delete_agents', 'run_agents', 'agent', 'agent_spawn', 'reset_agents_list'],
      chosen: undefined,
    },
    { tools: ['list_files'], chosen: undefined },
  ])('of $tools: $chosen', ({ tools, chosen }) => {
    expect(dialect.matches(peer(tools))).toBe(chosen === undefined ? 0 : 0.01);
    const [first] = dialect.open(peer(tools)).plan('fast');
    expect(first).toEqual(chosen === undefined ? { kind: 'method', method: 'tools/list', params: {} } : call(chosen));
  });

  test.each([
    { note: 'under agents', payload: { agents: [{ id: 'a', status: 'idle' }] } },
    { note: 'under items', payload: { items: [{ agent_id: 'a', state: 'idle' }] } },
    { note: 'under data', payload: { data: [{ agentId: 'a', status: 'idle' }] } },
    { note: 'the list itself', payload: [{ uuid: 'a', status: 'idle' }] },
  ])('agents $note', ({ payload }) => {
    const session = openSession(dialect, ['list_agents']);
    const observations = session.read(call('list_agents'), ok(payload), 0);
    expect(agentOf(observations, 'a')?.facts.status).toBe('idle');
    expect(only(observations, 'agent-list')).toHaveLength(1);
  });

  test('a page is not the list', () => {
    const session = openSession(dialect, ['list_agents']);
    const observations = session.read(call('list_agents'), ok({ agents: [{ id: 'a' }], nextCursor: 'x' }), 0);
    expect(only(observations, 'agent-list')).toEqual([]);
  });
});

describe('all dialects', () => {
  const server = (extra: object = {}) => serverSchema.parse({ id: 's', transport: 'stdio', command: 'x', ...extra });
  const choose = (who: PeerDescription, extra: object = {}) =>
    createDialects(server(extra)).reduce((best, each) => (each.matches(who) > best.matches(who) ? each : best)).name;

  test.each([
    { note: 'claude-flow', who: peer([], ...named('claude-flow')), dialect: 'claude-flow' },
    {
      note: 'ruv-swarm',
      who: peer(['daa_init', 'agent_list', 'swarm_status'], ...named('ruv-swarm')),
      dialect: 'ruv-swarm',
    },
    {
      note: 'claude-flow with all its tools',
      who: peer(
        [
          'agent_list',
          'swarm_status',
          'hive-mind_status',
          'daa_agent_create',
          'task_list',
          'wasm_agent_list',
          'neural_status',
        ],
        ...named('claude-flow'),
      ),
      dialect: 'claude-flow',
    },
    { note: 'the seeds', who: peer(['agent_spawn', 'agent_list'], 'claude-flow', '2.0.0-alpha.101'), dialect: 'seed' },
    { note: 'daa', who: peer(['list_agents', 'get_swarm_status'], 'daa-mcp'), dialect: 'daa' },
    { note: 'anything', who: peer(['get_agents', 'create_agent'], 'agent-desk'), dialect: 'generic' },
  ])('the surest of $note is $dialect', ({ who, dialect }) => {
    expect(choose(who)).toBe(dialect);
  });

  test('a configured mapping is the surest', () => {
    expect(choose(peer(['fleet_report', 'agent_list', 'swarm_status'], 'x'), { mapping })).toBe('generic');
  });

  test('claude-flow slows down over HTTP, and leaves the telling to files that are watched', () => {
    const [beside] = createDialects(server({ project: '/p' }));
    expect(beside?.open(peer([])).plan('fast')).toEqual([call('agent_list')]);
    const [http] = createDialects(serverSchema.parse({ id: 's', transport: 'http', url: 'http://localhost/mcp' }));
    const [stdio] = createDialects(server());
    expect(http?.timing.fastMs).toBeGreaterThan(stdio?.timing.fastMs ?? Infinity);
  });
});

function named(which: 'claude-flow' | 'ruv-swarm'): [string, string] {
  const { name, version } = serverInfo(which);
  return [name, version];
}
