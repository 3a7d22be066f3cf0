// Bugs of one edit each. `search` must be in the file exactly once; `tests` are the ones that must notice.
const health = 'src/hub/upstream/health.ts';
const policy = 'src/hub/upstream/resilience/policy.ts';
const tripRule = 'src/hub/upstream/resilience/trip-rule.ts';
const timer = 'src/hub/upstream/resilience/circuit-timer.ts';
const delays = 'src/hub/upstream/resilience/retry-delays.ts';
const measured = 'src/hub/world/measured.ts';
const merge = 'src/hub/world/merge-facts.ts';
const filter = 'src/edge/views/view-filter.ts';
const ids = 'src/hub/upstream/transports/request-ids.ts';

const healthTests = ['test/unit/hub/upstream/health.test.ts', 'test/property/hub/upstream/health.test.ts'];
const policyTests = ['test/unit/hub/upstream/resilience', 'test/property/hub/upstream/policy.test.ts'];
const worldTests = ['test/unit/hub/world'];
const viewTests = ['test/unit/edge/views'];
const batchTests = ['test/integration/hub/upstream/batching.test.ts', 'test/unit/hub/upstream/gathering.test.ts'];
const idTests = ['test/unit/hub/upstream/request-ids.test.ts'];

export const MUTANTS = [
  {
    file: health,
    bug: 'silence is healthy',
    search: 'ageMs < 0 || ageMs > windowMs',
    replace: 'ageMs < 0',
    tests: healthTests,
  },
  {
    file: health,
    bug: 'a success in the future vouches',
    search: 'ageMs < 0 || ageMs',
    replace: 'ageMs',
    tests: healthTests,
  },
  {
    file: health,
    bug: 'a closed connection is forgotten with time',
    search: "event.kind === 'closed' || (health.closed && event.kind !== 'success')",
    replace: "event.kind === 'closed'",
    tests: healthTests,
  },
  {
    file: health,
    bug: 'one success more than enough before the threshold',
    search: 'failures >= thresholds.unhealthy',
    replace: 'failures > thresholds.unhealthy',
    tests: healthTests,
  },
  {
    file: health,
    bug: 'one success heals all',
    search: 'const before = wasBad ? thresholds.healthy : owed',
    replace: 'const before = wasBad ? 1 : owed',
    tests: healthTests,
  },
  {
    file: health,
    bug: 'never asked is healthy',
    search: "return { state: 'unknown', reason: 'no answer yet' }",
    replace: "return { state: 'healthy', reason: 'no answer yet' }",
    tests: healthTests,
  },
  {
    file: health,
    bug: 'a failure does not end the row of successes',
    search: 'consecutive_successes: 0,\n  };\n}\n\nfunction judge',
    replace: 'consecutive_successes: before.consecutive_successes,\n  };\n}\n\nfunction judge',
    tests: healthTests,
  },
  {
    file: tripRule,
    bug: 'one failure more before the circuit opens',
    search: 'this.#inARow >= failureThreshold()',
    replace: 'this.#inARow > failureThreshold()',
    tests: policyTests,
  },
  {
    file: tripRule,
    bug: 'a success does not end the row of failures',
    search: 'this.#count(this.#successes);\n    this.#inARow = 0;',
    replace: 'this.#count(this.#successes);',
    tests: policyTests,
  },
  {
    file: tripRule,
    bug: 'the share counts before there are enough requests',
    search: 'total >= minimumRequests && ',
    replace: '',
    tests: policyTests,
  },
  {
    file: tripRule,
    bug: 'the window never ends',
    search: 'this.#failures[bucket % BUCKETS] = 0;',
    replace: '',
    tests: policyTests,
  },
  {
    file: timer,
    bug: 'an open circuit never lets anybody try',
    search: 'this.#now() - openedAt >= this.#recoveryMs',
    replace: 'this.#now() - openedAt >= 1_000 * this.#recoveryMs',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'a timeout is not a failure',
    search: 'this.#counts.failures += 1;\n        onFailure?.(error);\n        throw error;',
    replace:
      "this.#counts.failures += 1;\n        onFailure?.(error);\n        if (error instanceof RequestTimeoutError) throw new GivenUp('t');\n        throw error;",
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'one success closes the circuit',
    search: 'calls: resilience.success_threshold',
    replace: 'calls: 1',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'writes are repeated',
    search: '(repeat ? this.#repeated',
    replace: '(repeat || true ? this.#repeated',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'retries go on in an emergency',
    search: ' || !this.#options.mayRetry()',
    replace: '',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'a reset by hand leaves what led to the open circuit',
    search: 'this.#rule.forget();',
    replace: '',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'a reset by hand counts as a recovery',
    search: "this.#enter('closed')",
    replace: "this.#enter('closed', true)",
    tests: policyTests,
  },
  {
    file: 'src/hub/upstream/poller.ts',
    bug: 'details that were spared wait for a whole cadence',
    search: "round === 'spared' ? this.intervalMs : this.#options.timing.slowMs",
    replace: 'this.#options.timing.slowMs',
    tests: ['test/unit/hub/upstream/poller.test.ts'],
  },
  {
    file: policy,
    bug: 'one attempt too many',
    search: 'resilience.retry_attempts - 1',
    replace: 'resilience.retry_attempts',
    tests: policyTests,
  },
  {
    file: policy,
    bug: 'who gave up counts as a failure',
    search: '!(error instanceof GivenUp) || this',
    replace: 'true || this',
    tests: policyTests,
  },
  { file: delays, bug: 'no jitter', search: '(1 - jitter * random())', replace: '', tests: policyTests },
  { file: delays, bug: 'delays do not double', search: '2 ** Math.min(step, 30)', replace: '1', tests: policyTests },
  {
    file: merge,
    bug: 'absent makes unknown',
    search: 'if (value === undefined) continue;\n    const rule',
    replace: 'const rule',
    tests: worldTests,
  },
  {
    file: merge,
    bug: 'null says nothing',
    search: 'parts === undefined || value === null',
    replace: 'parts === undefined',
    tests: worldTests,
  },
  {
    file: merge,
    bug: 'nested facts replace what is known',
    search: 'merged ??= { ...known };',
    replace: 'merged ??= {};',
    tests: worldTests,
  },
  {
    file: 'src/hub/upstream/dialects/field-reading.ts',
    bug: 'texts of events are not screened',
    search: 'const cleaned = screenText(value);',
    replace: 'const cleaned = value;',
    tests: ['test/property/hub/upstream/seed-reading.test.ts'],
  },
  {
    file: measured,
    bug: 'what is no number is measured',
    search: '!Number.isFinite(value)',
    replace: 'false',
    tests: worldTests,
  },
  {
    file: measured,
    bug: 'a number that came back is told',
    search: 'if (Object.is(value, numbers[COUNT + i])) continue;',
    replace: '',
    tests: worldTests,
  },
  {
    file: measured,
    bug: 'all unknown is not told',
    search: 'numbers.fill(Number.NaN, 0, COUNT);',
    replace: '',
    tests: worldTests,
  },
  {
    file: measured,
    bug: 'looks stay as they were',
    search: 'this.#pulseHz = pulseHz;',
    replace: '',
    tests: worldTests,
  },
  {
    file: merge,
    bug: 'invented numbers become reported',
    search: "source === undefined || source === 'reported'",
    replace: 'true',
    tests: worldTests,
  },
  {
    file: filter,
    bug: 'statuses are ignored',
    search: '(agent.statusBit & this.#statuses) === 0',
    replace: 'false',
    tests: viewTests,
  },
  {
    file: filter,
    bug: 'agent types care for case',
    search: 'setOf(filters.agent_types.map((type) => type.toLowerCase()))',
    replace: 'setOf(filters.agent_types)',
    tests: viewTests,
  },
  {
    file: filter,
    bug: 'server ids do not limit swarms',
    search: '(this.#serverIds?.has(swarm.server_id) ?? true) &&',
    replace: '',
    tests: viewTests,
  },
  {
    file: ids,
    bug: 'a reply is delivered twice',
    search: 'this.#forget(id);\n    this.onmessage?.(reply);',
    replace: 'this.onmessage?.(reply);',
    tests: idTests,
  },
  {
    file: 'src/hub/upstream/batch-support.ts',
    bug: 'who is silent at a batch gets another',
    search: "if (this.#trial === 'untried') this.#memory.isUnanswered = true;",
    replace: '',
    tests: batchTests,
  },
  {
    file: 'src/hub/upstream/batch-support.ts',
    bug: 'who refuses a batch gets another',
    search: "this.#trial = 'refused';\n    this.#memory",
    replace: 'this.#memory',
    tests: batchTests,
  },
  {
    file: 'src/hub/upstream/gathering.ts',
    bug: 'calls wait for others that do not come',
    search: 'this.#close(), this.#options.waitMs',
    replace: 'this.#close(), 100 * this.#options.waitMs',
    tests: batchTests,
  },
  {
    file: 'src/hub/upstream/outcome.ts',
    bug: 'an error within a batch is taken for a result',
    search: "if (entry['error'] !== undefined && entry['error'] !== null) {",
    replace: 'if (entry.length > 0) {',
    tests: batchTests,
  },
  {
    file: 'src/hub/upstream/requests.ts',
    bug: 'a lost batch is a failure for each of its calls',
    search: 'if (this.#timeouts === unhealthyThreshold)',
    replace: 'if ((this.#timeouts += calls) >= unhealthyThreshold)',
    tests: batchTests,
  },
];
