/** Makes JSON Web Tokens, for those who have no identity provider: trials, scripts, tests. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Role } from '../../model/role.ts';
import type { Limits } from './identity.ts';

export interface TokenContents {
  subject: string;
  role: Role;
  limits: Limits;
  audience: string;
  /** Seconds that it is valid. */
  lifetimeS: number;
}

/** `key`: a shared secret (HS256), or a private key in PEM form. @throws {TypeError} for keys of another kind. */
export async function signToken(contents: TokenContents, key: string, clock: { now(): number }): Promise<string> {
  const { subject, role, limits, audience, lifetimeS } = contents;
  const isPem = key.includes('-----BEGIN');
  const signer: KeyObject | Uint8Array = isPem ? createPrivateKey(key) : new TextEncoder().encode(key);
  const nowS = Math.floor(clock.now() / 1_000);
  const given = Object.fromEntries(Object.entries(limits).filter(([, list]) => list !== undefined));
  return await new SignJWT({ role, ...given })
    .setProtectedHeader({ alg: signer instanceof Uint8Array ? 'HS256' : algorithmOf(signer) })
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + lifetimeS)
    .sign(signer);
}

const BY_CURVE: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  const algorithm = BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined) throw new TypeError('the key must be RSA, EC (P-256, P-384, P-521) or Ed25519');
  return algorithm;
}
