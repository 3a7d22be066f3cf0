import { spawnSync } from 'node:child_process';

/** Descriptors a process needs beside its connections. */
const OTHER_DESCRIPTORS = 64;
/** Local ports of one source address (ip_local_port_range), rounded down. */
const PORTS_PER_ADDRESS = 28_000;

/** Open files that a process may have; undefined where no shell tells. */
export function fileLimit(): number | undefined {
  // Node raises its soft limit to the hard one when it starts.
  const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  const limit = Number(stdout);
  return status === 0 && Number.isInteger(limit) ? limit : undefined;
}

/** Why `connections` in one process won't do; undefined when they will. */
export function whyTooMany(connections: number): string | undefined {
  const limit = fileLimit();
  if (limit === undefined || connections + OTHER_DESCRIPTORS <= limit) return undefined;
  return `${connections} connections a process are more than its file limit of ${limit} allows: use more --processes, or raise ulimit -n`;
}

/** Addresses 127.0.1.x that `connections` of one process need; 0: the default one has ports enough for all processes. */
export function sourceAddressesFor(totalConnections: number): number {
  return totalConnections <= PORTS_PER_ADDRESS ? 0 : Math.ceil(totalConnections / PORTS_PER_ADDRESS) + 1;
}
