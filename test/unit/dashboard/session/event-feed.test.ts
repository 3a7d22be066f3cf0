import { describe, expect, test } from 'vitest';
import { EventFeed, MAX_EVENTS } from '../../../../src/dashboard/session/event-feed.ts';

const one = (ref: number, key = `s/w/${ref}`) => ({ ref, agent: { key, label: `agent-${ref}` } });
const texts = (feed: EventFeed) => feed.events.map(({ text }) => text);

describe('event feed', () => {
  test('joined and left, newest first, with the agent’s key', () => {
    const feed = new EventFeed();
    feed.changed([one(1)], [], 10, false);
    feed.changed([], [1, 77], 20, false);
    expect(feed.events).toMatchObject([
      { kind: 'left', text: 'agent-1 left', agent: 's/w/1', atMs: 20 },
      { kind: 'joined', text: 'agent-1 joined', agent: 's/w/1', atMs: 10 },
    ]);
  });

  test('what is sent again has not joined again', () => {
    const feed = new EventFeed();
    feed.changed([one(1)], [], 1, false);
    feed.changed([one(1)], [], 2, false);
    expect(feed.events).toHaveLength(1);
  });

  test('many at once are one line', () => {
    const feed = new EventFeed();
    feed.changed(
      Array.from({ length: 50 }, (_, i) => one(i)),
      [],
      1,
      false,
    );
    expect(texts(feed)).toEqual(['50 agents joined']);
  });

  test('what filters show and hide has neither joined nor left', () => {
    const feed = new EventFeed();
    feed.changed([one(1), one(2)], [], 1, true);
    feed.changed([one(3)], [1, 2], 2, true);
    expect(texts(feed)).toEqual(['Filters: 1 more shown, 2 hidden', 'Filters: 2 more shown, 0 hidden']);
  });

  test('a new snapshot is compared by key: refs are others after a restart', () => {
    const feed = new EventFeed();
    feed.replaced([one(1), one(2)], 1, false);
    expect(feed.events).toHaveLength(0);
    feed.replaced([one(11, 's/w/1'), one(13, 's/w/3')], 2, false);
    expect(texts(feed)).toEqual(['agent-13 joined', 'agent-2 left']);
  });

  test(`holds ${MAX_EVENTS} at most, the newest`, () => {
    const feed = new EventFeed();
    for (let i = 0; i < MAX_EVENTS + 50; i++) feed.push('health', `event ${i}`, i);
    expect(feed.events).toHaveLength(MAX_EVENTS);
    expect(feed.events[0]?.text).toBe(`event ${MAX_EVENTS + 49}`);
    expect(new Set(feed.events.map(({ id }) => id)).size).toBe(MAX_EVENTS);
  });
});
