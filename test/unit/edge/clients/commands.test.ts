import { expect, test } from 'vitest';
import type { OperationOutcome, OperationReply } from '../../../../src/protocol/operations/operations.ts';
import type { ServerMessage } from '../../../../src/protocol/server-messages.ts';
import { agent, fakeEdge, FakeSocket, snapshot } from './fake-edge.ts';

const of = <T extends ServerMessage['type']>(socket: FakeSocket, type: T) =>
  socket.messages.filter((message): message is ServerMessage & { type: T } => message.type === type);
const spawn = (id: number) => ({
  type: 'command',
  id,
  payload: { operation: 'agent.spawn', input: { type: 'coder' } },
});
const settled = () => new Promise((resolve) => setImmediate(resolve));
const reply: OperationReply<'agent.spawn'> = {
  operation: 'agent.spawn',
  source: 'server',
  asked: ['tools/call agent_spawn'],
  took_ms: 3,
  result: { agent_id: 'a' },
};

function live(coding: 'json' | 'msgpack' = 'json') {
  const edge = fakeEdge({}, snapshot([agent(0)]));
  const client = edge.connect(new FakeSocket(coding));
  client.send({ type: 'hello', payload: {} });
  return { ...edge, ...client };
}

test.each(['json', 'msgpack'] as const)('what was done is the ok, in %s', async (coding) => {
  const { send, socket, command } = live(coding);
  command.answer = () => Promise.resolve({ ok: true, reply });
  send(spawn(7));
  await settled();
  expect(command.orders).toMatchObject([
    { operation: 'agent.spawn', input: { type: 'coder' }, actor: { role: 'viewer', via: 'socket' } },
  ]);
  expect(of(socket, 'ok').at(-1)?.payload).toEqual({ id: 7, of: 'command', payload: reply });
});

test('a refusal is the error, with its code and when to come back', async () => {
  const { send, socket, command } = live();
  const failure = { code: 'rate_limited', message: 'too many', retry_after_ms: 500 } as const;
  command.answer = () => Promise.resolve({ ok: false, failure });
  send(spawn(7));
  await settled();
  expect(of(socket, 'error').at(-1)?.payload).toEqual({ id: 7, ...failure });
});

test('a hub that is gone leaves the outcome unknown', async () => {
  const { send, socket, command } = live();
  command.answer = () => Promise.reject(new Error('the feed between hub and edge is closed'));
  send(spawn(7));
  await settled();
  expect(of(socket, 'error').at(-1)?.payload).toMatchObject({ id: 7, code: 'outcome_unknown' });
});

test('at most 16 wait; answers make room', async () => {
  const { send, socket, command } = live();
  const answers: ((outcome: OperationOutcome) => void)[] = [];
  command.answer = () => new Promise((resolve) => answers.push(resolve));
  for (let id = 1; id <= 17; id++) send(spawn(id));
  expect(command.orders).toHaveLength(16);
  expect(of(socket, 'error').at(-1)?.payload).toMatchObject({ id: 17, code: 'rate_limited', retry_after_ms: 1_000 });
  for (const answer of answers) answer({ ok: true, reply });
  await settled();
  send(spawn(18));
  expect(command.orders).toHaveLength(17);
});

test('a client that is gone is told nothing', async () => {
  const { send, session, socket, command } = live();
  let answer: ((outcome: OperationOutcome) => void) | undefined;
  command.answer = () => new Promise((resolve) => (answer = resolve));
  send(spawn(1));
  session.lost();
  const before = socket.messages.length;
  answer?.({ ok: true, reply });
  await settled();
  expect(socket.messages).toHaveLength(before);
});

test.each([
  [{ type: 'command', id: 1 }, 'bad_payload'],
  [{ type: 'command', id: 1, payload: { operation: 5 } }, 'bad_payload'],
  [{ type: 'command', id: 1, payload: { operation: 'agent.spawn', input: [] } }, 'bad_payload'],
  [{ type: 'command', id: 1, payload: { operation: 'x'.repeat(65) } }, 'bad_payload'],
  [{ type: 'command', id: 1, payload: { operation: 'agent.spawn', inptu: {} } }, 'bad_payload'],
])('%j never reaches the hub', (message, code) => {
  const { send, socket, command } = live();
  send(message);
  expect(of(socket, 'error').at(-1)?.payload).toMatchObject({ id: 1, code });
  expect(command.orders).toEqual([]);
});
