import { expect, test } from 'vitest';
import { dissolveQuestion } from '../../../../src/dashboard/panels/operator/control/order.ts';
import { agent, swarm } from '../../client/records.ts';

test('who dissolves a swarm is told that all agents end, and how many of them are shown', () => {
  const swarms = new Map([1, 2].map((ref) => [ref, swarm(ref)]));
  const agents = new Map([agent(1), agent(2), agent(3, { swarm: 2 })].map((each) => [each.ref, each]));
  const view = { agents, swarms };
  expect(dissolveQuestion('s/w1', view)).toBe('End s/w1 and all of its agents (2 shown here)? This cannot be undone.');
  // Filters may leave out every agent, or the swarm itself: it still has some.
  expect(dissolveQuestion('s/w1', { ...view, agents: new Map() })).toContain('all of its agents (0 shown here)');
  expect(dissolveQuestion('s/elsewhere', view)).toContain('all of its agents (0 shown here)');
});
