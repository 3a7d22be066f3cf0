/** JSON Web Tokens: signature, audience, issuer, times, and what their claims say of a person. */
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { ROLES } from '../../model/role.ts';
import { cleanText } from '../../model/text.ts';
import type { Clock } from '../clock.ts';
import {
  accepted,
  refused,
  serverIdsSchema,
  swarmKeysSchema,
  type Refusal,
  type RefusalReason,
  type Verdict,
} from './identity.ts';
import type { JwtKeySource } from './jwt-keys.ts';
import { SHOWABLE_FIELDS } from './showable-fields.ts';

/** `role` and the limits are ours, the rest is RFC 7519. */
const claimsSchema = z.object({
  // Cleaning it instead would let one person pass for another, as would the names that we give ourselves.
  sub: z
    .string()
    .min(1)
    .max(128)
    .refine((text) => cleanText(text) === text && !/^(anonymous$|operator-key$|key:)/.test(text)),
  exp: z.number(),
  iat: z.number().optional(),
  role: z.enum(ROLES),
  servers: serverIdsSchema.optional(),
  swarms: swarmKeysSchema.optional(),
  fields: z.array(z.enum(SHOWABLE_FIELDS)).optional(),
});

export interface JwtRules {
  audience: readonly string[];
  /** Empty: any. */
  issuer: readonly string[];
  clock_skew_ms: number;
}

export async function verifyJwt(
  token: string,
  sources: readonly JwtKeySource[],
  rules: JwtRules,
  clock: Clock,
): Promise<Verdict> {
  const algorithm = algorithmOf(token);
  if (algorithm === undefined) return refused('malformed', 'this is neither an API key nor a JSON Web Token');
  const fitting = sources.filter(({ algorithms }) => algorithms.includes(algorithm));
  if (fitting.length === 0) return refused('bad_algorithm', 'tokens of this algorithm are not accepted');
  let refusal: Refusal = { reason: 'bad_signature', message: 'the signature is not valid' };
  for (const source of fitting) {
    const result = await verifyWith(token, source, rules, clock);
    if ('payload' in result) return judgeClaims(result.payload, rules.clock_skew_ms);
    refusal = result;
    // Another source may hold the right key; what is wrong with the claims is wrong with all of them.
    if (refusal.reason !== 'bad_signature' && refusal.reason !== 'keys_unavailable') break;
  }
  return { kind: 'refused', refusal };
}

function algorithmOf(token: string): string | undefined {
  try {
    const { alg } = decodeProtectedHeader(token);
    return typeof alg === 'string' ? alg : undefined;
  } catch {
    // The library's words speak of base64 and JSON; that it is no token is all there is to say.
    return undefined;
  }
}

async function verifyWith(
  token: string,
  { key, algorithms }: JwtKeySource,
  { audience, issuer, clock_skew_ms }: JwtRules,
  clock: Clock,
): Promise<{ payload: JWTPayload } | Refusal> {
  const options = {
    algorithms: [...algorithms],
    audience: [...audience],
    ...(issuer.length === 0 ? {} : { issuer: [...issuer] }),
    clockTolerance: clock_skew_ms / 1_000,
    currentDate: new Date(clock.now()),
    requiredClaims: ['sub', 'exp'],
  };
  try {
    return await jwtVerify(token, key, options);
  } catch (error) {
    return explain(error);
  }
}

function judgeClaims(payload: JWTPayload, clockSkewMs: number): Verdict {
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused('bad_claims', `the token's claim ${issue?.path.join('.') ?? ''} is missing or not valid`);
  }
  const { sub, role, servers, swarms, fields, exp, iat } = parsed.data;
  return accepted({
    subject: sub,
    role,
    limits: { servers, swarms, fields },
    expires_at_ms: Math.floor(exp * 1_000) + clockSkewMs,
    issued_at_ms: iat === undefined ? undefined : Math.floor(iat * 1_000),
  });
}

const CLAIM_REASONS: Readonly<Record<string, RefusalReason>> = {
  aud: 'wrong_audience',
  iss: 'wrong_issuer',
  nbf: 'not_yet_valid',
};

function explain(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return { reason: 'expired', message: 'the token has expired' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    // Of a time in the future only `nbf` is checked; other claims fail by being absent or of the wrong type.
    const reason = CLAIM_REASONS[error.claim] ?? 'bad_claims';
    return { reason, message: `the token's claim ${error.claim} is missing or not accepted` };
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return { reason: 'bad_algorithm', message: 'tokens of this algorithm are not accepted' };
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return { reason: 'malformed', message: 'this is not a JSON Web Token' };
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return { reason: 'bad_signature', message: 'the signature is not valid' };
  }
  // The set of keys could not be fetched, or is none.
  return { reason: 'keys_unavailable', message: 'the keys to check this token with are not available now' };
}
