/** What a client wants to see. */
import { z } from 'zod';
import { AGENT_STATUSES } from '../model/agent.ts';
import { SERVER_TYPES, type ServerType } from '../model/server.ts';

/** Entries a filter list may have. */
export const MAX_FILTER_VALUES = 256;
const MAX_FILTER_VALUE_LENGTH = 600;

// Names arrive with hyphen or underscore, and as the seeds' Rust variants (ClaudeFlow); all mean the same server type.
const serverType = z.preprocess(
  (value) => (typeof value === 'string' ? canonicalServerType(value) : value),
  z.enum(SERVER_TYPES),
);
const openValue = z.string().min(1).max(MAX_FILTER_VALUE_LENGTH);
const list = <T extends z.ZodType>(item: T) => z.array(item).max(MAX_FILTER_VALUES);

/** The spelling of {@link SERVER_TYPES} for a known variant, or the value unchanged. */
export function canonicalServerType(value: string): string {
  const folded = value.toLowerCase().replaceAll(/[-_ ]/g, '');
  return SERVER_TYPES.find((type: ServerType) => type.replaceAll('-', '') === folded) ?? value;
}

/**
 * A complete set of filters. An empty list means no restriction; lists combine with AND, their values with OR.
 * `swarm_ids` match a swarm's key (`server/swarm`) or its bare id.
 */
export const filtersSchema = z
  .strictObject({
    server_types: list(serverType),
    server_ids: list(openValue),
    swarm_ids: list(openValue),
    agent_types: list(openValue),
    statuses: list(z.enum(AGENT_STATUSES)),
    include_performance: z.boolean(),
    include_neural: z.boolean(),
    include_topology: z.boolean(),
    include_messages: z.boolean(),
    include_positions: z.boolean(),
  })
  .meta({ id: 'Filters' });
export type Filters = z.infer<typeof filtersSchema>;

/** A change of filters: absent keys stay as they are. */
export const filterPatchSchema = filtersSchema.partial().meta({ id: 'FilterPatch' });
export type FilterPatch = z.infer<typeof filterPatchSchema>;

/** No restriction, everything included. */
export const DEFAULT_FILTERS: Filters = Object.freeze({
  server_types: [],
  server_ids: [],
  swarm_ids: [],
  agent_types: [],
  statuses: [],
  include_performance: true,
  include_neural: true,
  include_topology: true,
  include_messages: true,
  include_positions: true,
});
