/** From what a server answered to an {@link Outcome} that dialects can read. */
import type { Call, Outcome } from './dialects/dialect.ts';
import { BARE_RESULT, isFields, lenientError } from './transports/lenient-message.ts';
import { screenText } from './screen-text.ts';

/** Unwraps the result of a request: for tools the text content (JSON where it is) or structuredContent, else the bare result. */
export function outcomeOf(result: unknown, kind: 'tool' | 'method'): Outcome {
  if (!isFields(result)) return { ok: true, payload: result };
  if (BARE_RESULT in result) return { ok: true, payload: result[BARE_RESULT] };
  if (kind === 'method') return { ok: true, payload: withoutMeta(result) };
  if (result['isError'] === true) {
    const text = firstText(result['content']);
    return failure(undefined, text ?? 'the tool reported an error without text');
  }
  const text = firstText(result['content']);
  if (text !== undefined) return { ok: true, payload: parsed(text) };
  if (result['structuredContent'] !== undefined) return { ok: true, payload: result['structuredContent'] };
  return { ok: true, payload: withoutMeta(result) };
}

/**
 * What each call of a batch brought, in their order: entries with `result` or `error`, or bare results, in `results` or in
 * a bare list. Undefined where that is not one entry for each call: the seeds do not say how a batch is answered.
 */
export function outcomesOfBatch(
  payload: unknown,
  calls: readonly Call[],
): { call: Call; outcome: Outcome }[] | undefined {
  const entries = isFields(payload) ? payload['results'] : payload;
  if (!Array.isArray(entries) || entries.length !== calls.length) return undefined;
  return calls.map((call, index) => ({ call, outcome: outcomeOfEntry(entries[index], call.kind) }));
}

function outcomeOfEntry(entry: unknown, kind: Call['kind']): Outcome {
  if (!isFields(entry)) return outcomeOf(entry, kind);
  if (entry['error'] !== undefined && entry['error'] !== null) {
    const { code, message } = lenientError(entry['error']);
    return failure(code, message);
  }
  return outcomeOf('result' in entry ? entry['result'] : entry, kind);
}

/** An error in the server's words, screened. */
export function failure(code: number | undefined, message: string): Outcome {
  return { ok: false, code, message: screenText(message) };
}

/** The text of the first item that has one. The daa-mcp crate calls the type "application/json", which MCP doesn't know. */
function firstText(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  for (const item of content as unknown[]) {
    if (isFields(item) && typeof item['text'] === 'string') return item['text'];
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Plain words are an answer too.
    return text;
  }
}

function withoutMeta(result: Record<string, unknown>): Record<string, unknown> {
  if (!('_meta' in result)) return result;
  const { _meta: _ours, ...rest } = result;
  return rest;
}
