/** config/grafana/dashboards/swarmcast.json: what an operator looks at, from top to bottom in the order of the data. */

interface Query {
  expr: string;
  legend?: string;
}

interface Panel {
  title: string;
  /** What it shows, and what to think of it. */
  about: string;
  kind: 'stat' | 'timeseries';
  unit: string;
  /** Of 24 columns. */
  width: number;
  queries: readonly Query[];
  /** From this value on it is yellow, and red. */
  thresholds?: readonly [yellow: number, red: number];
  stacked?: boolean;
}

const ROW_HEIGHT = 8;
const STAT_HEIGHT = 4;
const OF_GATEWAY = 'job="swarmcast",instance=~"$instance"';
const OF_SERVER = `${OF_GATEWAY},server=~"$server"`;

const rate = (name: string, selector = OF_GATEWAY): string => `rate(${name}{${selector}}[$__rate_interval])`;
const sum = (expr: string, by = 'instance'): string => `sum by (${by}) (${expr})`;

const SECTIONS: Readonly<Record<string, readonly Panel[]>> = {
  Now: [
    stat('Gateways', 'Gateways that answer Prometheus.', `sum(up{${OF_GATEWAY}})`),
    stat('Servers healthy', 'MCP servers with a success inside their window.', servers('healthy')),
    stat(
      'Servers not well',
      'Degraded, unhealthy, down, or not asked yet.',
      servers('unknown|degraded|unhealthy|down'),
      [1, 3],
    ),
    stat(
      'Circuits open',
      'Servers that are asked nothing for now.',
      `sum(swarmcast_upstream_circuit_state{${OF_GATEWAY}} == bool 2)`,
      [1, 3],
    ),
    stat('Agents', 'Stale ones included.', `sum(swarmcast_world_agents{${OF_GATEWAY}})`),
    stat(
      'Agents stale',
      'Not heard of for world.stale_after_ms.',
      `sum(swarmcast_world_stale_agents{${OF_GATEWAY}})`,
      [1, 100],
    ),
    stat('Clients', 'Connected dashboards.', `sum(swarmcast_edge_clients{${OF_GATEWAY}})`),
    stat(
      'Bytes to clients',
      'Frames and messages, per second.',
      `sum(${rate('swarmcast_edge_frame_bytes_total')}) + sum(${rate('swarmcast_edge_client_message_bytes_total')})`,
      undefined,
      'Bps',
    ),
  ],
  'MCP servers': [
    lines('Health', '1 for the state that a server is in.', 'short', 12, [
      { expr: `swarmcast_upstream_health_state{${OF_SERVER}}`, legend: '{{server}} {{state}}' },
    ]),
    lines('Circuit', '0 closed, 1 half open, 2 open.', 'short', 12, [
      { expr: `swarmcast_upstream_circuit_state{${OF_SERVER}}`, legend: '{{server}}' },
    ]),
    lines('Round trip', 'Smoothed over about ten probes.', 's', 8, [
      { expr: `swarmcast_upstream_average_round_trip_seconds{${OF_SERVER}}`, legend: '{{server}}' },
    ]),
    lines('Calls', 'What is asked of a server does not depend on the number of clients.', 'reqps', 8, [
      { expr: rate('swarmcast_upstream_calls_total', OF_SERVER), legend: '{{server}}' },
    ]),
    lines('Pushed events', 'What servers tell by themselves.', 'ops', 8, [
      { expr: rate('swarmcast_upstream_pushes_total', OF_SERVER), legend: '{{server}}' },
    ]),
    lines('Failures', 'Refused, failed or timed out.', 'ops', 8, [
      { expr: rate('swarmcast_upstream_failures_total', OF_SERVER), legend: '{{server}} failed' },
      { expr: rate('swarmcast_upstream_retries_total', OF_SERVER), legend: '{{server}} retried' },
      { expr: rate('swarmcast_upstream_refused_total', OF_SERVER), legend: '{{server}} refused by the circuit' },
    ]),
    lines('Requests waiting', 'Refused beyond upstream.max_queued.', 'short', 8, [
      { expr: `swarmcast_upstream_in_flight{${OF_SERVER}}`, legend: '{{server}} in flight' },
      { expr: `swarmcast_upstream_queued{${OF_SERVER}}`, legend: '{{server}} waiting' },
    ]),
    lines('Nonsense', 'Lines, messages and replies that nobody can use.', 'ops', 8, [
      { expr: rate('swarmcast_upstream_noise_lines_total', OF_SERVER), legend: '{{server}} no JSON-RPC' },
      { expr: rate('swarmcast_upstream_bad_messages_total', OF_SERVER), legend: '{{server}} bad message' },
      { expr: rate('swarmcast_upstream_dropped_replies_total', OF_SERVER), legend: '{{server}} unasked reply' },
      { expr: rate('swarmcast_upstream_unreadable_total', OF_SERVER), legend: '{{server}} unreadable' },
    ]),
  ],
  'World and layout': [
    lines('Agents and links', 'What all servers report together.', 'short', 8, [
      { expr: `swarmcast_world_agents{${OF_GATEWAY}}`, legend: 'agents' },
      { expr: `swarmcast_world_stale_agents{${OF_GATEWAY}}`, legend: 'stale' },
      { expr: `swarmcast_world_communication_links{${OF_GATEWAY}}`, legend: 'links by messages' },
      { expr: `swarmcast_world_topology_links{${OF_GATEWAY}}`, legend: 'links by topology' },
    ]),
    lines('Changes', 'Facts taken in, and batches told to edges.', 'ops', 8, [
      { expr: rate('swarmcast_world_observations_total'), legend: 'facts' },
      { expr: rate('swarmcast_hub_batches_total'), legend: 'batches' },
    ]),
    lines('Ticks', 'The layout keeps 60 a second; the fallback clock runs when it does not.', 'ops', 8, [
      { expr: rate('swarmcast_edge_ticks_total'), legend: 'edge {{edge}}' },
      { expr: rate('swarmcast_edge_fallback_ticks_total'), legend: 'edge {{edge}} fallback' },
    ]),
  ],
  Clients: [
    lines(
      'Clients by mode',
      'As they are served; operators may cap.',
      'short',
      8,
      [{ expr: sum(`swarmcast_edge_clients_by_mode{${OF_GATEWAY}}`, 'mode'), legend: '{{mode}}' }],
      true,
    ),
    lines('Coming and refused', 'A storm shows here.', 'ops', 8, [
      { expr: sum(rate('swarmcast_edge_connections_total')), legend: '{{instance}} connected' },
      { expr: sum(rate('swarmcast_edge_connections_refused_total')), legend: '{{instance}} refused' },
      { expr: sum(rate('swarmcast_edge_foreign_requests_total')), legend: '{{instance}} foreign' },
    ]),
    lines('Slow clients', 'Passed over, slowed, sped up, cut off.', 'ops', 8, [
      { expr: sum(rate('swarmcast_edge_turns_skipped_total')), legend: '{{instance}} turns skipped' },
      { expr: sum(rate('swarmcast_edge_demotions_total')), legend: '{{instance}} slowed' },
      { expr: sum(rate('swarmcast_edge_promotions_total')), legend: '{{instance}} sped up' },
      { expr: sum(rate('swarmcast_edge_memory_limit_closes_total')), legend: '{{instance}} cut off' },
    ]),
    lines(
      'Bytes by mode',
      'Frames and messages.',
      'Bps',
      8,
      [
        { expr: sum(rate('swarmcast_cost_frame_bytes_total'), 'mode'), legend: '{{mode}} frames' },
        { expr: sum(rate('swarmcast_cost_message_bytes_total'), 'mode'), legend: '{{mode}} messages' },
      ],
      true,
    ),
    lines(
      'Time by mode',
      'Share of one core that turns take.',
      'percentunit',
      8,
      [{ expr: sum(rate('swarmcast_cost_turn_seconds_total'), 'mode'), legend: '{{mode}}' }],
      true,
    ),
    lines('How full', 'Of everything that is bounded on an edge.', 'percentunit', 8, [
      {
        expr: `swarmcast_edge_bound_used{${OF_GATEWAY}} / swarmcast_edge_bound_limit{${OF_GATEWAY}}`,
        legend: '{{bound}} of edge {{edge}}',
      },
    ]),
  ],
  Process: [
    lines('CPU', 'Cores, all threads.', 'short', 6, [
      { expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' },
    ]),
    lines('Memory', 'Resident; buffers for slow clients apart.', 'bytes', 6, [
      { expr: `process_resident_memory_bytes{${OF_GATEWAY}}`, legend: '{{instance}}' },
      { expr: sum(`swarmcast_edge_buffered_bytes{${OF_GATEWAY}}`), legend: '{{instance}} buffered for clients' },
    ]),
    lines('Loop lag', 'Lateness (p99) of the hub’s loop and of each edge’s. A tick is 17 ms.', 's', 6, [
      { expr: `nodejs_eventloop_lag_p99_seconds{${OF_GATEWAY}}`, legend: '{{instance}} hub' },
      { expr: `swarmcast_edge_loop_lag_p99_seconds{${OF_GATEWAY}}`, legend: '{{instance}} edge {{edge}}' },
    ]),
    lines('HTTP', 'Requests by route and status.', 'reqps', 6, [
      { expr: sum(rate('swarmcast_http_requests_total'), 'route, status'), legend: '{{route}} {{status}}' },
    ]),
  ],
};

export function grafanaDashboard(): unknown {
  const panels: unknown[] = [];
  let y = 0;
  for (const [title, section] of Object.entries(SECTIONS)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    for (const panel of section) {
      const height = panel.kind === 'stat' ? STAT_HEIGHT : ROW_HEIGHT;
      panels.push(panelJson(panel, panels.length + 1, { x, y, w: panel.width, h: height }));
      x += panel.width;
      if (x >= 24) {
        x = 0;
        y += height;
      }
    }
    if (x > 0) y += section[0]?.kind === 'stat' ? STAT_HEIGHT : ROW_HEIGHT;
  }
  return {
    uid: 'swarmcast',
    title: 'Swarmcast',
    description:
      'A gateway between MCP servers and dashboards. Made by npm run docs from scripts/docs/grafana-dashboard.ts.',
    tags: ['swarmcast'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        variable('instance', 'Gateway', 'label_values(swarmcast_build_info, instance)'),
        variable('server', 'MCP server', `label_values(swarmcast_upstream_circuit_state{${OF_GATEWAY}}, server)`),
      ],
    },
    annotations: { list: [] },
    panels,
  };
}

