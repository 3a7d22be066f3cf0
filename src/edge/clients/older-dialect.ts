/** The seeds' older client dialect: `{action, data}` instead of `{type, id, payload}`. */

export const OLDER_ACTIONS = [
  'configure',
  'request_discovery',
  'request_agents',
  'request_performance',
  'request_topology',
] as const;

export interface OlderMessage {
  action: string;
  data?: unknown;
}

export function isOlderDialect(value: unknown): value is OlderMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'action' in value &&
    typeof value.action === 'string' &&
    !('type' in value)
  );
}

/**
 * The same request in today's dialect, unchecked; undefined for an unknown action. Requests for agents, performance
 * or topology become a `resync`: its snapshot has all three. `configure` takes filters under `filters` or
 * `subscription_filters`, or at top level, and the mode under `mode` or `performance_mode`.
 */
export function fromOlderDialect(message: OlderMessage): unknown[] | undefined {
  switch (message.action as (typeof OLDER_ACTIONS)[number]) {
    case 'configure':
      return configure(message.data);
    case 'request_discovery':
      return [{ type: 'discover' }];
    case 'request_agents':
    case 'request_performance':
    case 'request_topology':
      return [{ type: 'resync' }];
    default:
      return undefined;
  }
}

function configure(data: unknown): unknown[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return [{ type: 'update_filters', payload: data ?? {} }];
  }
  const { filters, subscription_filters, mode, performance_mode, ...rest } = data as Record<string, unknown>;
  const asked: unknown[] = [];
  const named = filters ?? subscription_filters;
  const wanted = named === undefined ? rest : isPlain(named) ? { ...named, ...rest } : named;
  const wantedMode = mode ?? performance_mode;
  if (wantedMode !== undefined) asked.push({ type: 'performance_mode', payload: { mode: wantedMode } });
  if (!isPlain(wanted) || Object.keys(wanted).length > 0) asked.push({ type: 'update_filters', payload: wanted });
  return asked;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
