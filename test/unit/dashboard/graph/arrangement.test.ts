import { describe, expect, test } from 'vitest';
import { arrange, roomFor } from '../../../../src/dashboard/graph/arrangement.ts';

const rooms = (counts: Record<string, number[]>) => {
  let ref = 0;
  return Object.entries(counts).flatMap(([server, radii]) => radii.map((room) => ({ ref: ref++, server, room })));
};

describe('arrangement', () => {
  test.each([
    { note: 'three servers of two', input: rooms({ a: [50, 60], b: [50, 50], c: [70, 40] }) },
    { note: 'one server', input: rooms({ a: [50, 60, 200, 30, 30, 30] }) },
    { note: 'many', input: rooms({ a: Array(40).fill(45), b: [300], c: Array(9).fill(80) }) },
  ])('no swarm over another, each within its server’s area: $note', ({ input }) => {
    const { swarms, areas } = arrange(input, 1.7);
    const placed = input.map((room) => ({ ...room, at: swarms.get(room.ref) }));
    for (const one of placed) {
      if (one.at === undefined) throw new Error('a swarm has no place');
      expect(one.at.room).toBe(one.room);
      const area = areas.find(({ server }) => server === one.server);
      if (area === undefined) throw new Error('a server has no area');
      expect(one.at.x - one.at.room).toBeGreaterThanOrEqual(area.x - 0.01);
      expect(one.at.x + one.at.room).toBeLessThanOrEqual(area.x + area.width + 0.01);
      expect(one.at.y + one.at.room).toBeLessThanOrEqual(area.y + 0.01);
      expect(one.at.y - one.at.room).toBeGreaterThanOrEqual(area.y - area.height - 0.01);
      for (const other of placed) {
        if (other === one || other.at === undefined) continue;
        const apart = Math.hypot(one.at.x - other.at.x, one.at.y - other.at.y);
        expect(apart).toBeGreaterThanOrEqual(one.at.room + other.at.room - 0.01);
      }
    }
  });

  test('the same input gives the same places, whatever its order; nothing gives nothing', () => {
    const input = rooms({ a: [50, 60], b: [50, 50] });
    expect(arrange(input.toReversed(), 1.5)).toEqual(arrange(input, 1.5));
    expect(arrange([], 1.5).swarms.size).toBe(0);
  });

  test('a little growth stays in the same room, and who has room keeps it until it is too small or far too large', () => {
    expect(roomFor(50)).toBe(roomFor(54));
    expect(roomFor(100)).toBeGreaterThan(100);
    const room = roomFor(100);
    expect(roomFor(room, room)).toBe(room);
    expect(roomFor(room * 0.4, room)).toBe(room);
    expect(roomFor(room * 1.01, room)).toBeGreaterThan(room);
    expect(roomFor(room * 0.3, room)).toBeLessThan(room);
  });
});
