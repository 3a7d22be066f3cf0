/** The certificate that clients are served with: its files are read and checked here, whatever library uses them. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../config/errors.ts';
import type { TlsConfig } from '../config/schema.ts';
import type { Logger } from '../telemetry/log.ts';

/** A certificate is near its end: it should have been renewed by now, as those that renew by themselves do a month before. */
const NEAR_END_MS = 14 * 86_400_000;

/** How often the files are looked at. By time and size, through links: certificates are renewed by moving those. */
const WATCH_INTERVAL_MS = 2_000;

/** Files that fit each other, as they were when they were read. */
export interface Certificate {
  certFile: string;
  keyFile: string;
  passphrase: string | undefined;
  /** Changes with the content of the files. */
  fingerprint: string;
  /** Until when browsers take it, ms since 1970. */
  expiresAtMs: number;
}

/**
 * Undefined where none is configured.
 * @throws {@link ConfigError} for files that can't be read, are none, don't fit each other, or have expired.
 */
export function readCertificate(tls: TlsConfig, nowMs: number = Date.now()): Certificate | undefined {
  const { cert: certFile, key: keyFile } = tls;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const cert = readSetting('cert', certFile);
  const key = readSetting('key', keyFile);
  const passphrase =
    tls.passphrase ?? (tls.passphrase_file && readSetting('passphrase_file', tls.passphrase_file).trimEnd());
  const leaf = attempt('cert', 'is no certificate in PEM form', () => new X509Certificate(cert));
  attempt('key', `does not open, or does not belong to ${certFile}`, () =>
    createSecureContext({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) }),
  );
  const expiresAtMs = Date.parse(leaf.validTo);
  if (expiresAtMs <= nowMs) throw refuse('cert', `${certFile} has expired on ${new Date(expiresAtMs).toISOString()}`);
  const fingerprint = createHash('sha256').update(cert).update(key).digest('hex');
  return { certFile, keyFile, passphrase, fingerprint, expiresAtMs };
}

/** Says in the log that the certificate ends soon, or until when it is good; the metric and its alert say it day by day. */
export function logExpiry({ certFile: cert, expiresAtMs }: Certificate, log: Logger, nowMs: number = Date.now()): void {
  const about = { cert, expires: new Date(expiresAtMs).toISOString() };
  const days = Math.floor((expiresAtMs - nowMs) / 86_400_000);
  if (expiresAtMs - nowMs < NEAR_END_MS) log.warn(about, `the certificate ends in ${days} days: renew it`);
  else log.info(about, 'newcomers are served with this certificate');
}

/** Tells when one of the files may have changed. Disposal ends it. */
export function watchCertificate({ cert, key }: TlsConfig, onChange: () => void): Disposable {
  const files = [cert, key].filter((file) => file !== undefined);
  for (const file of files) watchFile(file, { interval: WATCH_INTERVAL_MS, persistent: false }, onChange);
  return {
    [Symbol.dispose]: () => {
      for (const file of files) unwatchFile(file, onChange);
    },
  };
}

function readSetting(setting: string, file: string): string {
  return attempt(setting, 'cannot be read', () => readFileSync(file, 'utf8'));
}

/** The words of the library say what is wrong with a file, and nothing that is in it. */
function attempt<T>(setting: string, what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw refuse(setting, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function refuse(setting: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ key: `edge.tls.${setting}`, source: 'configuration', message }], { cause });
}
