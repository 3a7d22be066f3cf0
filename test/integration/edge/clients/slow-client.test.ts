import { afterEach, expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { HandClient, startHandHub } from '../transport/harness.ts';

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).toReversed()) await one();
});

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test('a client that stops reading is skipped and slowed, not cut, and costs bounded memory; it then catches up', async () => {
  const AGENTS = 10_000;
  const hand = await startHandHub({ agents: AGENTS, clients: { heartbeat_interval_ms: 200 } });
  cleanup.push(() => hand.dispose());
  const slow = await HandClient.open(hand.edge.port);
  const quick = await HandClient.open(hand.edge.port);
  cleanup.push(
    () => slow.close(),
    () => quick.close(),
  );
  const store = new StateStore();
  slow.send({ type: 'hello', payload: { mode: 'high_frequency' } });
  quick.send({ type: 'hello', payload: { mode: 'high_frequency' } });
  await Promise.all([slow.next('snapshot'), quick.next('snapshot')]);

  slow.socket.pause();
  let version = 10;
  let frames = 0;
  let mostBuffered = 0;
  // 80 KB a frame: the kernel's megabytes are full soon, and pressure then has to last.
  const deadline = Date.now() + 20_000;
  while (hand.edge.status().metrics['demotions_total'] === 0 && Date.now() < deadline) {
    hand.publish({ version: ++version, agents: { updated: [{ ref: agentRef(0, 0), current_task: `t${version}` }] } });
    hand.post(hand.layout.publish((version % 100) / 4));
    frames++;
    await quick.nextFrame();
    mostBuffered = Math.max(mostBuffered, hand.edge.status().metrics['buffered_bytes'] ?? 0);
    await nextTurn();
  }
  expect(hand.edge.status().metrics['demotions_total']).toBe(1);
  expect(hand.edge.status().metrics['turns_skipped_total']).toBeGreaterThan(0);
  // Frames keep within the soft limit; a small message of state may go over it.
  expect(mostBuffered).toBeLessThan(131_072 + 2_000);
  expect(quick.heard.filter((one) => 'frame' in one).length).toBeGreaterThanOrEqual(frames);
  expect(quick.closed).toBeUndefined();

  slow.socket.resume();
  const changed = await slow.next('mode_changed');
  expect(changed.payload).toEqual({ mode: 'normal', effective_rate_hz: 10, reason: 'slow_client' });
  const beat = await slow.next('heartbeat');
  for (const one of slow.heard) {
    if ('message' in one) store.apply(one.message);
    if ('message' in one && one.message === beat) break;
  }
  expect(beat.payload).toEqual({ state_hash: store.hash(), cursor: store.cursor });
  expect(store.state.agents.get(agentRef(0, 0))?.current_task).toBe(`t${version}`);
  expect(slow.closed).toBeUndefined();
});

