import { expect, test } from 'vitest';
import { withoutSecrets } from '../../../../src/hub/upstream/without-secrets.ts';

const SECRETS = ['own-key', 'other-key'];

test('every text and every name of a field is looked at, and each that held one is counted', () => {
  let found = 0;
  const said = {
    agents: [{ name: 'ann own-key', tags: ['x', 'other-keyown-key'] }, 'own-key'],
    'is own-key': { deep: [[['own-key']]] },
    count: 1,
    none: null,
    ok: true,
  };
  expect(withoutSecrets(said, SECRETS, () => (found += 1))).toEqual({
    agents: [{ name: 'ann ***', tags: ['x', '******'] }, '***'],
    'is ***': { deep: [[['***']]] },
    count: 1,
    none: null,
    ok: true,
  });
  expect(found).toBe(5);
});

test('what holds none is the same object, untouched, and nothing is counted', () => {
  const said = { agents: [{ name: 'ann' }], own: 'key' };
  const onFound = () => expect.unreachable();
  expect(withoutSecrets(said, SECRETS, onFound)).toBe(said);
  expect(withoutSecrets('own', SECRETS, onFound)).toBe('own');
  const secret = { name: 'own-key' };
  expect(withoutSecrets(secret, [], onFound)).toBe(secret);
});

test('a field that is named __proto__ is a field', () => {
  const said = JSON.parse('{"__proto__":{"name":"own-key"}}') as object;
  const clean = withoutSecrets(said, SECRETS, () => undefined);
  expect(JSON.stringify(clean)).toBe('{"__proto__":{"name":"***"}}');
  expect(({} as { name?: string }).name).toBeUndefined();
});
