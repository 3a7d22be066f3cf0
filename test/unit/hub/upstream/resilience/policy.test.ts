import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, OverloadedError } from '../../../../../src/hub/upstream/errors.ts';
import { fails, policyWith } from './policy-harness.ts';

test('in an emergency nothing is tried a second time, and again once it is over', async () => {
  let emergency = true;
  const { policy, ask } = policyWith({ resilience: { failure_threshold: 100 } }, undefined, () => !emergency);
  let attempts = 0;
  const failing = async (): Promise<never> => {
    attempts += 1;
    return fails();
  };
  await expect(ask(failing, true)).rejects.toThrow('gone');
  expect(attempts).toBe(1);
  emergency = false;
  await expect(ask(failing, true)).rejects.toThrow('gone');
  expect(attempts).toBe(1 + 3);
  expect(policy.stats()).toMatchObject({ requests: 2, attempts: 4, retries: 2 });
});

describe('the circuit', () => {
  test('opens after three failures in a row, refuses at once, lets a few try after 10 s, closes after two successes', async () => {
    const { policy, circuits, time, ask } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    expect(policy.circuit).toMatchObject({ state: 'open', trips_total: 1, recoveries_total: 0 });
    let reached = 0;
    const counted = async (): Promise<void> => {
      reached += 1;
    };
    await expect(ask(counted)).rejects.toMatchObject({ reason: 'circuit_open', retryable: true });
    expect(policy.circuit.retry_at_ms).toBe(policy.circuit.since_ms + 10_000);
    time.ms += 9_999;
    await expect(ask(counted)).rejects.toMatchObject({ reason: 'circuit_open' });
    expect(reached).toBe(0);
    expect(policy.refusesForMs).toBe(1);
    time.ms += 1;
    await ask(counted);
    expect(policy.circuit.state).toBe('half_open');
    await ask(counted);
    expect(circuits.map(({ state }) => state)).toEqual(['open', 'half_open', 'closed']);
    expect(policy.circuit).toMatchObject({ trips_total: 1, recoveries_total: 1 });
    expect(circuits.slice(1).some((circuit) => 'retry_at_ms' in circuit)).toBe(false);
    expect(policy.stats()).toMatchObject({ circuitState: 0, refused: 2, successes: 2, failures: 3 });
  });

  test('one failure while half open opens it again for the whole time', async () => {
    const { policy, time, ask } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    time.ms += 10_000;
    await ask();
    await expect(ask(fails)).rejects.toThrow('gone');
    expect(policy.circuit).toMatchObject({ state: 'open', trips_total: 2 });
    expect(policy.refusesForMs).toBe(10_000);
  });

  test('reset by hand: closes at once and counts anew, which is no recovery; waiting ones go on', async () => {
    const { policy, circuits, time, ask } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    policy.reset();
    expect(policy.circuit).toMatchObject({ state: 'closed', trips_total: 1, recoveries_total: 0 });
    expect(policy.refusesForMs).toBe(0);
    expect(policy.stats()).toMatchObject({ circuitState: 0, circuitResets: 1, windowFailures: 0 });
    for (let i = 0; i < 2; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    policy.reset();
    for (let i = 0; i < 2; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    expect(policy.circuit.state).toBe('closed');
    await expect(ask(fails)).rejects.toThrow('gone');
    expect(policy.refusesForMs).toBe(10_000);
    time.ms += 10_000;
    // Two may try while half open; the third waits for what they find.
    let release: (word: string) => void = () => undefined;
    const held = new Promise<string>((resolve) => {
      release = resolve;
    });
    const trying = [ask(() => held), ask(() => held), ask()];
    await expect.poll(() => policy.circuit.state).toBe('half_open');
    policy.reset();
    await expect(trying[2]).resolves.toBe('fine');
    release('late');
    await expect(Promise.all(trying)).resolves.toEqual(['late', 'late', 'fine']);
    expect(circuits.map(({ state }) => state)).toEqual(['open', 'closed', 'open', 'half_open', 'closed']);
    expect(policy.circuit).toMatchObject({ trips_total: 2, recoveries_total: 0 });
  });

  test.each([
    { note: 'above 40 % of five', outcomes: 'xoxox', state: 'open' },
    { note: 'of four only', outcomes: 'xoxo', state: 'closed' },
    { note: 'exactly 40 %', outcomes: 'xoxoo', state: 'closed' },
    { note: 'two in a row are not three', outcomes: 'oooxxoo', state: 'closed' },
  ])('share of failures, $note: $state', async ({ outcomes, state }) => {
    const { policy, ask } = policyWith();
    for (const outcome of outcomes) await ask(outcome === 'x' ? fails : undefined).catch(() => undefined);
    expect(policy.circuit.state).toBe(state);
  });

  test('five requests in 30 s suffice, and older ones do not count', async () => {
    const slow = policyWith();
    for (const outcome of 'xoxox') {
      await slow.ask(outcome === 'x' ? fails : undefined).catch(() => undefined);
      slow.time.ms += 5_000;
    }
    expect(slow.policy.circuit.state).toBe('open');
    const slower = policyWith();
    for (const outcome of 'xoxoxoxoxox') {
      await slower.ask(outcome === 'x' ? fails : undefined).catch(() => undefined);
      slower.time.ms += 8_000;
    }
    expect(slower.policy.circuit.state).toBe('closed');
  });

  test('a wall clock that is set back keeps nothing open', async () => {
    const { policy, time, ask } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    time.wallMs -= 86_400_000;
    time.ms += 10_000;
    await ask();
    expect(policy.circuit.state).toBe('half_open');
  });

  test('callers that give up are no failures; while half open they are no successes', async () => {
    const { policy, time, ask } = policyWith();
    const givenUp = async (): Promise<void> => {
      const stop = new AbortController();
      const request = policy.request(
        { name: 'm', repeat: true, signal: stop.signal },
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted at the socket')));
          }),
      );
      stop.abort(new Error('enough'));
      await expect(request).rejects.toThrow('enough');
    };
    for (let i = 0; i < 10; i += 1) await givenUp();
    expect(policy.circuit.state).toBe('closed');
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    time.ms += 10_000;
    await givenUp();
    await givenUp().catch(() => undefined);
    expect(policy.circuit.state).not.toBe('closed');
    time.ms += 10_000;
    await ask();
    await ask();
    expect(policy.circuit.state).toBe('closed');
  });

  test('half open lets two try at a time, and every one that waits gets an answer', async () => {
    const { time, ask } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(ask(fails)).rejects.toThrow('gone');
    time.ms += 10_000;
    let reached = 0;
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asks = Array.from({ length: 20 }, () =>
      ask(async () => {
        reached += 1;
        await gate;
      }),
    );
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(reached).toBe(2);
    release?.();
    await Promise.all(asks);
    expect(reached).toBe(20);
  });

  test('connecting counts like a request, and is refused like one', async () => {
    const { policy, stop } = policyWith();
    for (let i = 0; i < 3; i += 1) await expect(policy.connect(stop.signal, fails)).rejects.toThrow('gone');
    await expect(policy.connect(stop.signal, async () => 1)).rejects.toMatchObject({ reason: 'circuit_open' });
  });
});