test('a stalled reader at 1 Hz is found by its pings, although the kernel takes everything', async () => {
  const hand = await startHandHub({ clients: { ping_interval_ms: 200 } });
  cleanup.push(() => hand.dispose());
  const client = await HandClient.open(hand.edge.port);
  cleanup.push(() => client.close());
  client.send({ type: 'hello', payload: { mode: 'low_frequency' } });
  await client.next('snapshot');
  const metric = (name: string): number => hand.edge.status().metrics[name] ?? 0;
  const step = async (): Promise<void> => {
    // Ten ticks a step: six a second of the client's.
    for (let i = 0; i < 10; i++) hand.post(hand.layout.publish(hand.layout.tick / 1_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await expect.poll(() => metric('pings_total')).toBeGreaterThan(1);
  expect(metric('turns_skipped_total')).toBe(0);

  client.socket.pause();
  const pings = metric('pings_total');
  const deadline = Date.now() + 20_000;
  while (metric('turns_skipped_behind_total') === 0 && Date.now() < deadline) {
    await step();
    expect(metric('buffered_bytes')).toBe(0);
  }
  expect(metric('turns_skipped_behind_total')).toBeGreaterThan(0);
  // One ping is in flight, and perhaps one more that was answered as the reader stopped.
  expect(metric('pings_total') - pings).toBeLessThanOrEqual(2);
  const frames = metric('frames_sent_total');
  for (let i = 0; i < 20; i++) await step();
  expect(metric('frames_sent_total')).toBe(frames);

  client.socket.resume();
  const newest = hand.layout.tick;
  await expect
    .poll(async () => {
      await step();
      return metric('frames_sent_total');
    })
    .toBeGreaterThan(frames);
  let frame = await client.nextFrame();
  while (frame.tick <= newest) frame = await client.nextFrame();
  expect(client.closed).toBeUndefined();
});

test('a stalled reader that acknowledged is found after two seconds of ticks, without pings or backpressure', async () => {
  const hand = await startHandHub({ clients: { ping_interval_ms: 600_000, message_burst: 10_000 } });
  cleanup.push(() => hand.dispose());
  const client = await HandClient.open(hand.edge.port);
  cleanup.push(() => client.close());
  client.send({ type: 'hello', payload: { mode: 'high_frequency' } });
  await client.next('snapshot');
  const metric = (name: string): number => hand.edge.status().metrics[name] ?? 0;
  const step = async (): Promise<void> => {
    hand.post(hand.layout.publish(hand.layout.tick / 1_000));
    await nextTurn();
  };
  const acknowledge = async (): Promise<void> => {
    client.send({ type: 'ack', payload: { tick: (await client.nextFrame()).tick } });
    // Its answer comes after the acknowledgement was taken.
    client.send({ type: 'heartbeat', id: hand.layout.tick });
    await client.next('ok');
  };
  for (let i = 0; i < 300; i++) {
    await step();
    await acknowledge();
  }
  expect(metric('turns_skipped_total')).toBe(0);

  client.socket.pause();
  const frames = metric('frames_sent_total');
  for (let i = 0; i < 300; i++) await step();
  expect(metric('buffered_bytes')).toBe(0);
  expect(metric('pings_total')).toBe(0);
  expect(metric('frames_sent_total') - frames).toBe(121);
  expect(metric('turns_skipped_behind_total')).toBe(179);

  client.socket.resume();
  for (let i = 0; i < 121; i++) await client.nextFrame();
  client.send({ type: 'ack', payload: { tick: hand.layout.tick } });
  client.send({ type: 'heartbeat', id: 'x' });
  await client.next('ok');
  await step();
  expect((await client.nextFrame()).tick).toBe(hand.layout.tick);
});

test('frames that meet a full kernel arrive whole once it drains', async () => {
  const hand = await startHandHub({ agents: 10_000 });
  cleanup.push(() => hand.dispose());
  const client = await HandClient.open(hand.edge.port);
  cleanup.push(() => client.close());
  client.send({ type: 'hello', payload: { mode: 'high_frequency' } });
  await client.next('snapshot');
  for (let round = 0; round < 3; round++) {
    client.socket.pause();
    // Nothing but frames: they leave one by one, each larger than what the library corks.
    for (let i = 0; i < 2_000 && hand.edge.status().metrics['buffered_bytes'] === 0; i++) {
      hand.post(hand.layout.publish(i / 50));
      await nextTurn();
    }
    expect(hand.edge.status().metrics['buffered_bytes']).toBeGreaterThan(0);
    client.socket.resume();
    await expect.poll(() => hand.edge.status().metrics['buffered_bytes']).toBe(0);
    hand.post(hand.layout.publish(7));
    const newest = hand.layout.tick;
    let frame = await client.nextFrame();
    while (frame.tick < newest) frame = await client.nextFrame();
    expect(frame.sections.reduce((count, section) => count + section.count, 0)).toBe(10_000);
    expect(frame.sections[0]?.positions[0]).toBe(7);
  }
  expect(client.closed).toBeUndefined();
});

test('a thousand changes of mode leave the timers as they were, and the right rate', async () => {
  const hand = await startHandHub({ clients: { message_burst: 5_000 } });
  cleanup.push(() => hand.dispose());
  const client = await HandClient.open(hand.edge.port);
  cleanup.push(() => client.close());
  client.send({ type: 'hello', payload: {} });
  await client.next('snapshot');
  const before = timers();
  const modes = ['high_frequency', 'low_frequency', 'on_demand', 'normal'];
  for (let i = 0; i < 1_000; i++) client.send({ type: 'performance_mode', id: i, payload: { mode: modes[i % 4] } });
  for (let answered = 0; answered < 1_000; answered++) await client.next('ok');
  expect(timers()).toBeLessThanOrEqual(before);
  expect(hand.edge.status().clients_by_mode).toEqual({ high_frequency: 0, normal: 1, low_frequency: 0, on_demand: 0 });
  const ticks: number[] = [];
  for (let i = 0; i < 120; i++) {
    hand.post(hand.layout.publish(i));
    await nextTurn();
  }
  for (let i = 0; i < 20; i++) ticks.push((await client.nextFrame()).tick);
  // A busy machine hands several ticks over at once: one gap may be shorter, their mean may not.
  const meanGap = ((ticks.at(-1) ?? 0) - (ticks[0] ?? 0)) / (ticks.length - 1);
  expect(Math.abs(meanGap - 6)).toBeLessThan(0.2);
});
