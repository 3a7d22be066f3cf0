/**
 * Bends what real peers answer into what the SDK's schemas accept, without changing its meaning. The seeds' servers list
 * names of tools under `capabilities`, leave parts of the initialize result out, and answer with bare values.
 */
import type { JSONRPCErrorResponse, JSONRPCResultResponse } from '@modelcontextprotocol/client';

/** Key under which a result that is not an object travels through the SDK. */
export const BARE_RESULT = 'swarmcast.bare';
/** Tools that the initialize result named: kept beside the standard capability. */
export const NAMED_TOOLS = 'swarmcast.tools';

type Fields = Record<string, unknown>;

/** A reply as the SDK accepts it, with the id that the request had; undefined when it is no reply at all. */
export function lenientReply(
  message: Fields,
  method: string,
  id: string | number,
): JSONRPCResultResponse | JSONRPCErrorResponse | undefined {
  if (message['error'] !== undefined && message['error'] !== null) {
    return { jsonrpc: '2.0', id, error: lenientError(message['error']) };
  }
  if (!('result' in message)) return undefined;
  const result = message['result'];
  const fields = isFields(result) ? result : { [BARE_RESULT]: result };
  return { jsonrpc: '2.0', id, result: method === 'initialize' ? lenientInitialize(fields) : withoutOddMeta(fields) };
}

/** Text, numbers and objects all occur as errors. */
export function lenientError(error: unknown): JSONRPCErrorResponse['error'] {
  // Not by String(): an array may hold an object that has a toString of its own.
  if (!isFields(error)) return { code: -32603, message: typeof error === 'string' ? error : JSON.stringify(error) };
  const code = Number.isSafeInteger(error['code']) ? Number(error['code']) : -32603;
  const text = error['message'];
  const message = typeof text === 'string' ? text : (JSON.stringify(text ?? error) ?? 'error');
  return { code, message, ...('data' in error ? { data: error['data'] } : {}) };
}

function lenientInitialize(result: Fields): Fields {
  const capabilities = isFields(result['capabilities']) ? result['capabilities'] : {};
  const tools = capabilities['tools'];
  const info = isFields(result['serverInfo']) ? result['serverInfo'] : {};
  const kept: Fields = {};
  // Only what we ask about; every other capability could be refused by the schema for no gain.
  if (tools !== undefined && tools !== false && tools !== null) kept['tools'] = {};
  const names = Array.isArray(tools) ? tools.filter((name): name is string => typeof name === 'string') : [];
  if (names.length > 0) kept['experimental'] = { [NAMED_TOOLS]: { names } };
  return {
    protocolVersion: result['protocolVersion'],
    capabilities: kept,
    serverInfo: { name: textOf(info['name']), version: textOf(info['version']) },
  };
}

function withoutOddMeta(result: Fields): Fields {
  if (!('_meta' in result) || isFields(result['_meta'])) return result;
  const { _meta: _odd, ...rest } = result;
  return rest;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** True for a plain JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
