import { describe, expect, test } from 'vitest';
import { agent, fakeEdge, snapshot } from './fake-edge.ts';
import { expectConsecutive, expectWhole, frameTicks, Story, told, watch, watchMany } from './watched-client.ts';

const three = () => snapshot([agent(0), agent(1), agent(2)]);

describe('who shares turns', () => {
  test('clients of one view do, whenever they came', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = Array.from({ length: 4 }, () => {
      story.go(3);
      return watch(edge);
    });
    story.go(2);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, 4]);
    story.go(100);
    for (const client of clients) {
      expectWhole(edge, client, story);
      expectConsecutive(told(client));
      expectConsecutive(frameTicks(client));
    }
  });

  test('also those who come to a phase in which others, who have left, stood before them', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const lone = watch(edge, { mode: 'high_frequency', filters: { include_neural: false } });
    const clients = watchMany(edge, 3);
    story.go(2);
    clients[1]?.send({ type: 'request_update' });
    lone.session.lost();
    story.go(3);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([1, 3]);
  });

  test('only those of one view, mode, coding and format, and none on demand or in a view of its own', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const groups = [{}, { include_neural: false }].flatMap((filters) =>
      (['json', 'msgpack'] as const).flatMap((coding) =>
        (['high_frequency', 'normal'] as const).flatMap((mode) =>
          (['q16', 'f32'] as const).map((positions) =>
            Array.from({ length: 2 }, () => watch(edge, { filters, mode, positions }, { coding })),
          ),
        ),
      ),
    );
    watch(edge, { mode: 'high_frequency', filters: { include_performance: false } });
    for (let i = 0; i < 2; i++) watch(edge, { mode: 'on_demand' });
    story.go(60);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([groups.length, 2 * groups.length]);
    expect(edge.clients.countByMode()).toEqual({ high_frequency: 17, normal: 16, low_frequency: 0, on_demand: 2 });
    const newest = groups.flat().map((client) => told(client).at(-1) ?? 0);
    expect(Math.min(...newest)).toBeGreaterThan(story.newest - 6);
    for (const [client] of groups) if (client?.session.mode === 'high_frequency') expectWhole(edge, client, story);
  });

  test('who shares its mode with nobody has turns of its own', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    watch(edge);
    story.go(10);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([0, 0]);
  });

  test('sixty-four at most: more are several cohorts', () => {
    const edge = fakeEdge({}, three());
    const story = new Story(edge);
    const clients = watchMany(edge, 150);
    story.go(60);
    expect([edge.clients.cohorts, edge.clients.cohortMembers()]).toEqual([3, 150]);
    for (const client of clients) {
      expectWhole(edge, client, story);
      expectConsecutive(told(client));
      expectConsecutive(frameTicks(client));
    }
  });

  test('nobody while the view shows more than two thousand agents', () => {
    const edge = fakeEdge({}, snapshot(Array.from({ length: 2_001 }, (_, i) => agent(i))));
    const story = new Story(edge);
    const clients = watchMany(edge, 3);
    story.go(20);
    expect(edge.clients.cohortMembers()).toBe(0);
    edge.apply({ agents: { removed: [agent(2_000).ref] } });
    story.go(5);
    expect(edge.clients.cohortMembers()).toBe(3);
    for (const client of clients) expectWhole(edge, client, story);
  });
});
