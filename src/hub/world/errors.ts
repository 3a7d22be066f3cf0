import type { EntityKind } from '../../model/change.ts';
import { SwarmcastError } from '../../platform/errors.ts';

/** A flush needs more refs of a kind than its epoch has left. Nothing was lost: a new epoch deals all refs anew. */
export class RefSpaceExhaustedError extends SwarmcastError {
  override name = 'RefSpaceExhaustedError';
  readonly reason = 'ref_space_exhausted';
  /** Not by flushing again: only after `newEpoch()`. */
  readonly retryable = false;
  readonly kind: EntityKind;

  constructor(kind: EntityKind, options?: ErrorOptions) {
    super(`no refs of kind ${kind} are left in this epoch`, options);
    this.kind = kind;
  }
}
