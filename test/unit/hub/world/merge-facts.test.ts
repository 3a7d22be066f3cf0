import { describe, expect, test } from 'vitest';
import { AGENT_FACTS, mergeFacts } from '../../../../src/hub/world/merge-facts.ts';

describe('facts merged into a record', () => {
  test.each([
    { note: 'absent says nothing', facts: {}, after: { name: 'a', neural: { learning_rate: 0.5 } }, changed: false },
    {
      note: 'so does undefined',
      facts: { name: undefined },
      after: { name: 'a', neural: { learning_rate: 0.5 } },
      changed: false,
    },
    { note: 'null makes unknown', facts: { name: null }, after: { neural: { learning_rate: 0.5 } }, changed: true },
    { note: 'null makes all of it unknown', facts: { neural: null }, after: { name: 'a' }, changed: true },
    {
      note: 'nested ones are merged',
      facts: { neural: { adaptations: 3 } },
      after: { name: 'a', neural: { learning_rate: 0.5, adaptations: 3 } },
      changed: true,
    },
    {
      note: 'nested undefined says nothing',
      facts: { neural: { learning_rate: undefined } },
      after: { name: 'a', neural: { learning_rate: 0.5 } },
      changed: false,
    },
    {
      note: 'not a number says nothing',
      facts: { health: Number.NaN },
      after: { name: 'a', neural: { learning_rate: 0.5 } },
      changed: false,
    },
    {
      note: 'what has no rule is not merged',
      facts: { __proto__: null, evil: 1 },
      after: { name: 'a', neural: { learning_rate: 0.5 } },
      changed: false,
    },
  ])('$note', ({ facts, after, changed }) => {
    const record = { name: 'a', neural: { learning_rate: 0.5 } };
    expect(mergeFacts(record, facts, AGENT_FACTS) !== 0).toBe(changed);
    expect(JSON.parse(JSON.stringify(record))).toEqual(after);
  });
});
