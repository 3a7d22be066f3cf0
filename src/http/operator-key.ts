import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { Actor } from '../model/actor.ts';
import { problem } from './problem.ts';

/** What a refused request is told. */
interface KeyRefusal {
  status: 401 | 403;
  code: 'no_key' | 'bad_key' | 'no_operators';
  message: string;
}

/**
 * Who asks: the holder of the key is an operator, whoever sends none a viewer. @returns the answer to a wrong key.
 */
export function identifyByKey(key: string | undefined, refused: () => void): (c: Context) => Actor | Response {
  const expected = key === undefined ? undefined : digest(key);
  return (c) => {
    const header = c.req.header('authorization');
    if (header === undefined) return { subject: 'anonymous', role: 'viewer', via: 'http' };
    const refusal = refusalOf(expected, header);
    if (refusal === undefined) return { subject: 'operator-key', role: 'operator', via: 'http' };
    refused();
    return problem(c, refusal.status, refusal.code, refusal.message);
  };
}

/** Lets requests pass that carry `Authorization: Bearer <key>`. Without a key of our own nobody passes. */
export function requireOperatorKey(key: string | undefined, refused: () => void): MiddlewareHandler {
  const expected = key === undefined ? undefined : digest(key);
  return async (c, next) => {
    const refusal = refusalOf(expected, c.req.header('authorization'));
    if (refusal === undefined) {
      await next();
      return undefined;
    }
    refused();
    const { status, code, message } = refusal;
    if (status === 401) c.header('www-authenticate', 'Bearer');
    return problem(c, status, code, message);
  };
}

function refusalOf(expected: Buffer | undefined, header: string | undefined): KeyRefusal | undefined {
  if (expected === undefined) {
    return { status: 403, code: 'no_operators', message: 'this gateway has no operator key: set server.operator_key' };
  }
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (given === undefined) {
    return { status: 401, code: 'no_key', message: 'send the operator key as Authorization: Bearer <key>' };
  }
  if (timingSafeEqual(expected, digest(given))) return undefined;
  return { status: 403, code: 'bad_key', message: 'this is not the operator key' };
}

// Digests have one length, so the comparison takes the same time whatever was sent.
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
