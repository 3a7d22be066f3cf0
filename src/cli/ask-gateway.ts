/** One request to a running gateway's HTTP API, for commands. */
import { tokenOfEnvironment } from '../platform/config/environment.ts';
import { loadConfig } from '../platform/config/load.ts';
import { cleanText } from '../model/text.ts';
import { UsageError } from './command.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
const ANSWER_TIMEOUT_MS = 30_000;

/** The gateway did not do it; the message says why. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

export interface Target {
  url: string;
  key: string | undefined;
  signal: AbortSignal;
}

/** @throws {@link RefusedError} when nothing answers, or it says no. */
export async function askGateway(target: Target, method: string, path: string, body?: object): Promise<unknown> {
  const { url, key, signal } = target;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (cause) {
    throw new RefusedError(`no gateway answers at ${url}; start one with: swarmcast start`, { cause });
  }
  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer;
  const said = (answer as { detail?: unknown } | undefined)?.detail;
  const why = typeof said === 'string' ? said : `it answers ${response.status}, as no gateway does`;
  throw new RefusedError(`${url} refused: ${cleanText(why)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever this is, it is no answer of a gateway; the caller says so.
    return undefined;
  }
}

/** `http://HOST:PORT` of what was given as a gateway. @throws {UsageError} */
export function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new UsageError(`--url ${text}: must be the gateway's http://HOST:PORT`);
  }
  return `${url.protocol.replace('ws', 'http')}//${url.host}`;
}

export function configuredKey(): string | undefined {
  return tokenOfEnvironment() ?? loadConfig({ files: [], flags: {} }).config.server.operator_key;
}

/** A terminal obeys the controls of C1 too, which JSON leaves as they are. */
export function escapeControls(text: string): string {
  return text.replaceAll(/[\u007f-\u009f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
