// npm run loadtest -- <scenario> [--vus N] [--duration S] — starts the built gateway with its simulators, runs a k6
// scenario against it, prints k6's summary and ends with k6's exit code.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SCENARIOS = ['ramp', 'steady', 'filter-churn', 'operators', 'slow-clients', 'reconnect-storm'];
const START_DEADLINE_MS = 60_000;
const EXIT = { noK6: 3, usage: 2, failed: 1 };
const HELP = `npm run loadtest -- <scenario> [--vus N] [--duration S] [--url ws://HOST:PORT/ws] [--operator-key KEY]

  scenario            ${SCENARIOS.join(', ')}
  --vus N             virtual users, one WebSocket each (default 50)
  --duration S        seconds (default 20)
  --url URL           a gateway that runs already, in place of one with simulators
  --operator-key KEY  of that gateway, for the scenario "operators"
  --summary FILE      also write k6's summary as JSON
  --correctness       judge hashes, coding and connections alone: no rates, for machines that do other things

Exit codes: 0 all thresholds hold, 99 some don't, ${EXIT.noK6} no k6 found, ${EXIT.usage} bad options.
`;
const NO_K6 = `k6 was not found (PATH, ~/go/bin, or the environment variable K6). To get it, with Go 1.24 or later:
  go install go.k6.io/k6/v2@latest      (or the version before: go install go.k6.io/k6@latest)
or see https://grafana.com/docs/k6/latest/set-up/install-k6/
`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vus: { type: 'string', default: '50' },
    duration: { type: 'string', default: '20' },
    url: { type: 'string' },
    'operator-key': { type: 'string' },
    summary: { type: 'string' },
    correctness: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
process.exitCode = await main();

async function main() {
  const [scenario, ...others] = positionals;
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const numbers = [flags.vus, flags.duration].every((text) => /^[1-9]\d{0,5}$/.test(text));
  if (!SCENARIOS.includes(scenario) || others.length > 0 || !numbers) {
    process.stderr.write(HELP);
    return EXIT.usage;
  }
  const k6 = findK6();
  if (k6 === undefined) {
    process.stderr.write(NO_K6);
    return EXIT.noK6;
  }
  if (flags.url !== undefined) return runK6(k6, scenario, { url: flags.url, operatorKey: flags['operator-key'] ?? '' });
  const gateway = await startGateway();
  try {
    return await runK6(k6, scenario, gateway);
  } finally {
    await gateway.stop();
  }
}

function findK6() {
  const candidates = [process.env.K6, 'k6', join(homedir(), 'go', 'bin', 'k6')].filter((path) => path !== undefined);
  return candidates.find((path) => spawnSync(path, ['version'], { stdio: 'ignore' }).status === 0);
}

/** On a free port, with three simulated servers whose swarms do not come to rest. */
async function startGateway() {
  const operatorKey = randomBytes(24).toString('base64url');
  const scratch = mkdtempSync(join(tmpdir(), 'swarmcast-loadtest-'));
  const entry = join(root, 'dist', 'main.js');
  if (!existsSync(entry)) throw new Error('dist/main.js is missing: npm run build');
  const env = {
    ...process.env,
    SWARMCAST_SERVER_OPERATOR_KEY: operatorKey,
    SWARMCAST_SIMULATE_EVENTS_PER_SECOND: '60',
    // k6 has one thread per core for all its users: a hello that is late must not mean the defaults.
    SWARMCAST_CLIENTS_HELLO_TIMEOUT_MS: '10000',
  };
  const child = spawn(process.execPath, [entry, 'start', '--port', '0', '--log-level', 'warn', '--json'], {
    cwd: scratch,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const { url } = await listening(child);
    return { url: `${url.replace(/^http/, 'ws')}/ws`, operatorKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the gateway did not start')), START_DEADLINE_MS);
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"listening"')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line).listening);
    });
  });
}

async function runK6(k6, scenario, { url, operatorKey }) {
  const script = join(root, 'loadtest', 'k6', `${scenario}.ts`);
  const environment = {
    SWARMCAST_URL: url,
    VUS: flags.vus,
    DURATION: flags.duration,
    OPERATOR_KEY: operatorKey,
    JUDGE_RATES: flags.correctness ? 'no' : 'yes',
  };
  const summary = flags.summary === undefined ? [] : ['--summary-export', flags.summary];
  const args = ['run', '--no-usage-report', '--no-color', ...summary, script];
  const child = spawn(k6, args, { env: { ...process.env, ...environment }, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? EXIT.failed;
}
