import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { simulate } from '../../../src/cli/simulate.ts';
import { anonymousRole, verifiesTokens } from '../../../src/platform/auth/anonymous.ts';
import { loadConfig } from '../../../src/platform/config/load.ts';
import type { Config } from '../../../src/platform/config/schema.ts';
import { ROOT } from '../../../scripts/docs/pages.ts';

/** What start adds for everything that ends after the clients. */
const STOP_REST_MS = 5_000;

const read = (path: string) => readFile(ROOT + path, 'utf8');

/** The configuration that a deployment hands to its gateway, checked as the gateway would. */
function configOf(text: string): Config {
  // In a container it binds every address (Dockerfile).
  const flags = { ...(parse(text) as Record<string, unknown>), 'server.host': '0.0.0.0' };
  return loadConfig({ files: [], flags, environment: {} }).config;
}

const longestStopMs = ({ server }: Config) => server.drain_delay_ms + server.shutdown_deadline_ms + STOP_REST_MS;

describe('Kubernetes', async () => {
  interface Probe {
    httpGet: { path: string };
    periodSeconds: number;
  }
  interface Container {
    livenessProbe: Probe;
    startupProbe: Probe;
    readinessProbe: Probe;
    securityContext: unknown;
  }
  interface Manifest {
    kind: string;
    metadata: { name: string };
    data: Record<string, string>;
    spec: {
      replicas: number;
      minAvailable: number;
      selector: { matchLabels: Record<string, string> };
      podSelector: { matchLabels: Record<string, string> };
      template: {
        metadata: { labels: Record<string, string> };
        spec: { terminationGracePeriodSeconds: number; containers: Container[] };
      };
    };
  }
  const all = parseAllDocuments(await read('config/kubernetes/swarmcast.yaml')).map((one) => one.toJS() as Manifest);
  const of = (kind: string) => {
    const found = all.find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };

  const container = of('Deployment').spec.template.spec.containers[0];
  if (container === undefined) throw new Error('no container');

  test('its configuration is accepted, and its grace period is longer than the longest stop', () => {
    const config = configOf(of('ConfigMap').data['gateway.yaml'] ?? '');
    expect(config.servers).toHaveLength(1);
    // It is reached by the cluster: nobody gets in without a token.
    expect(anonymousRole(config)).toBeUndefined();
    expect(verifiesTokens(config.auth)).toBe(true);
    const { terminationGracePeriodSeconds } = of('Deployment').spec.template.spec;
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(longestStopMs(config));
    // Endpoints are gone before clients are told to leave: at least two looks of the readiness probe.
    const { periodSeconds } = container.readinessProbe;
    expect(config.server.drain_delay_ms).toBeGreaterThanOrEqual(2_000 * periodSeconds);
  });

  test('probes ask what the gateway answers; restarts depend on the gateway alone', () => {
    const paths = [container.livenessProbe, container.startupProbe, container.readinessProbe].map(
      ({ httpGet }) => httpGet.path,
    );
    expect(paths).toEqual(['/healthz', '/healthz', '/readyz']);
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    });
  });

  test('a disruption leaves one; policies select the pods that there are', () => {
    const labels = of('Deployment').spec.template.metadata.labels;
    expect(of('PodDisruptionBudget').spec.minAvailable).toBeLessThan(of('Deployment').spec.replicas);
    expect(of('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
    expect(of('NetworkPolicy').spec.podSelector.matchLabels).toEqual(labels);
  });
});

describe('Compose', async () => {
  const compose = parse(await read('config/compose.yaml')) as {
    services: Record<string, { command?: string[]; ports?: string[]; stop_grace_period?: string; read_only?: boolean }>;
    configs: { gateway: { content: string } };
  };

  test('its configuration is accepted, leads to its simulators, and a stop has the time it needs', () => {
    const config = configOf(compose.configs.gateway.content);
    expect(config.servers.map(({ id }) => id)).toEqual(['claude-flow', 'ruv-swarm']);
    for (const { id, simulated } of config.servers) {
      expect(simulated).toBe(true);
      expect(Object.keys(compose.services)).toContain(id);
    }
    const grace = Number.parseInt(compose.services['gateway']?.stop_grace_period ?? '', 10) * 1_000;
    expect(grace).toBeGreaterThanOrEqual(longestStopMs(config));
  });

  test('every published port is on loopback', () => {
    const ports = Object.values(compose.services).flatMap(({ ports: own = [] }) => own);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test.each(['claude-flow', 'ruv-swarm'])('%s: its command is one that simulate takes', async (name) => {
    const [command, ...argv] = compose.services[name]?.command ?? [];
    expect(command).toBe('simulate');
    let stderr = '';
    // On loopback and a free port, and stopped at once: only whether it starts is asked.
    const here = argv.map((arg) => (arg === '0.0.0.0' ? '127.0.0.1' : /^\d+$/.test(arg) ? '0' : arg));
    const io = {
      stdout: { write: () => true },
      stderr: { write: (text: string) => (stderr += text) },
      signal: AbortSignal.timeout(200),
    };
    expect(await simulate(here, io)).toBe(0);
    expect(stderr).toBe('');
  });
});

test('systemd waits longer than the longest stop of the default configuration, and does not repeat a bad configuration', async () => {
  const unit = await read('config/systemd/swarmcast.service');
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  expect(stopSeconds * 1_000).toBeGreaterThan(
    longestStopMs(loadConfig({ files: [], flags: {}, environment: {} }).config),
  );
  expect(unit).toMatch(/^RestartPreventExitStatus=2$/m);
});

test('the image runs as nobody special, and only with what .dockerignore lets in', async () => {
  const dockerfile = await read('Dockerfile');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM'));
  expect(last).toMatch(/^USER [1-9]\d*$/m);
  expect(last).toMatch(/^HEALTHCHECK /m);
  const ignore = await read('.dockerignore');
  expect(ignore).toMatch(/^\*$/m);
  for (const needed of ['src', 'scripts', 'config', 'package-lock.json', 'tsconfig.build.json']) {
    expect(ignore.split('\n')).toContain(`!${needed}`);
  }
});
