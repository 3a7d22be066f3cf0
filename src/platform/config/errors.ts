import { SwarmcastError } from '../errors.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Dotted path of the key, e.g. `server.port`. */
  key: string;
  /** Where the value came from: a file, an environment name, a flag. */
  source: string;
  /** What is wrong, the value (secrets masked) and what is allowed. */
  message: string;
}

/** The configuration is refused whole; {@link problems} lists everything that is wrong with it. Exit code 2. */
export class ConfigError extends SwarmcastError {
  override name = 'ConfigError';
  readonly reason = 'bad_config';
  // Nothing changes until somebody edits it.
  readonly retryable = false;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map((problem) => `${problem.key} (${problem.source}): ${problem.message}`).join('\n'), options);
    this.problems = problems;
  }
}
