import { describe, expect, test } from 'vitest';
import { cleanObservations } from '../../../../src/hub/upstream/clean-observations.ts';
import {
  countFindings,
  createFindings,
  isSecretName,
  isUsableId,
  screenText,
} from '../../../../src/hub/upstream/screen-text.ts';
import { freeValue } from '../../../../src/hub/upstream/dialects/operation-replies.ts';
import { HOSTILE_TEXTS } from '../../../corpus/hostile-text.ts';

const secrets = HOSTILE_TEXTS.flatMap(({ label, text, secret }) =>
  secret === undefined ? [] : [{ label, text, secret }],
);

test.each(HOSTILE_TEXTS)('$label: nothing that runs, no control character, and the same again', ({ text }) => {
  const screened = screenText(text);
  expect(screened.length).toBeLessThanOrEqual(512);
  expect(screened).not.toMatch(/<script|javascript:|data:text\/html|vbscript:|onload\s*=|onerror\s*=/i);
  expect(screened).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(screenText(screened)).toBe(screened);
});

test.each(secrets)('$label: the secret is gone, and counted', ({ text, secret }) => {
  const counts = createFindings();
  expect(countFindings(counts, () => screenText(text))).not.toContain(secret);
  expect(counts.secretsRedacted).toBe(1);
  expect(isUsableId(text)).toBe(false);
});

test('a secret at the cut is known for one though its end is cut off', () => {
  const token = `ghp_${'x1Y2z3W4'.repeat(5)}`;
  for (let before = 470; before < 520; before += 1) {
    const screened = screenText(`${'.'.repeat(before)}${token}`);
    expect(screened).not.toContain('ghp_x');
  }
});

describe('what is told stays told', () => {
  test.each([
    'Tokens: 1523 of 4000',
    'tokens_used=12, max_tokens: 4000',
    'connection=2 version=1.0 online=true',
    'basic authentication required',
    'task-skeleton risk-based disk-usage monkey: banana',
    'http://127.0.0.1:9500/mcp?agent=1',
    'Coder <ann@example.org> & friends: a < b',
    'Prüfung 東京 наблюдатель 👩🚀',
    '2026-11-28T15:45:49.123Z',
  ])('%s', (text) => {
    expect(screenText(text)).toBe(text);
  });
});

test('suspicious content is broken, legible, and counted by kind; an id keeps it', () => {
  const counts = createFindings();
  const text = '<script> JavaScript: vbscript: data:text/html onload= onError =';
  const screened = countFindings(counts, () => screenText(text));
  expect(screened).toBe('<·script> JavaScript·: vbscript·: data·:text/html onload·= onError· =');
  expect(counts).toEqual({
    secretsRedacted: 0,
    suspiciousScriptTags: 1,
    suspiciousScriptUrls: 1,
    suspiciousDataUrls: 1,
    suspiciousHandlers: 1,
  });
  expect(countFindings(counts, () => isUsableId('<script>'))).toBe(true);
  expect(counts.suspiciousScriptTags).toBe(2);
});

test('what one server says is not counted for another', () => {
  const [one, other] = [createFindings(), createFindings()];
  screenText('token=of-nobody');
  countFindings(one, () => undefined);
  countFindings(other, () => screenText('token=of-the-other'));
  expect([one.secretsRedacted, other.secretsRedacted]).toEqual([0, 1]);
});

describe('fields with secret names', () => {
  test.each(
    'hiveToken hive_token api_key x-api-key apiKey DB_PASSWORD clientSecret authorization Cookie privateKey access-key refresh_token credentials'.split(
      ' ',
    ),
  )('%s is one', (name) => expect(isSecretName(name)).toBe(true));
  test.each(['tokens_used', 'max_tokens', 'key', 'keyboard', 'secretary', 'name', 'passage'])('%s is none', (name) =>
    expect(isSecretName(name)).toBe(false),
  );

  test('in a fact of any depth and in the answer to an operation', () => {
    const counts = createFindings();
    const neural = { network_id: 'n-1', hiveToken: 'hive-1' } as Record<string, string>;
    const { kept } = countFindings(counts, () =>
      cleanObservations([{ kind: 'agent', swarm: 's', agent: 'a', facts: { name: 'ann', neural } }]),
    );
    expect(kept).toMatchObject([{ facts: { name: 'ann', neural: { network_id: 'n-1', hiveToken: '***' } } }]);
    expect(counts.secretsRedacted).toBe(1);
    expect(freeValue({ notes: [{ api_key: 'k-1', text: 'password=p-1' }], token: { inner: 't-1' } })).toEqual({
      notes: [{ api_key: '***', text: 'password=***' }],
      token: '***',
    });
  });
});

test('no text of the longest that is looked at takes long to look at', () => {
  const parts = [
    'token',
    'token="',
    'sk-',
    '-eyJ',
    '://',
    '://a:',
    'bearer 1',
    'cookie:',
    '-----BEGIN PRIVATE KEY-----',
    '\\\\"',
  ];
  const text = (part: string) => part.repeat(Math.ceil(16_384 / part.length));
  // Steps that grow with the square of the length would take seconds here.
  for (const part of parts) for (let times = 0; times < 3; times += 1) screenText(text(part), 16_384);
});
