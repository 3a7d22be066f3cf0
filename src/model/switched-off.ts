import type { DegradationLevel } from './health.ts';

/** What the gateway leaves undone at a level, so that servers have room to recover. */
export type SwitchedOff = 'details_of_unwell_servers' | 'retries' | 'more_connections';

/**
 * By level, and given back by level as servers recover. A server that never answered yet is asked as ever; at `safe`
 * there is nobody to ask.
 */
export const SWITCHED_OFF: Readonly<Record<DegradationLevel, readonly SwitchedOff[]>> = {
  fully_operational: [],
  partial: ['details_of_unwell_servers'],
  emergency: ['details_of_unwell_servers', 'retries', 'more_connections'],
  safe: ['details_of_unwell_servers', 'retries', 'more_connections'],
};
