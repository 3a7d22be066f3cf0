import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../../scripts/docs/pages.ts';
import { exposedMetrics, secureMetrics } from '../../support/exposed-metrics.ts';

interface Rule {
  alert: string;
  expr: string;
  annotations: { runbook: string };
}

const run = promisify(execFile);
const hasPromtool = await run('promtool', ['--version']).then(
  () => true,
  () => false,
);
const folder = `${ROOT}config/prometheus/`;
const alerts = (parse(await readFile(`${folder}alerts.yml`, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const dashboard = JSON.parse(await readFile(`${ROOT}config/grafana/dashboards/swarmcast.json`, 'utf8')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
  templating: { list: { query: { query?: string } | string }[] };
};
const queries = [
  ...alerts.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `panel ${title}`, expr })),
  ),
];

/** Names of metrics in a query: words that are not followed by "(", outside of {…}, […] and by (…) lists. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replaceAll(/\b(offset)\s+\d+[smhd]/g, '');
  const words = [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !['and', 'or', 'unless', 'bool'].includes(word));
}

test.each([
  ['rate(a_total{x="b_total"}[5m]) > 1e3', ['a_total']],
  ['sum by (job) (a) / on (job) group_left (x) b offset 6h unless c', ['a', 'b', 'c']],
  ['count(a == bool 2) or changes(b[5m])', ['a', 'b']],
])('metrics in %s', (expr, names) => {
  expect(metricsIn(expr)).toEqual(names);
});

test('every query names metrics that a running gateway shows', async () => {
  const text = (await exposedMetrics()) + (await secureMetrics());
  const shown = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  // Prometheus makes it by itself.
  shown.add('up');
  for (const { where, expr } of queries) {
    const names = metricsIn(expr);
    expect(names.length, where).toBeGreaterThan(0);
    for (const name of names) expect(shown.has(name), `${where}: ${name}`).toBe(true);
  }
  expect(queries.length).toBeGreaterThan(60);
});

test('every alert has a runbook in docs/troubleshooting.md, and a test', async () => {
  const headings = [...(await readFile(`${ROOT}docs/troubleshooting.md`, 'utf8')).matchAll(/^#+ (.*)$/gm)];
  const anchors = new Set(headings.map(([, title]) => (title ?? '').toLowerCase()));
  const tests = parse(await readFile(`${folder}alerts.test.yml`, 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const cases = tests.tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  for (const { alert, annotations } of alerts) {
    expect(annotations.runbook).toBe(`docs/troubleshooting.md#${alert.toLowerCase()}`);
    expect(anchors, alert).toContain(alert.toLowerCase());
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert}: a case without the alert`,
    ).toBe(true);
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert}: a case with it`,
    ).toBe(true);
  }
});

describe.skipIf(!hasPromtool)('promtool', () => {
  test('the configuration and the rules are well formed', async () => {
    const { stdout } = await run('promtool', ['check', 'config', '--lint=all', `${folder}prometheus.yml`]);
    expect(stdout).toContain(`${alerts.length} rules found`);
  });

  test('every alert fires when it should, and not before', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', `${folder}alerts.test.yml`]);
    expect(stdout).toContain('SUCCESS');
  });

  test('every query of the dashboard is PromQL', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'swarmcast-rules-'));
    try {
      const rules = queries.map(({ expr }, index) => ({
        record: `query:${index}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(instance|server)/g, '.*'),
      }));
      const file = join(scratch, 'rules.json');
      await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { stdout } = await run('promtool', ['check', 'rules', file]);
      expect(stdout).toContain(`${rules.length} rules found`);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});