describe('retries', () => {
  test('repeat what is safe to repeat, at most three times in all', async () => {
    const { policy, ask } = policyWith({ resilience: { failure_threshold: 1_000, error_rate: 1 } });
    let attempts = 0;
    const flaky = async (): Promise<string> => {
      attempts += 1;
      if (attempts < 3) throw new ConnectionClosedError('gone');
      return 'third';
    };
    expect(await ask(flaky, true)).toBe('third');
    attempts = Number.NEGATIVE_INFINITY;
    await expect(ask(fails, true)).rejects.toThrow('gone');
    expect(policy.stats()).toMatchObject({
      requests: 2,
      attempts: 6,
      retries: 4,
      retriedSuccesses: 1,
      retriedFailures: 1,
      maxAttemptsReached: 2,
    });
  });

  test.each([
    { note: 'what is not safe to repeat', repeat: false, work: fails },
    {
      note: 'a server that asks for rest',
      repeat: true,
      work: async () => {
        throw new OverloadedError('HTTP 429');
      },
    },
    {
      note: 'our own mistakes',
      repeat: true,
      work: async () => {
        throw new TypeError('x is not a function');
      },
    },
  ])('never repeat $note', async ({ repeat, work }) => {
    const { policy, ask } = policyWith();
    await expect(ask(work, repeat)).rejects.toThrow(/./);
    expect(policy.stats()).toMatchObject({ attempts: 1, retries: 0 });
  });

  test('end with the open circuit', async () => {
    const { policy, ask } = policyWith({ resilience: { retry_attempts: 10 } });
    await expect(ask(fails, true)).rejects.toMatchObject({ reason: 'circuit_open' });
    expect(policy.stats()).toMatchObject({ failures: 3 });
  });

  test('their delay ends when the caller gives up', async () => {
    const { ask, stop } = policyWith({ resilience: { retry_min_ms: 60_000, retry_max_ms: 60_000 } });
    const request = ask(async () => {
      setImmediate(() => stop.abort(new Error('stopping')));
      throw new ConnectionClosedError('gone');
    }, true);
    await expect(request).rejects.toThrow('stopping');
  });
});

describe('limits', () => {
  test('a request without an answer ends at the time limit, also at the socket', async () => {
    const { ask } = policyWith({ upstream: { request_timeout_ms: 20 } });
    let reachedSocket = false;
    const silent = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reachedSocket = true;
          reject(new Error('cancelled'));
        });
      });
    await expect(ask(silent)).rejects.toMatchObject({
      reason: 'request_timeout',
      message: 'no reply to tools/call agent_list within 20 ms',
    });
    expect(reachedSocket).toBe(true);
  });

  test('so many at once, so many waiting, the rest is refused', async () => {
    const { policy, ask } = policyWith({ upstream: { max_in_flight: 2, max_queued: 3 } });
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asks = Array.from({ length: 6 }, () => ask(() => gate).catch((error: unknown) => error));
    expect(policy.stats()).toMatchObject({ inFlight: 2, queued: 3 });
    release?.();
    const results = await Promise.all(asks);
    expect(results.filter((result) => result !== undefined)).toMatchObject([{ reason: 'too_many_requests' }]);
    expect(policy.stats()).toMatchObject({ inFlight: 0, queued: 0, rejected: 1 });
  });

  test('the rate limit makes the eleventh of a burst wait, and is no failure', async () => {
    const { policy, ask } = policyWith({ upstream: { requests_per_second: 100 } });
    const done: number[] = [];
    await Promise.all(Array.from({ length: 12 }, (_, i) => ask(async () => done.push(i))));
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(policy.stats()).toMatchObject({ rateLimited: 2, failures: 0 });
  });
});
