import { describe, expect, test } from 'vitest';
import type { ClientStatus } from '../../../src/client/client.ts';
import { StateStore } from '../../../src/client/state-store.ts';
import { parseWatchOptions } from '../../../src/cli/watch-options.ts';
import { summaryLine, tableLines, type TableInput } from '../../../src/cli/watch-table.ts';
import { A, agent, discovery, link, server, snapshot, swarm } from '../client/records.ts';

describe('flags of watch', () => {
  const good = [
    {
      note: 'none',
      argv: [],
      expected: { url: 'ws://127.0.0.1:8080/ws', mode: 'normal', coding: 'json', filters: {} },
    },
    { note: 'what start prints', argv: ['http://127.0.0.1:9'], expected: { url: 'ws://127.0.0.1:9/ws' } },
    { note: 'another path', argv: ['wss://x/api/multi-mcp/ws'], expected: { url: 'wss://x/api/multi-mcp/ws' } },
    {
      note: 'spellings',
      argv: ['-m', 'HighFrequency', '--server-type', 'claude_flow'],
      expected: { mode: 'high_frequency', filters: { server_types: ['claude-flow'] } },
    },
    {
      note: 'repeated filters',
      argv: [
        '--status',
        'busy',
        '--status',
        'idle',
        '--swarm',
        'w',
        '--server',
        's',
        '--agent-type',
        'coder',
        '--no-performance',
      ],
      expected: {
        filters: {
          statuses: ['busy', 'idle'],
          swarm_ids: ['w'],
          server_ids: ['s'],
          agent_types: ['coder'],
          include_performance: false,
        },
      },
    },
    {
      note: 'output',
      argv: ['--json', '--once', '--coding', 'msgpack'],
      expected: { json: true, once: true, coding: 'msgpack' },
    },
  ];
  test.each(good)('$note', ({ argv, expected }) => {
    expect(parseWatchOptions(argv)).toMatchObject(expected);
  });

  const bad = [
    { note: 'mode', argv: ['--mode', 'fast'], says: 'must be one of high_frequency, normal, low_frequency, on_demand' },
    {
      note: 'status',
      argv: ['--status', 'sleepy'],
      says: 'must be one of idle, busy, active, error, offline, unknown',
    },
    { note: 'server type', argv: ['--server-type', 'x'], says: 'must be one of claude-flow, ruv-swarm, daa, other' },
    { note: 'coding', argv: ['--coding', 'xml'], says: 'must be one of json, msgpack' },
    { note: 'url', argv: ['gateway'], says: 'must be ws://HOST:PORT/ws' },
    { note: 'two urls', argv: ['ws://a/ws', 'ws://b/ws'], says: 'one url at most' },
    { note: 'unknown flag', argv: ['--colour'], says: "'--colour'" },
  ];
  test.each(bad)('refused: $note', ({ argv, says }) => {
    expect(() => parseWatchOptions(argv)).toThrow(says);
  });
});

function input(more: Partial<TableInput> = {}): TableInput {
  const store = new StateStore();
  const down = {
    state: 'down' as const,
    reason: 'connection refused',
    since_ms: 1,
    evidence: { consecutive_failures: 9, consecutive_successes: 0 },
  };
  store.apply(
    discovery({
      full: true,
      servers: [server(1, { simulated: true }), server(2, { health: down })],
      swarms: [swarm(1, { topology: 'mesh' })],
      degradation_level: 'partial',
    }),
  );
  store.apply(
    snapshot({
      agents: [
        agent(1, {
          type: 'coder',
          status: 'busy',
          current_task: 'T'.repeat(60),
          performance: { success_rate: 0.5, response_time_ms: 12.4 },
        }),
        agent(2, { stale: true, stale_since_ms: 5_000, name: 'x' }),
        agent(3, { id: '\u001b[2Jevil\u009b\u202e', type: '\u0007bell' }),
      ],
      links: [link(1, 1, 2)],
    }),
  );
  return {
    url: 'ws://127.0.0.1:8080/ws',
    status: { status: 'live', resumed: false },
    state: store.state,
    mode: 'normal',
    effectiveRateHz: 10,
    rates: { framesPerSecond: 9.96, bytesPerSecond: 1_234 },
    nowMs: 17_000,
    positionOf: ({ ref }) => (ref === A + 1 ? [1, -22.25, 300] : undefined),
    ...more,
  };
}

const WIDE = { columns: 200, rows: 100, colour: false };

describe('table of watch', () => {
  const shows = [
    { note: 'connection, mode, rates', text: /live · normal, 10 Hz · 10\.0 frames\/s · 1\.2 kB\/s/ },
    { note: 'totals', text: /2 servers · 1 swarm · 3 agents · 1 link · 0 tasks · partial/ },
    { note: 'simulated servers', text: /● healthy +s1 +ruv-swarm +tcp +SIMULATED +it answered/ },
    { note: 'a real one that is down', text: /✖ down +s2 +ruv-swarm +tcp +real +connection refused/ },
    { note: 'swarms with their agents', text: /s\/w1 +mesh +– +3/ },
    { note: 'an agent', text: /  a1 +coder +busy +T{23}… +50 % +12 ms +1\.0 +-22\.3 +300\.0/ },
    { note: 'a stale one, with what is unknown', text: /  x +– +idle \(stale\) +– +– +– +– +12 s ago/ },
  ];
  test.each(shows)('shows $note', ({ text }) => {
    expect(tableLines(input(), WIDE).join('\n')).toMatch(text);
  });

  test('never a control character, but its own colours', () => {
    const everything = [...tableLines(input(), { ...WIDE, colour: true }), summaryLine(input())].join('');
    expect(everything).toContain('\u001b[38;5;32m● healthy');
    // eslint-disable-next-line no-control-regex
    expect(everything.replaceAll(/\u001b\[(38;5;\d+|39)m/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  test('keeps to the terminal: lines are cut, agents that do not fit are counted', () => {
    const lines = tableLines(input(), { columns: 40, rows: 16, colour: true });
    // eslint-disable-next-line no-control-regex
    for (const line of lines) expect(line.replaceAll(/\u001b\[[0-9;]*m/g, '').length).toBeLessThanOrEqual(40);
    expect(lines.length).toBeLessThanOrEqual(16);
    expect(tableLines(input(), { ...WIDE, rows: 14 }).join('\n')).toMatch(/… and \d more lines/);
  });

  test('says that it reconnects, and that rates are not measured yet', () => {
    const status: ClientStatus = { status: 'reconnecting', code: 1006, reason: '', attempt: 1, delayMs: 1_500 };
    const [first] = tableLines(input({ status, rates: undefined }), WIDE);
    expect(first).toContain('reconnecting in 1.5 s (code 1006); what is shown is old');
    expect(first).toContain('rates not measured');
  });

  test('one line for logs', () => {
    expect(summaryLine(input())).toBe(
      '1970-01-01T00:00:17.000Z · live · normal, 10 Hz · 2 servers (1 down, 1 healthy, some SIMULATED) · 1 swarm · ' +
        '3 agents (1 busy, 2 idle) · 1 link · 0 tasks · 10.0 frames/s · 1.2 kB/s',
    );
  });
});
