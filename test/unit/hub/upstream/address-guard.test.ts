/** Where no connection leads, whatever a name meant before. */
import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { assertUnguarded, guardedLookup, isGuarded } from '../../../../src/hub/upstream/transports/address-guard.ts';

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['::ffff:169.254.169.254', true],
  ['[::ffff:a9fe:a9fe]', true],
  ['fe80::1', true],
  ['fe80::1%eth0', true],
  ['febf::1', true],
  ['fd00:ec2::254', true],
  ['100.100.100.200', true],
  ['168.63.129.16', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['169.253.1.1', false],
  ['fec0::1', false],
  ['::1', false],
  ['agents.example', false],
])('%s', (address, guarded) => {
  expect(isGuarded(address)).toBe(guarded);
  const check = () => assertUnguarded(address);
  if (guarded) expect(check).toThrow('upstream.allow_link_local');
  else expect(check).not.toThrow();
});

describe('a name', () => {
  const lookup = (addresses: LookupAddress[] | Error, all: boolean) =>
    new Promise((resolve) => {
      guardedLookup((_host, options, done) => {
        expect(options.all).toBe(true);
        if (addresses instanceof Error) done(addresses, []);
        else done(null, addresses);
      })('agents.example', { all }, (error, found, family) =>
        resolve(error?.message ?? (all ? found : [found, family])),
      );
    });
  const good = { address: '192.0.2.1', family: 4 };
  const bad = { address: '169.254.169.254', family: 4 };

  test.each([true, false])('that leads elsewhere is resolved as ever; all: %s', async (all) => {
    expect(await lookup([good], all)).toEqual(all ? [good] : ['192.0.2.1', 4]);
    expect(await lookup(new Error('ENOTFOUND'), all)).toBe('ENOTFOUND');
    expect(await lookup([], all)).toBe('agents.example has no address');
  });

  // Which of several is connected to is up to the system.
  test.each([[[bad]], [[good, bad]]])(
    'that leads to a guarded address, alone or among others: %j',
    async (addresses) => {
      const said = 'agents.example leads to 169.254.169.254, a link-local or metadata address';
      expect(await lookup(addresses, true)).toContain(said);
      expect(await lookup(addresses, false)).toContain(said);
    },
  );
});
