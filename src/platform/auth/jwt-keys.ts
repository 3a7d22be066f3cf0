/**
 * What JSON Web Tokens are verified with. Each source allows the algorithms of its own type of key and no other, so a
 * public key never serves as an HMAC secret, and `none` is in no list.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { ConfigError } from '../config/errors.ts';

export interface JwtKeysConfig {
  secret?: string | undefined;
  secret_file?: string | undefined;
  public_key_file?: string | undefined;
  jwks_file?: string | undefined;
  jwks_url?: string | undefined;
  jwks_cooldown_ms: number;
  jwks_max_age_ms: number;
}

/** One source of keys with the algorithms that its tokens may name. */
export interface JwtKeySource {
  algorithms: readonly string[];
  key: KeyObject | Uint8Array | JWTVerifyGetKey;
}

/** As many bits as the hash has, as RFC 7518 asks. */
const MIN_SECRET_BYTES = 32;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const EDWARDS = ['EdDSA', 'Ed25519'];
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const ASYMMETRIC = [...RSA, ...Object.values(CURVES), ...EDWARDS];
const FETCH_TIMEOUT_MS = 5_000;

/**
 * Reads the files; a URL is fetched when a token first needs it.
 * @throws {@link ConfigError} naming the setting that cannot work.
 */
export async function loadJwtKeys(config: JwtKeysConfig): Promise<readonly JwtKeySource[]> {
  const sources: JwtKeySource[] = [];
  const secret = config.secret ?? (await readSetting('secret_file', config.secret_file))?.trim();
  if (secret !== undefined) sources.push(secretSource(secret, config.secret === undefined ? 'secret_file' : 'secret'));
  const pem = await readSetting('public_key_file', config.public_key_file);
  if (pem !== undefined) sources.push(publicKeySource(pem));
  const jwks = await readSetting('jwks_file', config.jwks_file);
  if (jwks !== undefined) sources.push({ algorithms: ASYMMETRIC, key: localSet(jwks) });
  if (config.jwks_url !== undefined) {
    const key = createRemoteJWKSet(new URL(config.jwks_url), {
      cooldownDuration: config.jwks_cooldown_ms,
      cacheMaxAge: config.jwks_max_age_ms,
      timeoutDuration: FETCH_TIMEOUT_MS,
    });
    sources.push({ algorithms: ASYMMETRIC, key });
  }
  return sources;
}

function secretSource(secret: string, setting: string): JwtKeySource {
  const key = new TextEncoder().encode(secret);
  if (key.byteLength < MIN_SECRET_BYTES) throw refuse(setting, `must have at least ${MIN_SECRET_BYTES} bytes`);
  return { algorithms: ['HS256'], key };
}

function publicKeySource(pem: string): JwtKeySource {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw refuse('public_key_file', 'is not a public key in PEM form', cause);
  }
  const algorithms = algorithmsOf(key);
  if (algorithms.length > 0) return { algorithms, key };
  throw refuse('public_key_file', 'must be an RSA, EC (P-256, P-384, P-521) or Ed25519 key');
}

function algorithmsOf(key: KeyObject): readonly string[] {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return RSA;
    case 'ed25519':
      return EDWARDS;
    case 'ec': {
      const algorithm = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
      return algorithm === undefined ? [] : [algorithm];
    }
    default:
      return [];
  }
}

function localSet(text: string): JWTVerifyGetKey {
  try {
    const { keys } = JSON.parse(text) as { keys: { kty?: string }[] };
    if (keys.some(({ kty }) => kty === 'oct'))
      throw new TypeError('it holds a shared secret; use auth.jwt.secret_file');
    return createLocalJWKSet({ keys });
  } catch (cause) {
    throw refuse('jwks_file', `is not a JSON Web Key Set: ${cause instanceof Error ? cause.message : ''}`, cause);
  }
}

async function readSetting(setting: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw refuse(setting, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function refuse(setting: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ key: `auth.jwt.${setting}`, source: 'configuration', message }], { cause });
}
