import type { Ref } from '../model/ids.ts';
import type { HashedKind, StateHash } from '../protocol/state-hash.ts';
import { entityHash, formatHash, toggle } from '../protocol/state-hash.ts';
import type { ClientState } from './client-state.ts';

/**
 * The hash of a whole view. An entity's hash is kept with its record, which is never changed in place: a heartbeat
 * costs one canonical JSON per record that changed since the last one, and one XOR for each of the others.
 */
export class StateHasher {
  readonly #known = new WeakMap<object, StateHash>();

  hash(state: Pick<ClientState, 'swarms' | 'agents' | 'links' | 'tasks'>): string {
    const sum: StateHash = { high: 0, low: 0 };
    this.#add(sum, 'swarm', state.swarms);
    this.#add(sum, 'agent', state.agents);
    this.#add(sum, 'link', state.links);
    this.#add(sum, 'task', state.tasks);
    return formatHash(sum);
  }

  #add(sum: StateHash, kind: HashedKind, records: ReadonlyMap<Ref, { ref: Ref }>): void {
    for (const record of records.values()) {
      let hash = this.#known.get(record);
      if (hash === undefined) {
        hash = entityHash(kind, record);
        this.#known.set(record, hash);
      }
      toggle(sum, hash);
    }
  }
}
