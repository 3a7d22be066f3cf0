/** Who somebody is to this gateway, and what they may see and do. */
import { z } from 'zod';
import type { Role } from '../../model/role.ts';
import type { ShowableField } from './showable-fields.ts';

/** What somebody may see at most; absent: no limit of that kind. Limits combine with AND. */
export interface Limits {
  /** Ids of servers. */
  servers?: readonly string[] | undefined;
  /** Keys of swarms, `server/swarm`. A bare id would also match another server's swarm. */
  swarms?: readonly string[] | undefined;
  /** Fields that are shown beyond identity, type and status. */
  fields?: readonly ShowableField[] | undefined;
}

export interface Identity {
  /** `anonymous`, `key:<id>`, `operator-key`, or a token's `sub`. Without control characters, at most 128 characters. */
  subject: string;
  role: Role;
  limits: Limits;
  /** Until when it is honoured here, ms since 1970; undefined: for ever. */
  expires_at_ms: number | undefined;
  /** ms since 1970, of tokens that say so: an older token never replaces a newer one. */
  issued_at_ms: number | undefined;
}

/** Why somebody is not let in; also the metrics' label. */
export type RefusalReason =
  | 'no_token'
  | 'malformed'
  | 'bad_signature'
  | 'bad_algorithm'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'bad_claims'
  | 'unknown_key'
  | 'revoked'
  | 'keys_unavailable';

/** `message`: one sentence for who sent the token; tells nothing that helps to forge one. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
}

export type Verdict = { kind: 'identity'; identity: Identity } | { kind: 'refused'; refusal: Refusal };

export function allows(role: Role, needed: Role): boolean {
  return role === needed || role === 'operator';
}

/** True when something is hidden from them. */
export function isLimited({ servers, swarms, fields }: Limits): boolean {
  return servers !== undefined || swarms !== undefined || fields !== undefined;
}

export function accepted(identity: Identity): Verdict {
  return { kind: 'identity', identity };
}

export function refused(reason: RefusalReason, message: string): Verdict {
  return { kind: 'refused', refusal: { reason, message } };
}

/** Largest number of entries of one list of limits. */
const MAX_LIMIT_VALUES = 256;

export const serverIdsSchema = z.array(z.string().min(1).max(64)).max(MAX_LIMIT_VALUES);
export const swarmKeysSchema = z
  .array(
    z
      .string()
      .max(600)
      .regex(/^[^/]+\/./, 'must be server/swarm'),
  )
  .max(MAX_LIMIT_VALUES);
