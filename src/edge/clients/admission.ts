/** How many connections each address and each user has. Holds no more entries than there are clients. */
import type { Identity } from '../../platform/auth/identity.ts';
import type { EdgeRefusal } from './refusals.ts';

export interface AdmissionLimits {
  max_clients_per_address: number;
  max_clients_per_user: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, number>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Counts one more; the reason when it would be one too many, and nothing is counted then. */
  enter(
    identity: Identity,
    address: string,
  ): Extract<EdgeRefusal, 'clients_of_address' | 'clients_of_user'> | undefined {
    const { max_clients_per_address: perAddress, max_clients_per_user: perUser } = this.#limits;
    const user = userOf(identity);
    if (address !== '' && (this.#byAddress.get(address) ?? 0) >= perAddress) return 'clients_of_address';
    if (user !== '' && (this.#byUser.get(user) ?? 0) >= perUser) return 'clients_of_user';
    add(this.#byAddress, address, 1);
    add(this.#byUser, user, 1);
    return undefined;
  }

  /** With what was given to {@link enter}; a renewal keeps the user. */
  leave(identity: Identity, address: string): void {
    add(this.#byAddress, address, -1);
    add(this.#byUser, userOf(identity), -1);
  }

  get addresses(): number {
    return this.#byAddress.size;
  }
}

/** Those without a token are many people: only their addresses tell them apart. */
function userOf({ subject }: Identity): string {
  return subject === 'anonymous' ? '' : subject;
}

function add(counts: Map<string, number>, key: string, by: number): void {
  if (key === '') return;
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
