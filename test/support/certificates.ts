/** Certificates for tests, made by openssl: an authority, and what it signs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key: PEM, and the files that hold it. */
export interface Certificate {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

/** Signs certificates that whoever trusts `certFile` trusts. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'swarmcast-ca-'));
  readonly #own: Certificate;

  constructor(name: string) {
    const keyFile = join(this.#folder, 'ca.key');
    const certFile = join(this.#folder, 'ca.pem');
    openssl('req', '-x509', ...newKey(keyFile), '-days', '2', '-subj', `/CN=${name}`, '-out', certFile);
    this.#own = read(certFile, keyFile);
  }

  get cert(): string {
    return this.#own.cert;
  }

  get certFile(): string {
    return this.#own.certFile;
  }

  /** `names` as openssl writes them: `DNS:localhost`, `IP:127.0.0.1`. Not above zero `days`: expired. */
  sign(label: string, names: readonly string[], days = 2): Certificate {
    const path = (ending: string) => join(this.#folder, `${label}.${ending}`);
    openssl('req', '-new', ...newKey(path('key')), '-subj', `/CN=${label}`, '-out', path('csr'));
    writeFileSync(path('ext'), names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`);
    const signed = ['-CA', this.#own.certFile, '-CAkey', this.#own.keyFile, '-CAcreateserial', '-extfile', path('ext')];
    openssl('x509', '-req', '-in', path('csr'), ...signed, '-days', String(days), '-out', path('pem'));
    return read(path('pem'), path('key'));
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file];
}

function read(certFile: string, keyFile: string): Certificate {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile };
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