function stat(
  title: string,
  about: string,
  expr: string,
  thresholds?: readonly [number, number],
  unit = 'short',
): Panel {
  return { title, about, kind: 'stat', unit, width: 3, queries: [{ expr }], ...(thresholds ? { thresholds } : {}) };
}

function lines(
  title: string,
  about: string,
  unit: string,
  width: number,
  queries: readonly Query[],
  stacked = false,
): Panel {
  return { title, about, kind: 'timeseries', unit, width, queries, stacked };
}

function servers(states: string): string {
  return `sum(swarmcast_hub_servers{${OF_GATEWAY},state=~"${states}"})`;
}

function variable(name: string, label: string, query: string): unknown {
  return {
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    query: { query, refId: name },
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    refresh: 2,
    sort: 1,
  };
}

function panelJson(panel: Panel, id: number, gridPos: { x: number; y: number; w: number; h: number }): unknown {
  const [yellow, red] = panel.thresholds ?? [];
  const steps = [
    { color: 'green', value: null },
    ...(yellow === undefined ? [] : [{ color: 'yellow', value: yellow }]),
    ...(red === undefined ? [] : [{ color: 'red', value: red }]),
  ];
  const custom = {
    lineWidth: 1,
    fillOpacity: panel.stacked ? 30 : 0,
    stacking: { mode: panel.stacked ? 'normal' : 'none' },
  };
  return {
    id,
    type: panel.kind,
    title: panel.title,
    description: panel.about,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos,
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: 'ABCDEFGH'.charAt(index),
      expr,
      ...(legend === undefined ? { instant: true } : { legendFormat: legend }),
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        thresholds: { mode: 'absolute', steps },
        ...(panel.kind === 'timeseries' ? { custom } : {}),
      },
      overrides: [],
    },
    options:
      panel.kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'none', colorMode: 'value' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
}
