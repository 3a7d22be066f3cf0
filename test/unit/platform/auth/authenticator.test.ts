import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createApiKey, hashApiKey } from '../../../../src/platform/auth/api-keys.ts';
import type { Verdict } from '../../../../src/platform/auth/identity.ts';
import { accessOf } from '../../../support/access.ts';
import { fileOf, forgeToken, hmac, keyPair, SECRET, signToken, type Claims } from '../../../support/tokens.ts';

const rsa = keyPair('rsa');
const ec = keyPair('ec');
const ed = keyPair('ed25519');
const now = () => Math.floor(Date.now() / 1_000);
const secretAccess = await accessOf({ auth: { jwt: { secret: SECRET } } });

const reasonOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.refusal.reason : 'accepted');
const refusedFor = async (token: string | undefined, access = secretAccess) => reasonOf(await access.verify(token));

describe('tokens that are accepted', () => {
  test('a token says who, in which role, within which limits, until when', async () => {
    const exp = now() + 60;
    const token = await signToken({ role: 'operator', servers: ['a'], swarms: ['a/s'], fields: ['name'], exp });
    const verdict = await secretAccess.verify(token);
    expect(verdict).toEqual({
      kind: 'identity',
      identity: {
        subject: 'ada',
        role: 'operator',
        limits: { servers: ['a'], swarms: ['a/s'], fields: ['name'] },
        // The clock skew that is forgiven is part of it.
        expires_at_ms: exp * 1_000 + 30_000,
        issued_at_ms: expect.any(Number),
      },
    });
  });

  test.each([
    ['rsa', rsa, 'RS256'],
    ['rsa', rsa, 'PS512'],
    ['ec', ec, 'ES256'],
    ['ed25519', ed, 'EdDSA'],
  ] as const)('%s, from a file: %#', async (_, { privateKey, file }, alg) => {
    const access = await accessOf({ auth: { jwt: { public_key_file: file } } });
    expect(await refusedFor(await signToken({}, privateKey, alg), access)).toBe('accepted');
  });

  test('several sources at once: each token by the one that fits', async () => {
    const access = await accessOf({ auth: { jwt: { secret: SECRET, public_key_file: rsa.file } } });
    expect(await refusedFor(await signToken(), access)).toBe('accepted');
    expect(await refusedFor(await signToken({}, rsa.privateKey, 'RS256'), access)).toBe('accepted');
    expect(await refusedFor(await signToken({}, ed.privateKey, 'EdDSA'), access)).toBe('bad_algorithm');
  });

  test('clock skew is forgiven up to the setting, on both ends', async () => {
    const access = await accessOf({ auth: { jwt: { secret: SECRET, clock_skew_ms: 5_000 } } });
    expect(await refusedFor(await signToken({ exp: now() - 3 }), access)).toBe('accepted');
    expect(await refusedFor(await signToken({ exp: now() - 8 }), access)).toBe('expired');
    expect(await refusedFor(await signToken({ nbf: now() + 3 }), access)).toBe('accepted');
    expect(await refusedFor(await signToken({ nbf: now() + 8 }), access)).toBe('not_yet_valid');
  });
});

