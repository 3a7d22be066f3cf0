import type { SdkHttpError } from '@modelcontextprotocol/client';
import { isFields } from './lenient-message.ts';

/** The JSON-RPC error in the body of an HTTP error, if there is one: servers of 2026-07-28 answer 404 for an unknown method. */
export function rpcErrorOf(error: SdkHttpError): { code: number; message: string } | undefined {
  const text = error.data['text'];
  if (typeof text !== 'string') return undefined;
  try {
    const body: unknown = JSON.parse(text);
    const said = isFields(body) ? body['error'] : undefined;
    if (!isFields(said) || typeof said['code'] !== 'number' || typeof said['message'] !== 'string') return undefined;
    return { code: said['code'], message: said['message'] };
  } catch {
    // A page for people: the status says it all.
    return undefined;
  }
}
