// Installs the real MCP servers that tests and config/real-servers.yaml use, each into a folder of its own under
// .peers/ (ignored by git). They are no dependencies of the product. Done already: nothing happens.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PEERS = [
  { name: 'ruv-swarm', version: '1.0.20', note: 'compiles better-sqlite3: about a minute' },
  { name: 'claude-flow', version: '3.43.0', note: 'about 180 packages, 120 MB' },
];
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '.peers');

if (process.argv.includes('--help')) {
  process.stdout.write(
    'npm run peers:install — installs ruv-swarm and claude-flow into .peers/ for real-server runs and tests\n',
  );
} else {
  for (const [index, peer] of PEERS.entries()) await install(peer, `[${index + 1}/${PEERS.length}]`);
}

async function install({ name, version, note }, step) {
  const folder = join(root, name);
  if (installedVersion(folder, name) === version) {
    process.stdout.write(`${step} ${name} ${version} is there\n`);
    return;
  }
  process.stdout.write(`${step} ${name} ${version}: ${note}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, name: `peer-${name}` }));
  const started = Date.now();
  const progress = setInterval(() => {
    process.stdout.write(`      … ${Math.round((Date.now() - started) / 1000)} s\n`);
  }, 10_000);
  try {
    await run(
      'npm',
      ['install', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`],
      folder,
    );
  } finally {
    clearInterval(progress);
  }
  if (installedVersion(folder, name) !== version) throw new Error(`${name} ${version} did not arrive in ${folder}`);
  process.stdout.write(`${step} ${name} ${version}: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

function installedVersion(folder, name) {
  const file = join(folder, 'node_modules', name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

function run(command, args, cwd) {
  // Where headers can't be downloaded, node-gyp takes those of the running Node, if its prefix has them.
  const prefix = join(dirname(process.execPath), '..');
  const nodedir = existsSync(join(prefix, 'include', 'node')) ? { npm_config_nodedir: prefix } : {};
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...nodedir },
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} exited with ${code}`)),
    );
  });
}
