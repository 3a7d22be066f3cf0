/** What waits in a full inbox must tell the same world as telling it at once: nobody lost, the newest facts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inbox } from '../../../../src/hub/upstream/inbox.ts';
import { World } from '../../../../src/hub/world/world.ts';
import type { AgentFacts, Nullable, Observation } from '../../../../src/model/observation.ts';
import { configSchema } from '../../../../src/platform/config/schema.ts';

const AT_MS = 1_800_000_000_000;
const MAX_MESSAGES = 5;

const ids = fc.constantFrom('a', 'b', 'c');
const swarms = fc.constantFrom(undefined, 's', 't');
const share = fc.integer({ min: 0, max: 3 }).map((n) => n / 4);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 6 });
const performance = fc.record(
  { cpu_usage: share, success_rate: maybe(share), queue_depth: share },
  { requiredKeys: [] },
);
const facts: fc.Arbitrary<Nullable<AgentFacts>> = fc.record(
  {
    name: maybe(fc.constantFrom('x', 'y')),
    status: fc.constantFrom('busy' as const, 'idle' as const),
    status_raw: maybe(fc.constant('Busy')),
    health: maybe(share),
    capabilities: maybe(fc.constantFrom(['p'], ['p', 'q'])),
    created_at_ms: fc.constantFrom(AT_MS - 1, AT_MS - 2),
    performance: maybe(performance) as fc.Arbitrary<AgentFacts['performance'] | null>,
    neural: maybe(fc.constant({ learning_rate: 0.5 })),
  },
  { requiredKeys: [] },
);
const provenance = fc.constantFrom({}, {}, { provenance: { created_at_ms: 'derived' as const } });
const agent: fc.Arbitrary<Observation> = fc
  .tuple(swarms, ids, facts, provenance)
  .map(([swarm, id, told, sources]) => ({ kind: 'agent', swarm, agent: id, facts: told, ...sources }));
const list = fc.uniqueArray(ids, { maxLength: 3 });
const observation: fc.Arbitrary<Observation> = fc.oneof(
  { weight: 12, arbitrary: agent },
  fc.tuple(swarms, ids).map(([swarm, id]): Observation => ({ kind: 'agent-gone', swarm, agent: id })),
  fc
    .tuple(swarms, list)
    .map(([swarm, agents]): Observation => ({ kind: 'agent-list', swarm, agents, scope: 'agents' })),
  fc.constantFrom('s', 't').map((swarm): Observation => ({ kind: 'swarm-gone', swarm })),
  fc.constantFrom('s', 't').map((swarm): Observation => ({ kind: 'swarm-list', swarms: [swarm], scope: 'swarms' })),
  fc.constantFrom('s', 't').map((swarm): Observation => ({ kind: 'swarm', swarm, facts: { topology: 'ring' } })),
  fc.tuple(ids, share).map(([task, progress]): Observation => ({ kind: 'task', task, facts: { progress } })),
);

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

function emptyWorld(): World {
  const clock = { now: () => AT_MS, monotonic: () => 0 };
  const world = new World({ config: configSchema.parse({}).world, clock, epoch: 'e' });
  world.addServer({ id: 'x', type: 'other', simulated: true, transport: 'tcp', endpoint: 'tcp://x' });
  return world;
}

const tell = (world: World, observations: Observation[]): void =>
  world.observe({ server_id: 'x', at_ms: AT_MS, observations });

/** Everything that does not depend on when it was flushed. */
function stateOf(world: World) {
  world.flush(AT_MS);
  const { swarms: groups, agents, tasks } = world.snapshot();
  const plain = agents.map(({ ref: _ref, swarm: _swarm, slot: _slot, ...rest }) => [rest.key, rest] as const);
  return {
    agents: Object.fromEntries(plain),
    swarms: Object.fromEntries(groups.map(({ ref: _ref, slots_rev: _rev, ...rest }) => [rest.key, rest])),
    tasks: Object.fromEntries(tasks.map(({ ref: _ref, ...rest }) => [rest.id, rest])),
  };
}

test('membership is never lost and the newest facts win, however long things wait', () => {
  let merged = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(observation, rarely(fc.integer({ min: 1, max: 4 }))), {
        minLength: 20,
        maxLength: 60,
      }),
      (story) => {
        const [direct, late] = [emptyWorld(), emptyWorld()];
        const inbox = new Inbox({
          maxMessages: MAX_MESSAGES,
          onDropped: () => undefined,
          onMerged: () => void merged++,
        });
        for (const [seen, taken] of story) {
          tell(direct, [seen]);
          inbox.add(seen);
          if (taken !== null) tell(late, inbox.take(taken));
        }
        tell(late, inbox.take(Infinity));
        expect(inbox.size).toBe(0);
        expect(stateOf(late)).toEqual(stateOf(direct));
      },
    ),
    { numRuns: 600 },
  );
  expect(merged).toBeGreaterThan(500);
});

test('of messages the newest are kept, in order; what else waits keeps its place', () => {
  let dropped = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), rarely(fc.nat(3))), { minLength: 30, maxLength: 80 }), (story) => {
      const inbox = new Inbox({
        maxMessages: MAX_MESSAGES,
        onDropped: () => void dropped++,
        onMerged: () => undefined,
      });
      let waiting: Observation[] = [];
      let said = 0;
      for (const [isMessage, taken] of story) {
        said += 1;
        const seen: Observation = isMessage
          ? { kind: 'message', swarm: 's', from: 'a', to: 'b', message_type: 'm', at_ms: said }
          : { kind: 'agent-gone', swarm: 's', agent: String(said) };
        inbox.add(seen);
        waiting.push(seen);
        const messages = waiting.filter(({ kind }) => kind === 'message');
        if (messages.length > MAX_MESSAGES) waiting = waiting.filter((each) => each !== messages[0]);
        expect(inbox.size).toBe(waiting.length);
        if (taken !== null) expect(inbox.take(taken)).toEqual(waiting.splice(0, taken));
      }
      expect(inbox.take(Infinity)).toEqual(waiting);
    }),
    { numRuns: 500 },
  );
  expect(dropped).toBeGreaterThan(1_000);
});
