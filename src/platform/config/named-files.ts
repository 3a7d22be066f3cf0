/** Files that the configuration names: keys, certificates, where to write. A bad one refuses the whole, as a bad setting does. */
import { createAuthenticator } from '../auth/authenticator.ts';
import { systemClock } from '../clock.ts';
import { checkAuditFile } from '../telemetry/audit-file.ts';
import { readCertificate } from '../tls/certificate.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import type { Config } from './schema.ts';

/** @throws {@link ConfigError} that lists everything that is wrong with them. Nothing is changed. */
export async function checkNamedFiles(config: Config): Promise<void> {
  const problems: ConfigProblem[] = [];
  const checks: readonly (() => unknown)[] = [
    () => createAuthenticator({ config, clock: systemClock }),
    () => readCertificate(config.edge.tls),
    () => checkAuditFile(config.audit),
  ];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
