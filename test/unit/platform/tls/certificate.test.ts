import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../../../src/platform/config/schema.ts';
import type { Logger } from '../../../../src/platform/telemetry/log.ts';
import { ConfigError } from '../../../../src/platform/config/errors.ts';
import { logExpiry, readCertificate } from '../../../../src/platform/tls/certificate.ts';
import { makeCertificate } from '../../../support/self-signed.ts';
import { fileOf } from '../../../support/tokens.ts';

const tls = (value: Record<string, unknown>) => configSchema.parse({ edge: { tls: value } }).edge.tls;
const one = makeCertificate('one');
const two = makeCertificate('two');
const locked = makeCertificate('locked', { passphrase: 'hush hush' });

describe('its end', () => {
  const DAY_MS = 86_400_000;
  test.each([
    [15, 'info', 'newcomers are served with this certificate'],
    [13, 'warn', 'the certificate ends in 12 days: renew it'],
  ])('%i days before, the log has it as %s', (days, level, message) => {
    const certificate = readCertificate(tls({ ...one }));
    if (certificate === undefined) throw new Error('none');
    const said: unknown[] = [];
    const note = (as: string) => (about: object, text: string) => said.push({ as, about, text });
    const log = { info: note('info'), warn: note('warn') } as unknown as Logger;
    logExpiry(certificate, log, certificate.expiresAtMs - days * DAY_MS + 1);
    const about = { cert: one.cert, expires: new Date(certificate.expiresAtMs).toISOString() };
    expect(said).toEqual([{ as: level, about, text: message }]);
  });
});

describe('read', () => {
  test('none is none', () => {
    expect(readCertificate(tls({}))).toBeUndefined();
  });

  test('its files, until when it is good, and a fingerprint that follows the content', () => {
    const read = readCertificate(tls({ ...one }));
    expect(read).toMatchObject({ certFile: one.cert, keyFile: one.key, passphrase: undefined });
    expect(read?.expiresAtMs).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    const copy = { cert: fileOf(readFileSync(one.cert, 'utf8')), key: fileOf(readFileSync(one.key, 'utf8')) };
    expect(readCertificate(tls(copy))?.fingerprint).toBe(read?.fingerprint);
    expect(readCertificate(tls({ ...two }))?.fingerprint).not.toBe(read?.fingerprint);
  });

  test.each([{ passphrase: 'hush hush' }, { passphrase_file: fileOf('hush hush\n') }])('a locked key: %j', (opens) => {
    expect(readCertificate(tls({ ...locked, ...opens }))?.passphrase).toBe('hush hush');
  });
});

describe('refused, by the setting that is wrong', () => {
  test.each([
    ['no such file', { cert: '/nowhere/cert.pem', key: one.key }, /^edge\.tls\.cert .*cannot be read: ENOENT/],
    ['no such key', { cert: one.cert, key: '/nowhere/key.pem' }, /^edge\.tls\.key .*cannot be read: ENOENT/],
    ['no certificate', { cert: fileOf('hello'), key: one.key }, /^edge\.tls\.cert .*is no certificate in PEM form/],
    ['no key', { cert: one.cert, key: fileOf('hello') }, /^edge\.tls\.key .*does not open/],
    ['a key of another certificate', { cert: one.cert, key: two.key }, /^edge\.tls\.key .*does not belong to/],
    ['a locked key without a passphrase', { ...locked }, /^edge\.tls\.key .*does not open/],
    ['a wrong passphrase', { ...locked, passphrase: 'loud' }, /^edge\.tls\.key .*does not open/],
  ])('%s', (_note, files, message) => {
    expect(() => readCertificate(tls(files))).toThrow(ConfigError);
    expect(() => readCertificate(tls(files))).toThrow(message);
  });

  test('one that has expired', () => {
    expect(() => readCertificate(tls({ ...one }), Date.now() + 31 * 86_400_000)).toThrow(
      /edge\.tls\.cert .*has expired/,
    );
  });
});
