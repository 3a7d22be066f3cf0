/**
 * Addresses that no MCP server has and that a name may be made to lead to: link-local ones, and those at which clouds tell
 * a machine its credentials. Checked where a connection is made, so that what a name meant before does not matter.
 */
import { lookup as resolve, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ConnectError } from '../errors.ts';

const guarded = new BlockList();
guarded.addSubnet('169.254.0.0', 16, 'ipv4');
guarded.addSubnet('fe80::', 10, 'ipv6');
// Metadata of clouds beyond 169.254.169.254.
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) guarded.addAddress(address, 'ipv4');
for (const address of ['fd00:ec2::254', 'fd20:ce::254']) guarded.addAddress(address, 'ipv6');

/** True for an address (not a name) that is guarded, IPv4 in IPv6 included. */
export function isGuarded(address: string): boolean {
  const plain = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const family = isIP(plain);
  return family !== 0 && guarded.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/** @throws {@link ConnectError} for a guarded address; names pass, and are checked by {@link guardedLookup} */
export function assertUnguarded(host: string): void {
  if (isGuarded(host)) throw refusal(host, host);
}

type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Resolves as the system does; a name that leads to a guarded address, among others or alone, is refused. */
export function guardedLookup(base: Resolve = resolve): LookupFunction {
  return (host, options, done) => {
    base(host, { ...options, all: true }, (error, addresses) => {
      const found = error === null ? addresses.find(({ address }) => isGuarded(address)) : undefined;
      const failure = found === undefined ? error : refusal(host, found.address);
      const [first] = failure === null ? addresses : [];
      if (first === undefined || failure !== null) done(failure ?? new ConnectError(`${host} has no address`), '', 0);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

function refusal(host: string, address: string): ConnectError {
  const what = host === address ? `${host} is` : `${host} leads to ${address},`;
  return new ConnectError(
    `${what} a link-local or metadata address, which is not for MCP servers (upstream.allow_link_local)`,
  );
}
