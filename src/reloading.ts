/** A running gateway takes on a new configuration, or refuses it whole: settings, and the files that they name. */
import type { Edge, EdgeReload } from './edge/edge.ts';
import type { EdgeSupervisor } from './edge-supervisor.ts';
import type { HubSupervisor } from './hub-supervisor.ts';
import { unsafeAccess } from './platform/auth/anonymous.ts';
import { adjust, type AdjustedConfig, type Adjustment } from './platform/config/adjust.ts';
import { answerReload, configChange, type ConfigChange, type ReloadAnswer } from './platform/config/change.ts';
import { ConfigError } from './platform/config/errors.ts';
import { checkNamedFiles } from './platform/config/named-files.ts';
import type { Config, ServerConfig } from './platform/config/schema.ts';
import { setLogLevels, type Logger } from './platform/telemetry/log.ts';
import { readCertificate, watchCertificate, type Certificate } from './platform/tls/certificate.ts';

export interface ReloadingParts {
  /** What the gateway started with, as configured. */
  started: Config;
  /** The same with what was made at start. How it is reached does not change while it runs. */
  server: Config['server'];
  certificate: Certificate | undefined;
  hub: HubSupervisor;
  /** On this thread. */
  edge: Edge;
  further: readonly EdgeSupervisor[];
  log: Logger;
  /** @throws ConfigError */
  readConfig: (() => Config) | undefined;
}

/** One reload after the other. Watches the files of the certificate until it is disposed of. */
export class Reloading implements Disposable {
  readonly #parts: ReloadingParts;
  readonly #watch: Disposable | undefined;
  /** Those beside the configured ones. */
  simulated: readonly ServerConfig[] = [];
  #applied: Config;
  #certificate: Certificate | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
    this.#applied = parts.started;
    this.#certificate = parts.certificate;
    if (parts.certificate !== undefined)
      this.#watch = watchCertificate(parts.started.edge.tls, () => void this.#inTurn(() => this.#renewCertificate()));
  }

  /** @throws when the gateway was not told how to read its configuration. */
  reload(): Promise<ReloadAnswer> {
    return this.#inTurn(async () => {
      const { readConfig, log } = this.#parts;
      if (readConfig === undefined) throw new Error('this gateway was not told how to read its configuration again');
      const answer = await answerReload(() => this.#apply(readConfig()));
      if (answer.outcome === 'refused') log.warn({ why: answer.message }, 'the new configuration is refused');
      return answer;
    });
  }

  /** Until the next reload. The hub applies its part when it is told. Never rejects. */
  adjust(adjustment: Adjustment): Promise<AdjustedConfig> {
    return this.#inTurn(() => {
      const adjusted = adjust(this.#applied, adjustment);
      if (adjusted.config !== undefined) {
        this.#applied = adjusted.config;
        this.#setLogLevels(adjusted.config.log);
      }
      return Promise.resolve(adjusted);
    });
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  /** @throws ConfigError: nothing is changed. */
  async #apply(next: Config): Promise<ConfigChange> {
    const { server, started, hub, log } = this.#parts;
    const unsafe = unsafeAccess({ server, auth: next.auth });
    if (unsafe !== undefined) throw new ConfigError([{ ...unsafe, source: 'the address that is bound now' }]);
    await checkNamedFiles({ ...next, server });
    const certificate = this.#certificate === undefined ? undefined : readCertificate(next.edge.tls);
    const change = configChange(this.#applied, next, started);
    const isRenewed = certificate !== undefined && certificate.fingerprint !== this.#certificate?.fingerprint;
    if (isRenewed && !change.settings.includes('edge.tls.cert')) change.settings.push('edge.tls.cert');
    this.#applied = next;
    const hubDone = hub.reload({ ...next, server }, [...next.servers, ...this.simulated]);
    this.#setLogLevels(next.log);
    const failed = await this.#applyToEdges({ auth: next.auth, certificate });
    const hubProblem = await hubDone;
    if (hubProblem !== undefined) failed.push(`hub: ${hubProblem}`);
    const told = failed.length === 0 ? change : { ...change, failed };
    log[failed.length === 0 ? 'info' : 'error'](told, 'configuration applied');
    return told;
  }

  /** Of this thread and of further edges. */
  #setLogLevels(levels: Config['log']): void {
    setLogLevels(this.#parts.log, levels);
    for (const one of this.#parts.further) one.setLogLevels(levels);
  }

  /** What went wrong, by edge. */
  async #applyToEdges(settings: EdgeReload): Promise<string[]> {
    const { edge, further } = this.#parts;
    const first = edge.reload(settings).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const problems = await Promise.all([first, ...further.map((one) => one.reload(settings))]);
    if (problems.every((problem) => problem === undefined)) this.#certificate = settings.certificate;
    return problems.flatMap((problem, index) => (problem === undefined ? [] : [`edge ${index}: ${problem}`]));
  }

  /** By whoever renews certificates, without a word to us. One file is written before the other: until both fit, all stays. */
  async #renewCertificate(): Promise<void> {
    const { log } = this.#parts;
    try {
      const certificate = readCertificate(this.#applied.edge.tls);
      if (certificate === undefined || certificate.fingerprint === this.#certificate?.fingerprint) return;
      for (const problem of await this.#applyToEdges({ auth: this.#applied.auth, certificate }))
        log.error({ why: problem }, 'the new certificate is refused, the old one stays');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.warn({ why: error.message }, 'the new certificate is refused, the old one stays');
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // Whoever waits for it hears of its failure; those who follow do not.
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
