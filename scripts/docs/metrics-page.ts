/** docs/metrics.md, from the table that `/metrics` is made from. */
import { METRIC_GROUPS, SEED_METRICS, describeMetric } from '../../src/http/metric-catalogue.ts';
import { MAX_LABELLED_SERVERS } from '../../src/http/metrics.ts';
import { row } from './table.ts';

const HEAD = `# Metrics

\`GET /metrics\` answers in the Prometheus text format. One scrape covers all threads of a gateway. \`config/prometheus/\`
has a scrape configuration and alert rules, \`config/grafana/\` a dashboard; [operating.md](operating.md) says how to load
them, [troubleshooting.md](troubleshooting.md) what to do when an alert fires.

Names that end in \`_total\` are counters (they start at 0 with the process, or with the edge thread that they are of),
all others gauges. Units are seconds and bytes. A value that was not measured is absent, not 0.

Label values are bounded: modes, kinds of view, states, bounds, routes, methods and status codes are closed sets of our own
code; \`edge\` is the number of a thread (\`edge.threads\`, at most 64); \`server\` is the id of a configured or discovered
server, the first ${MAX_LABELLED_SERVERS} of them. Servers beyond that are counted in \`swarmcast_hub_servers\` and
\`swarmcast_hub_servers_left_out\`.

Besides these there are prom-client's own: \`process_*\` of the whole process, \`nodejs_*\` of the hub's thread (its event
loop's lag, its heap, its garbage collections).
`;

export function metricsPage(): string {
  const groups = Object.entries(METRIC_GROUPS).map(([group, { title, metrics }]) => {
    const rows = Object.keys(metrics).map((name) => {
      const { help, labels } = describeMetric(group, name) ?? { help: '', labels: [] };
      return row([`\`swarmcast_${group}_${name}\``, labels.map((label) => `\`${label}\``).join(', '), help]);
    });
    return `## ${title}\n\n${row(['name', 'labels', 'meaning'])}\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const seeds = Object.entries(SEED_METRICS).map(([name, help]) => row([`\`${name}\``, help]));
  const aliases = `## Names of the specification\n\nOver all servers, for dashboards that were built to the first specification.\n\n${row(['name', 'meaning'])}\n| --- | --- |\n${seeds.join('\n')}\n`;
  return [HEAD, ...groups, aliases].join('\n');
}
