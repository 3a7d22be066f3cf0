// Sets of filters. Views of the benches show 1–4 swarms of the 20 and five of the eight types of agents: 30–130 agents.
import { SWARMS, swarmId, TYPES } from './world.mjs';

const SHOWN_TYPES = 5;

const WORLD = { swarms: Array.from({ length: SWARMS }, (_, i) => swarmId(i)), types: TYPES };

/** Filters of view number `v` in a world with these swarms and types; the first 160 are distinct. */
export function filtersOf(v, { swarms, types } = WORLD) {
  const count = 1 + (v % 4);
  const first = (v * 3) % swarms.length;
  const offset = Math.floor(v / swarms.length) % types.length;
  return {
    swarm_ids: Array.from({ length: count }, (_, i) => swarms[(first + i) % swarms.length]),
    agent_types: Array.from({ length: SHOWN_TYPES }, (_, i) => types[(offset + i) % types.length]),
  };
}

/** Hellos of `count` distinct views. */
export function sharedHellos(count, mode, world = WORLD) {
  return Array.from({ length: count }, (_, v) => ({ mode, filters: filtersOf(v, world) }));
}

/**
 * Hellos of `count` clients none of which shares its view with another: the filters of {@link sharedHellos} and one more
 * value, of each client its own, that matches nothing. They show what the shared ones show, so the bytes are the same
 * and only the sharing differs.
 */
export function ownHellos(count, distinct, mode) {
  return Array.from({ length: count }, (_, i) => {
    const filters = filtersOf(i % distinct);
    return { mode, filters: { ...filters, agent_types: [...filters.agent_types, `nobody-${i}`] } };
  });
}
