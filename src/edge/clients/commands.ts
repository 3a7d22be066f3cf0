/** A client's control operations: passed to the hub, answered when it has answered. */
import type { Actor } from '../../model/actor.ts';
import { isLimited, type Identity } from '../../platform/auth/identity.ts';
import type { ClientPayload, RequestId } from '../../protocol/client-messages.ts';
import type { OperationOutcome } from '../../protocol/operations/operations.ts';
import type { Replies } from './replies.ts';

/** Commands of one client that may wait for their answers. */
const MAX_PENDING_COMMANDS = 16;
const RETRY_AFTER_MS = 1_000;

/** Asks the hub. @throws when the hub is gone, or as many requests wait as may. */
export type SendCommand = (order: { operation: string; input: unknown; actor: Actor }) => Promise<OperationOutcome>;

export class Commands {
  readonly #send: SendCommand;
  readonly #replies: Replies;
  readonly #isGone: () => boolean;
  #pending = 0;

  constructor(send: SendCommand, replies: Replies, isGone: () => boolean) {
    this.#send = send;
    this.#replies = replies;
    this.#isGone = isGone;
  }

  /** Never rejects. A client that is gone meanwhile is told nothing. */
  async ask(
    id: RequestId | undefined,
    { subject, role, limits }: Identity,
    { operation, input }: ClientPayload<'command'>,
  ): Promise<void> {
    if (this.#pending >= MAX_PENDING_COMMANDS) {
      this.#replies.refuseRate(id, 'commands that wait for their answers', RETRY_AFTER_MS);
      return;
    }
    this.#pending += 1;
    try {
      // Also for those who may do nothing: the hub refuses, and writes it down.
      const actor = { subject, role, via: 'socket' as const, ...(isLimited(limits) ? { limited: true as const } : {}) };
      const outcome = await this.#send({ operation, input: input ?? {}, actor });
      if (this.#isGone()) return;
      if (outcome.ok) this.#replies.ok(id, 'command', { ...outcome.reply });
      else this.#replies.refuse({ id, ...outcome.failure }, outcome.failure.retry_after_ms);
    } catch {
      // The hub is gone; what it was doing is not known here.
      const message = 'the hub does not answer: a write may have been done';
      if (!this.#isGone()) this.#replies.refuse({ id, code: 'outcome_unknown', message });
    } finally {
      this.#pending -= 1;
    }
  }
}
