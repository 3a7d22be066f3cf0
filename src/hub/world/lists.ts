import type { ListScopes } from './entries.ts';

/** Scopes that lists of one swarm or server may have; dialects use a handful. */
const MAX_SCOPES = 64;
/** Ids that one list may have. */
const MAX_LISTED = 1_000_000;

/**
 * Replaces what `scope` lists by `ids`, and returns the ids that it listed before and does not any more; undefined when
 * the list was refused, for it is too long or there are too many scopes.
 */
export function replaceList(lists: ListScopes, scope: string, ids: readonly string[]): string[] | undefined {
  const before = lists.get(scope);
  if (ids.length > MAX_LISTED || (before === undefined && lists.size >= MAX_SCOPES)) return undefined;
  const listed = new Set(ids);
  lists.set(scope, listed);
  if (before === undefined) return [];
  return [...before].filter((id) => !listed.has(id));
}
