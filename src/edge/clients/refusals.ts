import type { RefusalReason } from '../../platform/auth/identity.ts';

/** Why something was not let in or not done; also the metric's label. */
export type EdgeRefusal =
  | RefusalReason
  | 'host'
  | 'origin'
  | 'upgrade_rate'
  | 'request_rate'
  | 'clients_total'
  | 'clients_of_address'
  | 'clients_of_user'
  | 'message_rate'
  | 'message_size'
  | 'flood'
  | 'not_renewed'
  | 'stale_token';

/** Counts since the start, by reason: a closed list, so bounded. */
export class Refusals {
  readonly #counts = new Map<EdgeRefusal, number>();

  note(reason: EdgeRefusal): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  read(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
