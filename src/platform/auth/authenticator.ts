/** From a token, or none, to an identity or a reason. The same answer on every way in: socket, renewal, HTTP. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from '../../model/role.ts';
import type { Clock } from '../clock.ts';
import { anonymousRole, verifiesTokens, type AccessConfig } from './anonymous.ts';
import { API_KEY_PREFIX, ApiKeys, KEY_SUBJECT } from './api-keys.ts';
import { accepted, refused, type Identity, type Verdict } from './identity.ts';

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8_192;

export interface AuthenticatorOptions {
  /** `server.operator_key` is accepted as an operator, beside the keys of `auth`. */
  config: AccessConfig;
  clock: Clock;
}

/** Reads what the configuration names. @throws {@link ConfigError} for keys that cannot work. */
export async function createAuthenticator(options: AuthenticatorOptions): Promise<Authenticator> {
  return new Authenticator(options, await openJwtVerifier(options));
}

type JwtVerifier = (token: string) => Promise<Verdict>;

/** Loaded only where it is used: it costs start-up time. */
async function openJwtVerifier({ config, clock }: AuthenticatorOptions): Promise<JwtVerifier> {
  const { jwt } = config.auth;
  if (!verifiesTokens(config.auth)) {
    return () => Promise.resolve(refused('bad_algorithm', 'this gateway accepts no JSON Web Tokens'));
  }
  const { loadJwtKeys } = await import('./jwt-keys.ts');
  const { verifyJwt } = await import('./jwt-verifier.ts');
  const sources = await loadJwtKeys(jwt);
  return (token) => verifyJwt(token, sources, jwt, clock);
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #keys: ApiKeys;
  readonly #jwt: JwtVerifier;
  readonly #operatorDigest: Buffer | undefined;
  readonly #anonymous: Role | undefined;

  /** Use {@link createAuthenticator}. */
  constructor(options: AuthenticatorOptions, jwt: JwtVerifier) {
    this.#options = options;
    this.#keys = new ApiKeys(options.config.auth.keys);
    this.#jwt = jwt;
    const { operator_key: operatorKey } = options.config.server;
    this.#operatorDigest = operatorKey === undefined ? undefined : digest(operatorKey);
    this.#anonymous = anonymousRole(options.config);
  }

  /** Role of those without a token; undefined: they are refused. */
  get anonymous(): Role | undefined {
    return this.#anonymous;
  }

  /** The verdict on a token; undefined: none was sent. At once, unless a signature has to be verified. Never rejects. */
  verify(token: string | undefined): Verdict | Promise<Verdict> {
    if (token === undefined) return this.#withoutToken();
    if (token.length > MAX_TOKEN_LENGTH) return refused('malformed', `a token may have ${MAX_TOKEN_LENGTH} characters`);
    if (this.#operatorDigest !== undefined && timingSafeEqual(this.#operatorDigest, digest(token))) {
      return accepted({ ...NO_EXPIRY, subject: 'operator-key', role: 'operator', limits: {} });
    }
    const known = this.#keys.verify(token, this.#options.clock);
    if (known !== undefined) return known;
    // A JWT has three parts; everything else can only be a key that nobody knows.
    if (token.startsWith(API_KEY_PREFIX) || token.split('.').length !== 3) {
      return refused('unknown_key', 'this key is not known here');
    }
    return this.#jwt(token);
  }

  /**
   * False when a reload took back what the identity rests on: the key, or that nobody needs a token. A token's signature
   * is not checked again: it lives until it expires.
   */
  stillHolds(identity: Identity): boolean {
    const { subject, role } = identity;
    if (subject === 'anonymous') return this.#anonymous === role;
    if (!subject.startsWith(KEY_SUBJECT)) return true;
    return this.#keys.holds(subject.slice(KEY_SUBJECT.length), identity, this.#options.clock);
  }

  #withoutToken(): Verdict {
    const role = this.#anonymous;
    if (role !== undefined) return accepted({ ...NO_EXPIRY, subject: 'anonymous', role, limits: {} });
    return refused('no_token', 'a token is needed: Authorization: Bearer <token>, or the subprotocol bearer.<token>');
  }
}

const NO_EXPIRY = { expires_at_ms: undefined, issued_at_ms: undefined };

// Digests have one length, so the comparison takes the same time whatever was sent.
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
