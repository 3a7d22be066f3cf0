// The floors of ARCHITECTURE.md. Imports go down only:
// model, protocol ← platform ← feed ← hub, edge, http ← composition (gateway.ts, hub-thread.ts, cli, main.ts).
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [from, ...allowed].map((p) => `^src/${p}/`) },
});
const owner = (library, ...homes) => ({
  name: `${library.replaceAll('/', '-')}-has-one-home`,
  severity: 'error',
  from: { path: '^src/', pathNot: homes.map((f) => `^src/${f}`) },
  to: { path: `node_modules/${library}/` },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('model-imports-nothing', 'model', []),
    only('protocol', 'protocol', ['model']),
    only('platform', 'platform', ['model', 'protocol']),
    only('feed', 'feed', ['model', 'protocol', 'platform']),
    only('upstream', 'hub/upstream', ['model', 'protocol', 'platform']),
    only('world', 'hub/world', ['model', 'protocol', 'platform']),
    only('layout-is-a-leaf', 'hub/layout', ['model']),
    only('hub', 'hub', ['model', 'protocol', 'platform', 'feed']),
    only('edge', 'edge', ['model', 'protocol', 'platform', 'feed']),
    only('http', 'http', ['model', 'protocol', 'platform', 'feed']),
    only('client', 'client', ['model', 'protocol']),
    only('simulator', 'simulator', ['model', 'platform']),
    only('dashboard', 'dashboard', ['client']),
    owner('uWebSockets\\.js', 'edge/transport'),
    owner('@modelcontextprotocol', 'hub/upstream', 'simulator'),
    owner('jose', 'platform/auth'),
    owner('cockatiel', 'hub/upstream/resilience'),
    owner('msgpackr', 'protocol'),
    owner('pino', 'platform/telemetry'),
    owner('prom-client', 'platform/telemetry'),
    owner('@opentelemetry', 'platform/telemetry'),
    owner('hono', 'http'),
    owner('@hono/zod-openapi', 'http'),
    owner('yaml', 'platform/config'),
    owner('ws', 'client'),
    owner('three', 'dashboard/graph'),
    owner('uplot', 'dashboard/panels'),
    owner('preact', 'dashboard'),
    owner('@preact/signals', 'dashboard'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