describe('tokens that are refused, with the reason', () => {
  const cases: [string, Claims, string][] = [
    ['expired', { exp: now() - 600 }, 'expired'],
    ['not yet valid', { nbf: now() + 600 }, 'not_yet_valid'],
    ['for another audience', { aud: 'somebody-else' }, 'wrong_audience'],
    ['without audience', { aud: undefined }, 'wrong_audience'],
    ['that never expires', { exp: undefined }, 'bad_claims'],
    ['of nobody', { sub: undefined }, 'bad_claims'],
    ['without role', { role: undefined }, 'bad_claims'],
    ['of an unknown role', { role: 'admin' }, 'bad_claims'],
    ['whose name has control characters', { sub: 'ada\u202e' }, 'bad_claims'],
    ['whose limits are no list', { servers: 'all' }, 'bad_claims'],
    ['whose limits name unknown fields', { fields: ['everything'] }, 'bad_claims'],
    ['whose swarms name no server', { swarms: ['s'] }, 'bad_claims'],
  ];
  test.each(cases)('%s', async (_, claims, reason) => {
    expect(await refusedFor(await signToken(claims))).toBe(reason);
  });

  test('an issuer that is not listed', async () => {
    const access = await accessOf({ auth: { jwt: { secret: SECRET, issuer: ['https://idp.example'] } } });
    expect(await refusedFor(await signToken({ iss: 'https://evil.example' }), access)).toBe('wrong_issuer');
    expect(await refusedFor(await signToken(), access)).toBe('wrong_issuer');
    expect(await refusedFor(await signToken({ iss: 'https://idp.example' }), access)).toBe('accepted');
  });

  test('forged: no signature, another key, a changed payload', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      expect(await refusedFor(forgeToken({ alg }, {}, () => ''))).toBe('bad_algorithm');
    }
    expect(await refusedFor(forgeToken({ alg: 'HS256' }, {}, hmac('some other secret of thirty-two bytes')))).toBe(
      'bad_signature',
    );
    expect(await refusedFor(forgeToken({ alg: 'HS256' }, {}, () => ''))).toBe('bad_signature');
    const [head, , signature] = (await signToken()).split('.');
    const [, payload] = (await signToken({ role: 'operator' })).split('.');
    expect(await refusedFor(`${head}.${payload}.${signature}`)).toBe('bad_signature');
  });

  test('HS256 signed with the public key of an RS256 gateway', async () => {
    const access = await accessOf({ auth: { jwt: { public_key_file: rsa.file } } });
    for (const key of [rsa.pem, rsa.pem.trim()]) {
      expect(await refusedFor(forgeToken({ alg: 'HS256' }, {}, hmac(key)), access)).toBe('bad_algorithm');
    }
    const both = await accessOf({ auth: { jwt: { public_key_file: rsa.file, secret: SECRET } } });
    expect(await refusedFor(forgeToken({ alg: 'HS256' }, {}, hmac(rsa.pem)), both)).toBe('bad_signature');
  });

  test('a token that brings its own key', async () => {
    const jwk = createPublicKey(ed.pem).export({ format: 'jwk' });
    const access = await accessOf({ auth: { jwt: { public_key_file: ec.file } } });
    expect(await refusedFor(forgeToken({ alg: 'ES256', jwk }, {}, hmac('x')), access)).toBe('bad_signature');
  });

  test.each(['', 'x', 'a.b.c', '..', `${'a'.repeat(9_000)}.b.c`, '{"alg":"none"}', 'e30.e30.'])(
    'not a token: %#',
    async (token) => {
      expect(['malformed', 'unknown_key', 'bad_algorithm']).toContain(await refusedFor(token));
    },
  );
});

