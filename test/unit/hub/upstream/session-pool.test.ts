import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SessionPool } from '../../../../src/hub/upstream/session-pool.ts';
import type { Session } from '../../../../src/hub/upstream/session.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sessions that only know their name and whether they were closed. */
function stage(limits: { min?: number; max?: number; fail?: boolean } = {}) {
  const sessions: { session: Session; closed: boolean; end: () => void }[] = [];
  const make = (end: () => void): Session => {
    const entry = { closed: false, end, session: {} as Session };
    entry.session = {
      close: async () => {
        entry.closed = true;
      },
    } as unknown as Session;
    sessions.push(entry);
    return entry.session;
  };
  const leads: Session[] = [];
  let failures = 0;
  const pool = new SessionPool({
    lead: make(() => undefined),
    min: limits.min ?? 1,
    max: () => limits.max ?? 3,
    idleMs: 500,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    open: async (onClosed) => {
      if (limits.fail === true) throw new Error('refused');
      return make(onClosed);
    },
    onLeadChanged: () => leads.push(...sessions.flatMap(({ session }) => (pool.leads(session) ? [session] : []))),
    onOpenFailed: () => {
      failures += 1;
    },
  });
  return { pool, sessions, leads, failures: () => failures };
}

/** Starts `count` uses; the result ends them. */
async function occupy(pool: SessionPool, count: number): Promise<{ used: Session[]; release: () => Promise<void> }> {
  const used: Session[] = [];
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const uses: Promise<void>[] = [];
  for (let i = 0; i < count; i += 1) {
    uses.push(
      pool.use('any', async (session) => {
        used.push(session);
        await gate;
      }),
    );
    await vi.advanceTimersByTimeAsync(0);
  }
  return {
    used,
    release: async () => {
      open?.();
      await Promise.all(uses);
    },
  };
}

test('one connection carries little; more are opened while all are busy, never above the limit', async () => {
  const { pool, sessions } = stage({ max: 3 });
  const few = await occupy(pool, 8);
  expect(pool.stats()).toMatchObject({ poolConnections: 1, poolActive: 1 });
  const many = await occupy(pool, 100);
  expect(pool.stats()).toMatchObject({ poolConnections: 3, poolActive: 3, poolIdle: 0, poolMax: 3, poolOpened: 2 });
  const shares = sessions.map(({ session }) => [...few.used, ...many.used].filter((one) => one === session).length);
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(10);
  await few.release();
  await many.release();
  await pool[Symbol.asyncDispose]();
  expect(sessions.every(({ closed }) => closed)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('idle connections above the minimum are closed, the lead never', async () => {
  const { pool, sessions } = stage({ min: 2, max: 4 });
  const busy = await occupy(pool, 60);
  expect(pool.stats().poolConnections).toBe(4);
  await busy.release();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(pool.stats()).toMatchObject({ poolConnections: 2, poolIdleClosed: 2 });
  expect(sessions[0]?.closed).toBe(false);
  await pool[Symbol.asyncDispose]();
});

test('connections that are kept take turns, those beyond are left to become idle', async () => {
  const { pool, sessions } = stage({ min: 2, max: 3 });
  await vi.advanceTimersByTimeAsync(1_000);
  const busy = await occupy(pool, 30);
  await busy.release();
  expect(pool.stats().poolConnections).toBe(3);
  const used: Session[] = [];
  for (let i = 0; i < 6; i += 1) await pool.use('any', async (session) => used.push(session));
  expect(sessions.map(({ session }) => used.filter((one) => one === session).length)).toEqual([3, 3, 0]);
  await pool[Symbol.asyncDispose]();
});

test('a broken connection is replaced; a broken lead is followed by another', async () => {
  const { pool, sessions, leads } = stage({ min: 2 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(pool.stats().poolConnections).toBe(2);
  const [first, second] = sessions;
  if (first === undefined || second === undefined) throw new Error('two were opened');
  expect(pool.lose(first.session)).toBe(true);
  expect(leads).toEqual([second.session]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(pool.stats()).toMatchObject({ poolConnections: 2, poolBroken: 1 });
  sessions[2]?.end();
  expect(pool.stats().poolConnections).toBe(1);
  expect(pool.lose(second.session)).toBe(false);
  await expect(pool.use('any', async () => 1)).rejects.toMatchObject({ reason: 'not_connected' });
  await pool[Symbol.asyncDispose]();
});

test('a server that takes no second connection costs nothing but a try a second', async () => {
  const { pool, failures } = stage({ min: 3, fail: true });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(pool.stats().poolConnections).toBe(1);
  expect(failures()).toBeGreaterThan(5);
  expect(failures()).toBeLessThanOrEqual(20);
  const busy = await occupy(pool, 100);
  expect(failures()).toBeLessThanOrEqual(21);
  await busy.release();
  expect(await pool.use('any', async () => 'works')).toBe('works');
  await pool[Symbol.asyncDispose]();
});
