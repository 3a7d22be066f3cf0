import { describe, expect, test } from 'vitest';
import { ClientAddresses } from '../../../../src/edge/transport/client-address.ts';

/** Four bytes, or sixteen from eight words. */
function bytes(address: string): ArrayBuffer {
  if (!address.includes(':')) return Uint8Array.from(address.split('.').map(Number)).buffer;
  const words = address.split(':').map((word) => Number.parseInt(word, 16));
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])).buffer;
}
const group = (peer: string, forwardedFor = '', trusted: string[] = ['10.0.0.0/8', '127.0.0.1', 'fd00::/8']): string =>
  new ClientAddresses(trusted).groupOf(bytes(peer), forwardedFor);

describe('without a proxy', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    // An IPv4 address in IPv6 form is that address.
    ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
    // All of a /64 is one client's.
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:0:0:1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3:3:4:5:6', '2001:db8:1:3::/64'],
    // This machine's own: not counted.
    ['127.0.0.1', ''],
    ['127.0.1.9', ''],
    ['0:0:0:0:0:0:0:1', ''],
    ['0:0:0:0:0:ffff:7f00:1', ''],
  ])('%s is counted as "%s"', (peer, counted) => {
    expect(group(peer, '', [])).toBe(counted);
    // Nobody is trusted: what a client writes is not read.
    expect(group(peer, '198.51.100.1', [])).toBe(counted);
  });

  test('an address of no known form is not counted', () => {
    expect(new ClientAddresses([]).groupOf(new ArrayBuffer(0), '198.51.100.1')).toBe('');
  });
});

describe('behind proxies', () => {
  test.each([
    ['one proxy', '10.1.2.3', '203.0.113.7', '203.0.113.7'],
    ['a proxy on this machine', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['two proxies', '10.1.2.3', '203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['an IPv6 client', '10.1.2.3', '2001:db8::5', '2001:db8:0:0::/64'],
    ['an IPv6 proxy', 'fd00:0:0:0:0:0:0:1', '203.0.113.7', '203.0.113.7'],
    ['what a client wrote before is not believed', '10.1.2.3', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['even where it names a proxy', '10.1.2.3', '10.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['a peer that is no proxy says nothing', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a proxy that writes no address counts itself', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['… nor a port', '10.1.2.3', '203.0.113.7:4711', '10.1.2.3'],
    ['behind what cannot be read nothing is read', '10.1.2.3', '203.0.113.7, nonsense, 10.9.9.9', '10.9.9.9'],
    ['proxies alone: the farthest', '10.1.2.3', '10.0.0.1', '10.0.0.1'],
    ['a forwarded loopback is not counted', '10.1.2.3', '127.0.0.1', ''],
  ])('%s', (_note, peer, forwardedFor, counted) => {
    expect(group(peer, forwardedFor)).toBe(counted);
  });

  test('a list that never ends is read for sixteen hops', () => {
    const hops = Array.from({ length: 100 }, (_, n) => `10.0.${n}.1`).join(', ');
    expect(group('10.1.2.3', `203.0.113.7, ${hops}`)).toMatch(/^10\./);
    const few = Array.from({ length: 15 }, (_, n) => `10.0.${n}.1`).join(', ');
    expect(group('10.1.2.3', `203.0.113.7, ${few}`)).toBe('203.0.113.7');
  });
});
