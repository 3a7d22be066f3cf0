/** Certificates of their own for tests, made by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

export interface TestCertificate {
  cert: string;
  key: string;
}

/** Files of a self-signed certificate for localhost and 127.0.0.1; `passphrase` locks its key. */
export function makeCertificate(
  name: string,
  { passphrase, days = 30 }: { passphrase?: string; days?: number } = {},
): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'swarmcast-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const lock = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', ...lock];
  const files = ['-keyout', key, '-out', cert, '-days', String(days), '-subj', `/CN=${name}`];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...names], { stdio: 'ignore' });
  return { cert, key };
}

/** The name on the certificate that a newcomer is shown. Rejects where there is no TLS, or not of that version. */
export function nameShownAt(port: number, maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<string> {
  return new Promise((resolve, reject) => {
    // What it is signed by is not what is looked at here; versions that are given up need a weaker list of ciphers.
    const old = maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' } : {};
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion, ...old }, () => {
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      resolve(String(CN));
    });
    socket.once('error', reject);
  });
}
