import { expect, test } from 'vitest';
import { swarmNews } from '../../../../src/dashboard/session/swarm-news.ts';

const swarm = (key: string, ref = 1) => ({ ref, key, id: key, server_id: 'a', server_type: 'other' as const });
const nobody = () => undefined;

test.each([
  { event: { event: 'created', swarm: swarm('a/x') }, text: 'Swarm a/x created' },
  { event: { event: 'dissolved', swarm: swarm('a/x') }, text: 'Swarm a/x dissolved' },
  {
    event: { event: 'dissolved', swarm: swarm('a/x'), reason: 'silent' },
    text: 'Swarm a/x dissolved: nobody spoke of it for too long',
  },
  { event: { event: 'moved', swarm: swarm('b/x'), from: swarm('a/x') }, text: 'Swarm a/x moved: it is b/x now' },
  {
    event: { event: 'agent_moved', swarm: swarm('a/y'), from: swarm('a/x'), agent: 7 },
    text: 'Nell moved from a/x to a/y',
  },
  {
    event: { event: 'agent_moved', swarm: swarm('a/y'), from: swarm('a/x'), agent: 8 },
    text: 'An agent moved from a/x to a/y',
  },
  { event: { event: 'message', swarm: swarm('b/x'), from: swarm('a/x') }, text: 'Message from a/x to b/x' },
] as const)('$text', ({ event, text }) => {
  const nameOf = (ref: number) => (ref === 7 ? 'Nell' : undefined);
  expect(swarmNews({ events: [{ at_ms: 1, ...event }], dropped: 0 }, nameOf)).toEqual([text]);
});

test('many of a kind are one line, and what was left out is said', () => {
  const events = Array.from({ length: 20 }, (_, n) => ({
    event: 'created' as const,
    at_ms: 1,
    swarm: swarm(`a/${n}`),
  }));
  expect(swarmNews({ events, dropped: 3 }, nobody)).toEqual([
    '20 swarms created',
    '3 more events of swarms were left out',
  ]);
});

test('names are text: marks that rearrange a line are shown as replaced', () => {
  const [line] = swarmNews({ events: [{ event: 'created', at_ms: 1, swarm: swarm('a/\u202ex') }], dropped: 0 }, nobody);
  expect(line).toBe('Swarm a/\ufffdx created');
});
