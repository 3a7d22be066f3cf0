import type { Outcome } from './dialects/dialect.ts';
import { isUsableId } from './screen-text.ts';
import { isFields, NAMED_TOOLS } from './transports/lenient-message.ts';

/** Real servers list up to 357 tools; a cursor that never ends is cut here. */
const MAX_PAGES = 64;
const MAX_TOOLS = 5_000;

/**
 * The names of a peer's tools: all pages of tools/list, at most 5,000 names. A peer that refuses the question has the
 * tools that its initialize result named, if any. Errors of the connection pass through.
 */
export async function listToolNames(
  ask: (cursor: string | undefined) => Promise<Outcome>,
  capabilities: unknown,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>(namedAtHandshake(capabilities));
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const outcome = await ask(cursor);
    if (!outcome.ok || !isFields(outcome.payload)) break;
    const tools = outcome.payload['tools'];
    if (Array.isArray(tools)) for (const tool of tools as unknown[]) addName(names, tool);
    const next = outcome.payload['nextCursor'];
    if (typeof next !== 'string' || next === '' || next === cursor || names.size >= MAX_TOOLS) break;
    cursor = next;
  }
  return names;
}

function addName(names: Set<string>, tool: unknown): void {
  const name = isFields(tool) ? tool['name'] : tool;
  if (typeof name === 'string' && isUsableId(name) && names.size < MAX_TOOLS) names.add(name);
}

function namedAtHandshake(capabilities: unknown): string[] {
  const names = new Set<string>();
  const experimental = isFields(capabilities) ? capabilities['experimental'] : undefined;
  const named = isFields(experimental) ? experimental[NAMED_TOOLS] : undefined;
  if (isFields(named) && Array.isArray(named['names']))
    for (const name of named['names'] as unknown[]) addName(names, name);
  return [...names];
}
