/** Every recorded exchange through every dialect: nothing throws, nothing but well-formed facts comes out, no secret does. */
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../../../src/model/observation.ts';
import { claudeFlowDialect } from '../../../../../src/hub/upstream/dialects/claude-flow.ts';
import { daaDialect } from '../../../../../src/hub/upstream/dialects/daa.ts';
import { createGenericDialect } from '../../../../../src/hub/upstream/dialects/generic.ts';
import { ruvSwarmDialect } from '../../../../../src/hub/upstream/dialects/ruv-swarm.ts';
import { seedDialect } from '../../../../../src/hub/upstream/dialects/seed.ts';
import { cleanObservations } from '../../../../../src/hub/upstream/clean-observations.ts';
import { exchanges, only, openSession, recordings } from './captures.ts';
import { formProblems } from './well-formed.ts';

const DIALECTS = [claudeFlowDialect, ruvSwarmDialect, daaDialect, seedDialect, createGenericDialect(undefined)];
/** The hive's token (redacted in the recording), outputs, broadcasts, memory and remarks. */
const SECRETS = ['REDACTED', 'hello from stub', 'hello all', 'Mock task result', 'ruvnet', 'ANTHROPIC', '/peer'];

describe.each(['claude-flow', 'ruv-swarm'] as const)('%s', (server) => {
  const all = recordings(server)
    .flatMap((file) => exchanges(server, file))
    .toSorted((a, b) => a.id - b.id);

  test('there are recordings', () => {
    expect(all.length).toBeGreaterThan(60);
  });

  test.each(DIALECTS)('as one session of $name', (dialect) => {
    const session = openSession(dialect);
    const told: Observation[] = [];
    for (const { call, outcome, noise } of all) {
      for (const line of noise) told.push(...session.readNoise(line, 0));
      told.push(...session.read(call, outcome, 0));
      session.plan('fast');
      session.plan('slow');
    }
    expect(told.flatMap((each) => formProblems(each))).toEqual([]);
    const text = JSON.stringify(told);
    for (const secret of SECRETS) expect(text).not.toContain(secret);
    expect(cleanObservations(told).refused).toBe(0);
  });

  test.each(DIALECTS)('each by itself in a fresh session of $name', (dialect) => {
    for (const { call, outcome, file } of all) {
      const told = openSession(dialect).read(call, outcome, 0);
      expect(
        told.flatMap((each) => formProblems(each)),
        file,
      ).toEqual([]);
    }
  });

  test('what the cleaning before the world keeps is what was told', () => {
    const session = openSession(server === 'claude-flow' ? claudeFlowDialect : ruvSwarmDialect);
    const told = all.flatMap(({ call, outcome }) => session.read(call, outcome, 0));
    expect(only(told, 'agent').length).toBeGreaterThan(30);
    expect(cleanObservations(told).kept).toEqual(told);
  });
});
