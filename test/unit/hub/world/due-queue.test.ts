import { expect, test } from 'vitest';
import { DueQueue } from '../../../../src/hub/world/due-queue.ts';

const item = (name: string) => ({ name, queuedMs: Infinity });

test('hands items out in order of time, and only when due', () => {
  const queue = new DueQueue<ReturnType<typeof item>>();
  const items = [5, 1, 4, 2, 3].map((due) => ({ due, ...item(String(due)) }));
  for (const each of items) queue.schedule(each, each.due);
  const taken: string[] = [];
  for (let next = queue.take(3); next !== undefined; next = queue.take(3)) taken.push(next.name);
  expect(taken).toEqual(['1', '2', '3']);
  expect(queue.size).toBe(2);
  expect(queue.first()?.name).toBe('4');
});

test('a later time changes nothing, an earlier one moves the item', () => {
  const queue = new DueQueue<ReturnType<typeof item>>();
  const [a, b] = [item('a'), item('b')];
  queue.schedule(a, 10);
  queue.schedule(b, 20);
  queue.schedule(a, 30);
  queue.schedule(b, 5);
  expect(queue.take(100)).toBe(b);
  expect(queue.take(100)).toBe(a);
  expect(queue.take(100)).toBeUndefined();
  expect(queue.size).toBe(0);
});

test('what is forgotten does not come out, and leaves no entries', () => {
  const queue = new DueQueue<ReturnType<typeof item>>();
  const items = Array.from({ length: 100 }, (_, i) => item(String(i)));
  items.forEach((each, i) => queue.schedule(each, i));
  for (const each of items.slice(0, 99)) queue.forget(each);
  expect(queue.size).toBeLessThanOrEqual(2);
  expect(queue.take(1_000)?.name).toBe('99');
  for (const each of items) queue.forget(each);
  expect(queue.size).toBe(0);
});

test('an item that was taken can be scheduled again', () => {
  const queue = new DueQueue<ReturnType<typeof item>>();
  const a = item('a');
  queue.schedule(a, 1);
  expect(queue.take(1)).toBe(a);
  queue.schedule(a, 2);
  expect(queue.take(1)).toBeUndefined();
  expect(queue.take(2)).toBe(a);
});

test('moving the only item earlier leaves no entry behind', () => {
  const queue = new DueQueue<ReturnType<typeof item>>();
  const a = item('a');
  queue.schedule(a, 30);
  queue.schedule(a, 20);
  queue.schedule(a, 10);
  expect(queue.size).toBeLessThanOrEqual(2);
  queue.forget(a);
  expect(queue.size).toBe(0);
});
