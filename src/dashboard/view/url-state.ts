/** The part of the page that a link carries: what is looked at, and how; never a token. Pure. */
import type { Filters, Mode } from '../../client/client.ts';

const MODES: readonly Mode[] = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];
export const SERVER_TYPES: readonly Filters['server_types'][number][] = ['claude-flow', 'ruv-swarm', 'daa', 'other'];
export const FILTER_STATUSES: readonly Filters['statuses'][number][] = [
  'idle',
  'busy',
  'active',
  'error',
  'offline',
  'unknown',
];
export const MAIN_VIEWS = ['graph', 'table', 'both'] as const;
export type MainView = (typeof MAIN_VIEWS)[number];
export const PANELS = ['servers', 'filters', 'connection', 'operator'] as const;
export type Panel = (typeof PANELS)[number];
const SORT_COLUMNS = [
  'name',
  'type',
  'status',
  'server',
  'swarm',
  'success',
  'response',
  'throughput',
  'cpu',
  'memory',
  'task',
] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

export interface ViewState {
  main: MainView;
  panel: Panel;
  /** Undefined: the default, 10 Hz, or 1 Hz where motion is unwanted. */
  mode: Mode | undefined;
  query: string;
  /** Keys. */
  selected: string | undefined;
  isolated: string | undefined;
  sort: { column: SortColumn; descending: boolean };
  filters: ListFilters;
}

/** The filters that a link carries. Empty: no restriction. */
export interface ListFilters {
  server_types: Filters['server_types'];
  server_ids: string[];
  agent_types: string[];
  statuses: Filters['statuses'];
  /** Parts left out of what is sent. */
  without: Part[];
}
export const PARTS = ['performance', 'neural', 'topology', 'messages'] as const;
type Part = (typeof PARTS)[number];

/** Bounds on what a link may ask for; the gateway has its own. */
const MAX_VALUES = 64;
const MAX_LENGTH = 600;

export const DEFAULT_VIEW: ViewState = {
  main: 'graph',
  panel: 'servers',
  mode: undefined,
  query: '',
  selected: undefined,
  isolated: undefined,
  sort: { column: 'name', descending: false },
  filters: { server_types: [], server_ids: [], agent_types: [], statuses: [], without: [] },
};

/** Reads a query string. What is unknown, repeated or too long is left out, never an error. */
export function parseView(search: string): ViewState {
  const query = new URLSearchParams(search);
  const sort = query.get('sort') ?? '';
  const column = SORT_COLUMNS.find((name) => name === sort.replace(/^-/, ''));
  return {
    main: oneOf(MAIN_VIEWS, query.get('view')) ?? DEFAULT_VIEW.main,
    panel: oneOf(PANELS, query.get('panel')) ?? DEFAULT_VIEW.panel,
    mode: oneOf(MODES, query.get('mode')),
    query: (query.get('q') ?? '').slice(0, MAX_LENGTH),
    selected: text(query.get('agent')),
    isolated: text(query.get('swarm')),
    sort: column === undefined ? DEFAULT_VIEW.sort : { column, descending: sort.startsWith('-') },
    filters: {
      server_types: several(SERVER_TYPES, query.getAll('server_type')),
      server_ids: open(query.getAll('server')),
      agent_types: open(query.getAll('type')),
      statuses: several(FILTER_STATUSES, query.getAll('status')),
      without: several(PARTS, query.getAll('without')),
    },
  };
}

/** `?view=table&…`, or '' for the default view. */
export function formatView(view: ViewState): string {
  const { main, panel, sort, filters } = view;
  const isDefaultSort = !sort.descending && sort.column === DEFAULT_VIEW.sort.column;
  const one: [string, string | undefined][] = [
    ['view', main === DEFAULT_VIEW.main ? undefined : main],
    ['panel', panel === DEFAULT_VIEW.panel ? undefined : panel],
    ['mode', view.mode],
    ['q', view.query === '' ? undefined : view.query],
    ['agent', view.selected],
    ['swarm', view.isolated],
    ['sort', isDefaultSort ? undefined : `${sort.descending ? '-' : ''}${sort.column}`],
  ];
  const lists: [string, readonly string[]][] = [
    ['server_type', filters.server_types],
    ['server', filters.server_ids],
    ['type', filters.agent_types],
    ['status', filters.statuses],
    ['without', filters.without],
  ];
  const query = new URLSearchParams();
  for (const [name, value] of one) if (value !== undefined) query.set(name, value);
  for (const [name, values] of lists) for (const value of values) query.append(name, value);
  const formatted = query.toString();
  return formatted === '' ? '' : `?${formatted}`;
}

/** The gateway's form of these filters; complete, so that nothing of earlier ones stays. */
export function toFilterPatch(filters: ListFilters): Omit<Filters, 'swarm_ids' | 'include_positions'> {
  const { server_types, server_ids, agent_types, statuses, without } = filters;
  return {
    server_types,
    server_ids,
    agent_types,
    statuses,
    include_performance: !without.includes('performance'),
    include_neural: !without.includes('neural'),
    include_topology: !without.includes('topology'),
    include_messages: !without.includes('messages'),
  };
}

/** How many restrictions are set. */
export function countFilters({ server_types, server_ids, agent_types, statuses, without }: ListFilters): number {
  return server_types.length + server_ids.length + agent_types.length + statuses.length + without.length;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | undefined {
  return allowed.find((one) => one === value);
}

function several<T extends string>(allowed: readonly T[], values: readonly string[]): T[] {
  return allowed.filter((one) => values.includes(one));
}

function text(value: string | null): string | undefined {
  return value === null || value === '' || value.length > MAX_LENGTH * 3 ? undefined : value;
}

function open(values: readonly string[]): string[] {
  const distinct = new Set(values.filter((value) => value !== '' && value.length <= MAX_LENGTH));
  return [...distinct].slice(0, MAX_VALUES);
}
