import { TokenBucket, type Allowance } from '../clients/token-bucket.ts';

/** Addresses remembered by a gate; the one that was let in longest ago is forgotten first. */
export const MAX_ADDRESSES = 10_000;

/** Lets so many things of one address pass at a rate. An empty address is not counted. */
export class AddressGate {
  readonly #allowance: Allowance;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** 0 when it may pass; otherwise ms until the next may. `nowMs` is monotonic. */
  take(address: string, nowMs: number): number {
    if (address === '') return 0;
    const bucket = this.#buckets.get(address) ?? new TokenBucket();
    // To the end: the map is in the order of the last visit.
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > MAX_ADDRESSES) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket.take(this.#allowance, nowMs);
  }
}
