import { expect, test } from 'vitest';
import { describeMetric, METRIC_GROUPS, SEED_METRICS } from '../../../src/http/metric-catalogue.ts';
import { exposedMetrics, secureMetrics } from '../../support/exposed-metrics.ts';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

interface Family {
  kind: string;
  help: string;
  /** Names of the labels of its first sample. */
  labels: string[];
}

function families(text: string): Map<string, Family> {
  const found = new Map<string, Family>();
  const help = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, words] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined) help.set(name, words ?? '');
    const [, typed, kind] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined) found.set(typed, { kind: kind ?? '', help: help.get(typed) ?? '', labels: [] });
    const [, sampled, labels] = /^([a-z0-9_]+)\{(.*)\} \S+$/.exec(line) ?? [];
    const family = found.get(sampled ?? '');
    if (family !== undefined)
      family.labels = [...(labels ?? '').matchAll(/([a-z_]+)="/g)].map(([, label]) => label ?? '');
  }
  return found;
}

test('what /metrics shows is what the table says, and the other way round', async () => {
  const text = (await exposedMetrics()) + (await secureMetrics());
  const shown = families(text);

  const ours = [...shown].filter(([name]) => name.startsWith('swarmcast_'));
  const groups = Object.keys(METRIC_GROUPS);
  for (const [name, { kind, help, labels }] of ours) {
    const group = groups.find((prefix) => name.startsWith(`swarmcast_${prefix}_`)) ?? '';
    const known = describeMetric(group, name.slice(`swarmcast_${group}_`.length));
    expect(known, `${name} has no line in src/http/metric-catalogue.ts`).toBeDefined();
    expect({ name, kind, help, labels: labels.toSorted() }).toEqual({
      name,
      kind: name.endsWith('_total') ? 'counter' : 'gauge',
      help: known?.help,
      labels: [...(known?.labels ?? [])].toSorted(),
    });
  }
  const promised = groups.flatMap((group) =>
    Object.keys(METRIC_GROUPS[group]?.metrics ?? {}).map((name) => `swarmcast_${group}_${name}`),
  );
  const missing = [...promised, ...Object.keys(SEED_METRICS)].filter((name) => !shown.has(name));
  expect(missing, 'described, and not shown').toEqual([]);
});

test('two scrapes at once count nothing twice', async () => {
  const { simulator, server } = await openTestServer('sim');
  try {
    await using gateway = await openTestGateway({ servers: [server] });
    const one = await (await fetch(`${gateway.url}/metrics`)).text();
    const ticks = (text: string) => Number(/swarmcast_edge_connections_total\{edge="0"\} (\d+)/.exec(text)?.[1]);
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    const both = await Promise.all([1, 2, 3].map(async () => (await fetch(`${gateway.url}/metrics`)).text()));
    expect([one, ...both].map(ticks)).toEqual([0, 1, 1, 1]);
  } finally {
    await simulator[Symbol.asyncDispose]();
  }
});
