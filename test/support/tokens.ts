/** Keys and tokens for tests, also forged ones. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';

export const SECRET = 'a shared secret of thirty-two bytes and more';

export interface Claims {
  [claim: string]: unknown;
}

/** Signs with the shared secret; claims win over the usable defaults, and undefined takes one away. */
export function signToken(claims: Claims = {}, key: string | KeyObject = SECRET, alg = 'HS256'): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const all = { sub: 'ada', role: 'viewer', aud: 'swarmcast', iat: now, exp: now + 600, ...claims };
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(payload)
    .setProtectedHeader({ alg })
    .sign(typeof key === 'string' ? new TextEncoder().encode(key) : key);
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token whose header and signature are whatever the attacker writes. */
export function forgeToken(header: object, claims: Claims, sign: (input: string) => string): string {
  const now = Math.floor(Date.now() / 1_000);
  const input = `${base64url(header)}.${base64url({ sub: 'eve', role: 'operator', aud: 'swarmcast', exp: now + 600, ...claims })}`;
  return `${input}.${sign(input)}`;
}

export function hmac(key: string): (input: string) => string {
  return (input) => createHmac('sha256', key).update(input).digest('base64url');
}

/** An asymmetric pair, its public half as PEM and in a file. */
export function keyPair(type: 'rsa' | 'ec' | 'ed25519'): { privateKey: KeyObject; pem: string; file: string } {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, pem, file: fileOf(pem) };
}

/** A file in a directory of its own. */
export function fileOf(text: string, name = 'key'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'swarmcast-test-')), name);
  writeFileSync(file, text);
  return file;
}