describe('sets of keys', () => {
  const set = (...keys: object[]) => JSON.stringify({ keys });
  const jwkOf = (pem: string, kid: string) => ({ ...createPublicKey(pem).export({ format: 'jwk' }), kid });

  test('from a file', async () => {
    const file = fileOf(set(jwkOf(ec.pem, 'one'), jwkOf(ed.pem, 'two')), 'jwks.json');
    const access = await accessOf({ auth: { jwt: { jwks_file: file } } });
    expect(await refusedFor(await signToken({}, ec.privateKey, 'ES256'), access)).toBe('accepted');
    expect(await refusedFor(await signToken({}, ed.privateKey, 'EdDSA'), access)).toBe('accepted');
    expect(await refusedFor(await signToken({}, rsa.privateKey, 'RS256'), access)).toBe('bad_signature');
    expect(await refusedFor(await signToken(), access)).toBe('bad_algorithm');
  });

  test('a shared secret in a set of public keys is refused at start', async () => {
    const file = fileOf(set({ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }), 'jwks.json');
    await expect(accessOf({ auth: { jwt: { jwks_file: file } } })).rejects.toThrow('auth.jwt.jwks_file');
  });

  test('from a URL: fetched when needed, once; unreachable is no forgery', async () => {
    let fetched = 0;
    await using server = createServer((_, reply) => {
      fetched++;
      reply.end(set(jwkOf(ec.pem, 'one')));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const access = await accessOf({ auth: { jwt: { jwks_url: url } } });
    expect(fetched).toBe(0);
    const token = await signToken({}, ec.privateKey, 'ES256');
    for (let i = 0; i < 5; i++) expect(await refusedFor(token, access)).toBe('accepted');
    // Unknown keys don't cause a storm of fetches: there is a cooldown.
    for (let i = 0; i < 5; i++) {
      expect(await refusedFor(await signToken({}, ed.privateKey, 'EdDSA'), access)).toBe('bad_signature');
    }
    expect(fetched).toBe(1);
    const nowhere = await accessOf({ auth: { jwt: { jwks_url: 'http://127.0.0.1:9/jwks' } } });
    expect(await refusedFor(token, nowhere)).toBe('keys_unavailable');
  });

  test.each([
    ['a missing file', { public_key_file: '/nowhere/key.pem' }, 'auth.jwt.public_key_file'],
    ['no key', { public_key_file: fileOf('hello') }, 'auth.jwt.public_key_file'],
    ['a short secret', { secret_file: fileOf('short') }, 'auth.jwt.secret_file'],
    ['no set', { jwks_file: fileOf('[]') }, 'auth.jwt.jwks_file'],
  ])('%s is refused at start, naming the setting', async (_, jwt, setting) => {
    await expect(accessOf({ auth: { jwt } })).rejects.toThrow(setting);
  });
});

describe('API keys', () => {
  test('known, unknown, revoked, expired', async () => {
    const keys = [createApiKey(), createApiKey(), createApiKey()] as const;
    const entries = [
      { id: 'ci', sha256: hashApiKey(keys[0]), role: 'operator', servers: ['a'] },
      { id: 'lost', sha256: hashApiKey(keys[1]), revoked: true },
      { id: 'old', sha256: hashApiKey(keys[2]), expires_at: '2020-01-01T00:00:00Z' },
    ];
    const access = await accessOf({ auth: { keys: entries } });
    expect(await access.verify(keys[0])).toMatchObject({
      identity: { subject: 'key:ci', role: 'operator', limits: { servers: ['a'] } },
    });
    expect(await refusedFor(keys[1], access)).toBe('revoked');
    expect(await refusedFor(keys[2], access)).toBe('expired');
    expect(await refusedFor(createApiKey(), access)).toBe('unknown_key');
    expect(await refusedFor(hashApiKey(keys[0]), access)).toBe('unknown_key');
    // Without the prefix or a part of it, it is another key.
    expect(await refusedFor(keys[0].slice(0, -1), access)).toBe('unknown_key');
  });
});

describe('without a token', () => {
  const key = { id: 'k', sha256: hashApiKey('x') };
  test.each([
    ['loopback, nothing configured', {}, {}, 'viewer'],
    ['logins are configured', {}, { keys: [key] }, undefined],
    ['tokens are configured', {}, { jwt: { secret: SECRET } }, undefined],
    ['said so', {}, { keys: [key], anonymous: 'viewer' }, 'viewer'],
    ['operators, said so', {}, { anonymous: 'operator' }, 'operator'],
    ['off', {}, { anonymous: 'off' }, undefined],
    ['a wider address', { host: '0.0.0.0' }, {}, undefined],
    ['a wider address, accepted', { host: '0.0.0.0' }, { allow_unauthenticated_network: true }, 'viewer'],
  ] as const)('%s', async (_, server, auth, role) => {
    const verdict = await (await accessOf({ server, auth })).verify(undefined);
    expect(verdict.kind === 'identity' ? verdict.identity.role : undefined).toBe(role);
    if (role === undefined) expect(reasonOf(verdict)).toBe('no_token');
  });
});
