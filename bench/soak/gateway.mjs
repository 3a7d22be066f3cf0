// The gateway of a soak: a process with a census in each of its threads, stores so small that they fill up while it warms
// up, and faults that are over in fractions of a second.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', '..', 'dist', 'main.js');
const census = join(here, 'census.mjs');
/** Threads with JavaScript: main and edge, hub, layout. */
const THREADS = 3;
/** Of what is kept for later: filled in half a minute. */
const KEPT = 1_000;

export async function startGateway(servers) {
  const directory = mkdtempSync(join(tmpdir(), 'swarmcast-soak-'));
  const config = join(directory, 'config.json');
  const file = join(directory, 'servers.json');
  writeFileSync(file, '[]');
  writeFileSync(config, JSON.stringify(configOf(servers, file)));
  const quiet = '--disable-warning=ExperimentalWarning';
  const args = [quiet, '--import', census, main, 'start', '--config', config, '--port', '0', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const gone = once(child, 'exit').finally(() => rmSync(directory, { recursive: true }));
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    gone.then(([code]) => Promise.reject(new Error(`the gateway did not start: exit ${code}`))),
  ]);
  return { child, gone, pid: child.pid, url: JSON.parse(line[0]).listening.url, file };
}

function configOf(servers, file) {
  return {
    servers,
    discovery: { file },
    upstream: { request_timeout_ms: 1_000, connect_timeout_ms: 1_000, reconnect_min_ms: 20, reconnect_max_ms: 100 },
    resilience: { recovery_ms: 200 },
    world: { stale_after_ms: 1_000, remove_after_ms: 2_000, message_history: KEPT },
    // All clients come from one address here.
    clients: { upgrades_per_second: 10_000, upgrade_burst: 10_000, tombstones: KEPT, message_history: KEPT },
    log: { level: 'silent' },
  };
}

/** Who is there, and how full is what is kept for later. */
export async function stateOf({ url }) {
  const { servers } = await (await fetch(`${url}/api/health/mcp`, { headers: { connection: 'close' } })).json();
  const metrics = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const valueOf = (series) => Number(new RegExp(`^swarmcast_${series} (\\S+)`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return {
    clients: valueOf(String.raw`edge_clients\{[^}]*\}`),
    servers: servers.length,
    healthy: servers.filter(({ health }) => health.state === 'healthy').length,
    kept: {
      'removed entities': valueOf(String.raw`edge_bound_used\{[^}]*bound="tombstones"[^}]*\}`),
      'messages of the edge': valueOf(String.raw`edge_bound_used\{[^}]*bound="agent_messages"[^}]*\}`),
      'messages of the world': valueOf('world_messages'),
    },
  };
}

/** True once all that is kept for later is as much as may be. */
export function isFull({ kept }) {
  return Object.values(kept).every((held) => held >= KEPT);
}

/** What is open and alive: of the process, and of each of its threads. */
export async function lookAt(gateway) {
  const threads = await ask(gateway, { kind: 'count', expected: THREADS });
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
  return {
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${gateway.pid}/fd`).length,
    census: threads,
    rss_mb: rssOf(gateway.pid),
  };
}

/** Writes a heap snapshot of each thread: `<name>-<thread>.heapsnapshot`. */
export async function snapshot(gateway, directory, name) {
  await ask(gateway, { kind: 'snapshot', expected: THREADS, path: join(directory, name) });
}

/** From now on each thread keeps so many more bytes each second: a soak that does not notice is of no use. */
export async function leak(gateway, bytesPerSecond) {
  await ask(gateway, { kind: 'leak', expected: THREADS, bytesPerSecond });
}

async function ask({ child }, order) {
  child.send(order);
  const [answers] = await once(child, 'message');
  return answers;
}

/** MB. */
function rssOf(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
