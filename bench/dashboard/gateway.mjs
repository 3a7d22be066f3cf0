// The built gateway with its simulators, for pages to open.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PER_SWARM = 84;

/** With about so many agents. */
export async function startGateway(agents) {
  const swarms = Math.max(1, Math.round(agents / 3 / PER_SWARM));
  const settings = { 'simulate.swarms': swarms, 'simulate.agents': Math.round(agents / 3 / swarms) };
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const flags = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const child = spawn(process.execPath, [main, 'start', '--json', '-p', '0', '--log-level', 'silent', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: JSON.parse(line).listening.url };
}

export async function stopGateway({ child }) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
