import { afterEach, expect, test } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import { HandClient, startHandHub } from './harness.ts';

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).toReversed()) await one();
});

const AGENTS = 2_000;

/** A snapshot of {@link AGENTS} agents, as this client gets it. */
async function join(compressFromBytes: number, offers: boolean, subprotocol = 'swarmcast.v1.json') {
  const hand = await startHandHub({ agents: AGENTS, clients: { compress_from_bytes: compressFromBytes } });
  cleanup.push(() => hand.dispose());
  const client = await HandClient.open(hand.edge.port, [subprotocol], { perMessageDeflate: offers });
  cleanup.push(() => client.close());
  client.send({ type: 'hello', payload: { positions: 'none' } });
  const store = new StateStore();
  let bytes = 0;
  for (let last = false; !last;) last = (await client.next('snapshot')).payload.last;
  for (const one of client.heard) if ('message' in one) store.apply(one.message);
  bytes = (client.socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead;
  client.send({ type: 'resync', id: 'r' });
  const { payload } = await client.next('ok');
  expect(payload.payload['state_hash']).toBe(store.hash());
  expect(store.state.agents.size).toBe(AGENTS);
  return bytes;
}

test('large JSON messages are compressed for clients that offer it, where it is switched on', async () => {
  const plain = await join(0, true);
  expect(await join(8_192, false)).toBe(plain);
  expect(await join(8_192, true)).toBeLessThan(plain / 5);
});

test('msgpack is not compressed: it is for machines nearby', async () => {
  const plain = await join(0, true, 'swarmcast.v1.msgpack');
  expect(await join(8_192, true, 'swarmcast.v1.msgpack')).toBeGreaterThan(plain * 0.95);
});
