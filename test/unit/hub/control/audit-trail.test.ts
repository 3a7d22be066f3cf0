import { describe, expect, test } from 'vitest';
import { AuditTrail } from '../../../../src/hub/control/audit-trail.ts';
import type { AuditEntry, AuditRecord } from '../../../../src/model/audit.ts';
import { createLogger } from '../../../../src/platform/telemetry/log.ts';

const done = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  subject: 'ann',
  role: 'operator',
  via: 'http',
  operation: 'agent.spawn',
  kind: 'write',
  target: {},
  outcome: 'ok',
  took_ms: 1,
  ...more,
});
const stranger = done({ subject: 'unknown', role: null, outcome: 'unknown_key' });

async function setup({ capacity = 5, life = 36 } = {}) {
  const written: AuditRecord[] = [];
  const said: string[] = [];
  const state = { nowMs: life, isFull: false };
  const destination = { write: (line: string) => void said.push(line) };
  const trail = new AuditTrail({
    capacity,
    writer: {
      write(record) {
        if (state.isFull) throw new Error('ENOSPC: no space left on device');
        written.push(record);
      },
    },
    log: await createLogger({ level: 'info', levels: [], format: 'json', part: 'test', destination }),
    clock: { now: () => state.nowMs, monotonic: () => state.nowMs },
  });
  const read = (after?: { life: string; seq: number }, limit = 100) => trail.page({ after, limit });
  return { trail, written, said, state, read };
}
const seqs = ({ entries }: { entries: AuditRecord[] }) => entries.map(({ seq }) => seq);

describe('what is held', () => {
  test('the newest come first; what follows a place is told once, in order', async () => {
    const { trail, read, written } = await setup();
    for (let n = 0; n < 4; n++) trail.note(done());
    const newest = read(undefined, 2);
    expect(seqs(newest)).toEqual([3, 4]);
    expect(newest).toMatchObject({ gap: false, next: { life: '10', seq: 4 } });
    trail.note(done());
    const more = read(newest.next);
    expect(seqs(more)).toEqual([5]);
    expect(seqs(read(more.next))).toEqual([]);
    expect(seqs(read({ life: '10', seq: 0 }, 2))).toEqual([1, 2]);
    expect(seqs(read({ life: '10', seq: 2 }, 2))).toEqual([3, 4]);
    expect(written.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  test('is bounded, and whoever comes too late is told of the gap', async () => {
    const { trail, read } = await setup({ capacity: 3 });
    for (let n = 0; n < 5; n++) trail.note(done());
    expect(trail.stats()).toMatchObject({ entries_total: 5, held: 3, held_limit: 3 });
    expect(seqs(read({ life: '10', seq: 1 }))).toEqual([3, 4, 5]);
    expect(read({ life: '10', seq: 1 }).gap).toBe(true);
    expect(read({ life: '10', seq: 2 }).gap).toBe(false);
  });

  test('a place of another life, or none yet, begins anew with a gap', async () => {
    const { trail, read } = await setup();
    trail.note(done());
    for (const place of [
      { life: 'other', seq: 1 },
      { life: '10', seq: 9 },
    ]) {
      expect(read(place)).toMatchObject({ gap: true, next: { life: '10', seq: 1 } });
      expect(seqs(read(place))).toEqual([1]);
    }
  });

  test('without what only reads; the place moves past it all the same', async () => {
    const { trail } = await setup();
    trail.note(done());
    trail.note(done({ kind: 'read' }));
    const page = trail.page({ after: { life: '10', seq: 0 }, limit: 5, kind: 'write' });
    expect(seqs(page)).toEqual([1]);
    expect(page.next.seq).toBe(2);
  });

  test('text is cleaned and shortened', async () => {
    const { trail, read } = await setup();
    trail.note(done({ operation: `x\u001B[31m${'y'.repeat(100)}`, message: `a\nb${'c'.repeat(1_000)}` }));
    const [entry] = read().entries;
    expect(entry?.operation).toMatch(/^x\[31my{58,59}$/);
    expect(entry?.message).toMatch(/^abc{500,510}$/);
  });
});

describe('refusals', () => {
  test('of strangers are written to a rate; the rest is counted and told with the next entry', async () => {
    const { trail, written, state } = await setup({ capacity: 1_000 });
    for (let n = 0; n < 150; n++) trail.note(stranger);
    expect(written).toHaveLength(100);
    trail.note(done());
    expect(written.at(-1)).toMatchObject({ outcome: 'ok', left_out: 50 });
    expect(trail.stats().refusals_left_out_total).toBe(50);
    state.nowMs += 1_000;
    trail.note(stranger);
    expect(written.at(-1)).not.toHaveProperty('left_out');
    expect(written).toHaveLength(102);
  });

  test('what was done, or failed at a server, is never left out', async () => {
    const { trail, written } = await setup({ capacity: 10 });
    for (let n = 0; n < 300; n++) trail.note(n % 2 === 0 ? done() : done({ outcome: 'refused_by_server' }));
    expect(written).toHaveLength(300);
  });
});

test('an entry that cannot be written is held, counted, and told whole by the log', async () => {
  const { trail, written, said, state, read } = await setup();
  state.isFull = true;
  trail.note(done({ subject: 'eve' }));
  expect(read()).toMatchObject({ unwritten: 1, entries: [{ subject: 'eve' }] });
  expect(trail.stats().unwritten_total).toBe(1);
  expect(said.join('')).toMatch(/"level":50.*ENOSPC.*"subject":"eve".*could not be written/);
  state.isFull = false;
  trail.note(done());
  expect(written.map(({ seq }) => seq)).toEqual([2]);
});
