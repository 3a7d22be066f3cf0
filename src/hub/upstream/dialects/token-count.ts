import { z } from 'zod';
import { BoundedMap } from './bounded-map.ts';
import { amount, readOne } from './reading.ts';

const MAX_AGENTS = 100_000;

const resultShape = z.object({
  messageId: z.string().max(512).optional().catch(undefined),
  durationMs: amount,
  usage: z.object({ totalTokens: amount, inputTokens: amount, outputTokens: amount }),
});

/**
 * Tokens of each agent, added up over its calls: claude-flow keeps only the last call's usage, so a result that differs
 * from the one before in message or duration is another call. Calls between two looks are not seen: a lower bound.
 */
export class TokenCount {
  readonly #counts = new BoundedMap<string, { call: string; tokens: number }>(MAX_AGENTS);

  /** Agents that are remembered. */
  get size(): number {
    return this.#counts.size;
  }

  /** The agent's sum after this `lastResult`, or undefined where none was ever told. */
  count(agent: string, lastResult: unknown): number | undefined {
    const before = this.#counts.get(agent);
    const result = readOne(resultShape, lastResult);
    if (result === undefined) return before?.tokens;
    const { usage } = result;
    const tokens = usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    const call = `${result.messageId ?? ''} ${result.durationMs ?? ''} ${tokens}`;
    if (before?.call === call) return before.tokens;
    const sum = (before?.tokens ?? 0) + tokens;
    this.#counts.set(agent, { call, tokens: sum });
    return sum;
  }
}
