import type { AgentStatus } from '../../../model/agent.ts';

/** The words that the known servers use for an agent's state. A Map, so that `constructor` is not a word. */
const WORDS: ReadonlyMap<string, AgentStatus> = new Map<string, AgentStatus>([
  ['idle', 'idle'],
  ['ready', 'idle'],
  ['available', 'idle'],
  ['waiting', 'idle'],
  ['registered', 'idle'],
  ['initializing', 'idle'],
  ['spawning', 'idle'],
  ['starting', 'idle'],
  ['paused', 'idle'],
  ['busy', 'busy'],
  ['working', 'busy'],
  ['executing', 'busy'],
  ['processing', 'busy'],
  ['active', 'active'],
  ['running', 'active'],
  ['online', 'active'],
  ['learning', 'active'],
  ['error', 'error'],
  ['failed', 'error'],
  ['crashed', 'error'],
  ['offline', 'offline'],
  ['terminated', 'offline'],
  ['terminating', 'offline'],
  ['stopping', 'offline'],
  ['stopped', 'offline'],
  ['disconnected', 'offline'],
  ['not_found', 'offline'],
]);

export interface StatusFacts {
  status?: AgentStatus;
  status_raw?: string | null;
}

/**
 * A server's word as facts: our status, and its own word where it differs (null where not, so that an earlier one is
 * cleared). No word, no facts. A word that nobody knows is `unknown`, with the word.
 */
export function statusFacts(word: string | undefined): StatusFacts {
  if (word === undefined) return {};
  const status = WORDS.get(word) ?? WORDS.get(word.toLowerCase()) ?? 'unknown';
  return { status, status_raw: status === word ? null : word };
}

/** True for words that say that the agent is no more. */
export function saysGone(word: string | undefined): boolean {
  return word === 'terminated' || word === 'not_found';
}
