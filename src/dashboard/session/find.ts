/** Records by key. The last found is tried first, so that a search over all happens once per selection. */
import type { AgentRecord, SwarmcastClient, SwarmRecord } from '../../client/client.ts';

export function findAgent(client: SwarmcastClient): (key: string | undefined) => AgentRecord | undefined {
  return finder(
    (ref) => client.state.agents.get(ref),
    () => client.state.agents.values(),
  );
}

export function findSwarm(client: SwarmcastClient): (key: string | undefined) => SwarmRecord | undefined {
  return finder(
    (ref) => client.state.swarms.get(ref),
    () => client.state.swarms.values(),
  );
}

function finder<T extends { ref: number; key: string }>(
  get: (ref: number) => T | undefined,
  all: () => Iterable<T>,
): (key: string | undefined) => T | undefined {
  let last = -1;
  return (key) => {
    if (key === undefined) return undefined;
    const held = get(last);
    if (held?.key === key) return held;
    for (const record of all()) {
      if (record.key !== key) continue;
      last = record.ref;
      return record;
    }
    return undefined;
  };
}
