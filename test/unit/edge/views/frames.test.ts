import { describe, expect, test } from 'vitest';
import { decodeFrame, MAX_FRAME_BYTES, MAX_SECTION_RECORDS } from '../../../../src/protocol/frames.ts';
import type { View } from '../../../../src/edge/views/view.ts';
import { placeOf, Stage } from './stage.ts';

const range = (length: number, from = 0): number[] => Array.from({ length }, (_, n) => from + n);

/** Slots by swarm in the frames that a client with `since` is sent. */
function sent(view: View, since: number): Record<number, number[]> {
  const slots: Record<number, number[]> = {};
  for (const frame of view.frames(since)) {
    for (const section of decodeFrame(frame).sections) (slots[section.swarmRef] ??= []).push(...section.slots);
  }
  return slots;
}

/** One swarm with agents in slots 0 to 3, of which 1 and 3 are busy, at rest since tick 5. */
function settled(): Stage {
  const stage = new Stage();
  stage.swarm(1);
  stage.join(1, range(4), (slot) => (slot % 2 === 1 ? { status: 'busy' } : {}));
  stage.publish(1, { slots: range(4), tick: 5, settled: true });
  stage.tick(5, [1]);
  return stage;
}

describe('position frames', () => {
  test('a whole swarm: header, section, values', () => {
    const stage = new Stage();
    stage.swarm(1);
    stage.join(1, range(3));
    stage.publish(1, { slots: range(3), tick: 7, origin: [10, 0, -4], scale: 1 / 64 });
    stage.tick(7, [1]);
    const [bytes, ...more] = stage.view().frames(-1);
    expect(more).toEqual([]);
    expect(bytes?.byteLength).toBe(16 + 28 + 3 * 8);
    const frame = decodeFrame(bytes as Uint8Array);
    expect(frame).toMatchObject({ kind: 'q16', tick: 7, timeMs: 1_112 });
    expect(frame.sections[0]).toMatchObject({
      swarmRef: 1,
      count: 3,
      flags: 1,
      block: 0,
      slotsRev: 0,
      origin: [10, 0, -4],
      scale: 1 / 64,
    });
    range(3).forEach((slot) =>
      placeOf(slot).forEach((value, axis) =>
        expect(Math.abs((frame.sections[0]?.positions[slot * 3 + axis] ?? Number.NaN) - value)).toBeLessThanOrEqual(
          1 / 128,
        ),
      ),
    );
  });

  test('hidden agents leave no trace; the section of what is shown is full', () => {
    const stage = settled();
    const [frame] = stage.view({ statuses: ['busy'] }).frames(-1);
    expect(decodeFrame(frame as Uint8Array).sections).toMatchObject([{ count: 2, flags: 3 }]);
    expect(sent(stage.view({ statuses: ['busy'] }), -1)).toEqual({ 1: [1, 3] });
  });

  test('a settled swarm is sent once to each client that lacks it', () => {
    const stage = settled();
    const view = stage.view();
    expect(sent(view, -1)).toEqual({ 1: range(4) });
    stage.tick(6);
    expect(sent(view, 5)).toEqual({});
    expect(sent(view, 4)).toEqual({ 1: range(4) });
    expect(sent(view, -1)).toEqual({ 1: range(4) });
  });

  test('an agent that enters a view of a settled swarm brings its position', () => {
    const stage = settled();
    const view = stage.view({ statuses: ['busy'] });
    view.frames(-1);
    stage.tick(6);
    stage.apply({ agents: { updated: [{ ref: [...stage.replica.agents.values()][0]?.ref ?? 0, status: 'busy' }] } });
    expect(sent(view, 5)).toEqual({ 1: [0, 1, 3] });
  });

  test('news of a tick that come after its frames went out are not lost', () => {
    const stage = settled();
    const view = stage.view();
    view.frames(-1);
    stage.tick(9);
    expect(sent(view, 5)).toEqual({});
    // Another worker speaks later of the same tick.
    stage.publish(1, { slots: range(4), tick: 9, settled: true });
    stage.replica.onLayout({ kind: 'tick', tick: 9, time_ms: 0, moved: [1] });
    stage.tick(10);
    expect(sent(view, 9)).toEqual({ 1: range(4) });
  });

  test('an agent that the publication does not hold yet: sent without it, not full, made good later', () => {
    const stage = settled();
    const view = stage.view();
    stage.join(1, [4]);
    const [frame] = view.frames(-1);
    expect(decodeFrame(frame as Uint8Array).sections).toMatchObject([{ count: 4, flags: 2 }]);
    stage.publish(1, { slots: range(5), tick: 6 });
    stage.tick(6, [1]);
    expect(sent(view, 5)).toEqual({ 1: range(5) });
  });

  test('an agent that the replica does not know yet, or no longer, is not sent', () => {
    const stage = settled();
    stage.publish(1, { slots: range(6), tick: 6 });
    stage.tick(6, [1]);
    expect(sent(stage.view(), -1)).toEqual({ 1: range(4) });
    stage.apply({ agents: { removed: [[...stage.replica.agents.values()][2]?.ref ?? 0] } });
    expect(sent(stage.view(), -1)).toEqual({ 1: [0, 1, 3] });
  });

  test('slots dealt anew: nothing until replica and publication speak of the same deal', () => {
    const stage = settled();
    const view = stage.view();
    stage.publish(1, { slots: range(4), tick: 6, slotsRev: 1 });
    stage.tick(6, [1]);
    expect(sent(view, -1)).toEqual({});
    stage.apply({ swarms: { updated: [{ ref: 1, slots_rev: 1 }] } });
    expect(sent(view, 6)).toEqual({ 1: range(4) });
  });

  test('a region that replaces another is read from then on', () => {
    const stage = settled();
    const view = stage.view();
    view.frames(-1);
    stage.region(1, 64);
    stage.tick(6);
    expect(sent(view, 5)).toEqual({});
    stage.publish(1, { slots: range(4), tick: 7 });
    stage.tick(7, [1]);
    expect(sent(view, 6)).toEqual({ 1: range(4) });
    stage.replica.onLayout({ kind: 'region-gone', swarm: 1 });
    expect(sent(view, -1)).toEqual({});
  });

  test('moving and settled swarms together: each client gets what it lacks', () => {
    const stage = settled();
    const view = stage.view();
    stage.swarm(2);
    stage.join(2, range(2));
    view.frames(-1);
    stage.publish(2, { slots: range(2), tick: 8 });
    stage.tick(8, [2]);
    expect(sent(view, 7)).toEqual({ 2: [0, 1] });
    expect(sent(view, -1)).toEqual({ 1: range(4), 2: [0, 1] });
    // Those that lack the same share the same bytes.
    expect(view.frames(6)).toBe(view.frames(7));
  });

  test('what was handed out in a tick stays as it is until the next one, whose frames take its memory again', () => {
    const stage = new Stage({ maxViews: 200 });
    stage.swarm(1);
    stage.join(1, range(1_000), () => ({ type: 'coder' }));
    const publish = (tick: number): void => {
      stage.publish(1, { slots: range(1_000), tick, origin: [tick, 0, 0] });
      stage.tick(tick, [1]);
    };
    const views = range(150).map((n) => stage.view({ agent_types: ['coder', `none${n}`] }));
    publish(6);
    const [first] = views[0]?.frames(-1) ?? [];
    const before = Buffer.from(first as Uint8Array).toString('hex');
    // More than one piece of memory holds.
    const buffers = new Set(views.flatMap((view) => view.frames(-1)).map(({ buffer }) => buffer));
    expect(buffers.size).toBeGreaterThan(1);
    expect(Buffer.from(first as Uint8Array).toString('hex')).toBe(before);

    publish(7);
    const again = new Set(views.flatMap((view) => view.frames(6)).map(({ buffer }) => buffer));
    expect(again.size).toBe(buffers.size);
    expect([...again].every((buffer) => buffers.has(buffer))).toBe(true);
  });

  test.each([{ filtered: false }, { filtered: true }])(
    'a large swarm is split (filtered: $filtered)',
    ({ filtered }) => {
      const stage = new Stage();
      stage.swarm(1);
      const slots = range(40_000);
      stage.join(1, slots, (slot) => (slot % 4 === 0 ? { status: 'busy' } : {}));
      stage.publish(1, { slots, tick: 1 });
      stage.tick(1, [1]);
      const view = stage.view(filtered ? { statuses: ['idle'] } : {});
      const frames = view.frames(-1);
      for (const frame of frames) expect(frame.byteLength).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      const sections = frames.flatMap((frame) => decodeFrame(frame).sections);
      for (const { count, flags } of sections) {
        expect(count).toBeLessThanOrEqual(MAX_SECTION_RECORDS);
        expect(flags).toBe(0);
      }
      expect(sections.flatMap((section) => [...section.slots])).toEqual(
        slots.filter((slot) => !filtered || slot % 4 !== 0),
      );
    },
  );

  test.each([{ filtered: false }, { filtered: true }])(
    'slots above 65,535 go by blocks (filtered: $filtered)',
    ({ filtered }) => {
      const stage = new Stage();
      stage.swarm(1);
      const slots = [0, 5, 65_535, 65_536, 65_541, 200_000];
      stage.join(1, slots, (slot) => (slot === 5 ? { status: 'busy' } : {}));
      stage.publish(1, { slots, tick: 1 });
      stage.tick(1, [1]);
      const view = stage.view(filtered ? { statuses: ['idle'] } : {});
      const [frame] = view.frames(-1);
      const { sections } = decodeFrame(frame as Uint8Array);
      expect(sections.map(({ block }) => block)).toEqual([0, 1, 3]);
      expect(sections.every(({ flags }) => flags === 1)).toBe(true);
      expect(sent(view, -1)).toEqual({ 1: slots.filter((slot) => !filtered || slot !== 5) });
    },
  );

  test('f32: whole slots, exact values', () => {
    const stage = settled();
    const [frame] = stage.view({ statuses: ['busy'] }, 'f32').frames(-1);
    expect(frame?.byteLength).toBe(16 + 28 + 2 * 16);
    const [section] = decodeFrame(frame as Uint8Array).sections;
    expect([...(section?.positions ?? [])]).toEqual([...placeOf(1), ...placeOf(3)].map((value) => Math.fround(value)));
  });

  test.each(['f32', 'raw28'] as const)(
    '%s: asks the layout for its records, which come with the next publication',
    (format) => {
      const stage = new Stage();
      stage.swarm(1);
      stage.join(1, [0, 1]);
      const view = stage.view({}, format);
      stage.publish(1, { slots: [0, 1], tick: 1, short: true });
      stage.tick(1, [1]);
      expect(view.frames(-1)).toEqual([]);
      // Nobody else asked: a view of q16 needs none of it.
      expect(stage.wantedUntil(1)).toBeGreaterThan(1);
      stage.publish(1, { slots: [0, 1], tick: 2 });
      stage.tick(2, [1]);
      expect(view.frames(1)).toHaveLength(1);
    },
  );

  test('q16: short publications suffice, and nobody asks for more', () => {
    const stage = new Stage();
    stage.swarm(1);
    stage.join(1, [0, 1]);
    stage.publish(1, { slots: [0, 1], tick: 1, short: true });
    stage.tick(1, [1]);
    expect(sent(stage.view(), -1)).toEqual({ 1: [0, 1] });
    expect(stage.wantedUntil(1)).toBe(0);
  });

  test('raw28: ref, position, velocity, no header', () => {
    const stage = settled();
    const [frame] = stage.view({ statuses: ['busy'] }, 'raw28').frames(-1);
    const data = new DataView((frame as Uint8Array).buffer, frame?.byteOffset, frame?.byteLength);
    expect(data.byteLength).toBe(2 * 28);
    [1, 3].forEach((slot, n) => {
      expect(data.getUint32(n * 28, true)).toBe(0x8000_0000 + slot);
      placeOf(slot).forEach((value, axis) => {
        expect(data.getFloat32(n * 28 + 4 + axis * 4, true)).toBe(Math.fround(value));
        expect(data.getFloat32(n * 28 + 16 + axis * 4, true)).toBe(Math.fround(-value));
      });
    });
  });

  test('none, and include_positions: false', () => {
    const stage = settled();
    expect(stage.view({}, 'none').frames(-1)).toEqual([]);
    expect(stage.view({ include_positions: false }).frames(-1)).toEqual([]);
  });

  test('a new epoch counts ticks anew and sends everything again', () => {
    const stage = settled();
    const view = stage.view();
    stage.tick(500);
    view.frames(-1);
    const { agents, swarms } = stage.replica;
    stage.replica.reset({
      ...stage.emptyWorld('f'),
      swarms: [...swarms.values()].map(({ record }) => record),
      agents: [...agents.values()].map(({ record }) => record),
    });
    stage.tick(3);
    expect(stage.replica.tick).toBe(3);
    expect(sent(view, -1)).toEqual({ 1: range(4) });
    expect(sent(view, 3)).toEqual({});
  });
});
