/**
 * Static API keys, kept as SHA-256. A key is made of 256 random bits, so its hash can't be guessed back: slow hashes and
 * salts protect what people choose, and would cost a denial of service here.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Role } from '../../model/role.ts';
import type { Clock } from '../clock.ts';
import { Visibility } from './visibility.ts';
import { accepted, refused, type Limits, type Verdict } from './identity.ts';

/** Told apart from JWTs by it, and found by scanners for leaked secrets. */
export const API_KEY_PREFIX = 'swk_';
/** Begins the subject of identities by key. */
export const KEY_SUBJECT = 'key:';
const KEY_BYTES = 32;

/** One key as configured. */
export interface ApiKeyEntry extends Limits {
  id: string;
  /** 64 hex digits. */
  sha256: string;
  role: Role;
  /** RFC 3339. */
  expires_at?: string | undefined;
  revoked: boolean;
}

/** `swk_` and 43 base64url characters: 256 random bits. */
export function createApiKey(): string {
  return API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
}

/** 64 hex digits. */
export function hashApiKey(key: string): string {
  return digest(key).toString('hex');
}

export class ApiKeys {
  readonly #entries: readonly { entry: ApiKeyEntry; hash: Buffer }[];

  constructor(entries: readonly ApiKeyEntry[]) {
    this.#entries = entries.map((entry) => ({ entry, hash: Buffer.from(entry.sha256, 'hex') }));
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Undefined when no such key is known. Compares with every key, so that time tells nothing of which came close. */
  verify(key: string, clock: Clock): Verdict | undefined {
    const given = digest(key);
    let found: ApiKeyEntry | undefined;
    for (const { entry, hash } of this.#entries) if (timingSafeEqual(given, hash)) found = entry;
    return found === undefined ? undefined : judge(found, clock);
  }

  /** Whether the key of this id is still good, and good for the same. */
  holds(id: string, { role, limits }: { role: Role; limits: Limits }, clock: Clock): boolean {
    const found = this.#entries.find(({ entry }) => entry.id === id)?.entry;
    if (found === undefined || judge(found, clock).kind === 'refused') return false;
    return found.role === role && sameLimits(found, limits);
  }
}

/** Whether two lists of limits say the same. */
function sameLimits(a: Limits, b: Limits): boolean {
  return new Visibility(a).key === new Visibility(b).key;
}

function judge(entry: ApiKeyEntry, clock: Clock): Verdict {
  if (entry.revoked) return refused('revoked', 'this key was revoked');
  const expiresAtMs = entry.expires_at === undefined ? undefined : Date.parse(entry.expires_at);
  if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) return refused('expired', 'this key has expired');
  const { id, role, servers, swarms, fields } = entry;
  return accepted({
    subject: KEY_SUBJECT + id,
    role,
    limits: { servers, swarms, fields },
    expires_at_ms: expiresAtMs,
    issued_at_ms: undefined,
  });
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
