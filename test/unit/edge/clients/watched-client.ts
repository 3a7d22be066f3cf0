/** Clients of a fake edge that keep account of all that reaches them, and a world whose changes are numbered. */
import { expect } from 'vitest';
import { StateStore } from '../../../../src/client/state-store.ts';
import type { SendResult } from '../../../../src/edge/clients/client-socket.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import type { Verdict } from '../../../../src/platform/auth/identity.ts';
import { DEFAULT_FILTERS } from '../../../../src/protocol/filters.ts';
import { decodeFrame } from '../../../../src/protocol/frames.ts';
import { FakeSocket, SERVER, server, type FakeClient, type FakeEdge } from './fake-edge.ts';

export class CountingSocket extends FakeSocket {
  frameCount = 0;
  frameBytes = 0;
  messageCount = 0;
  messageBytes = 0;
  /** What left in each cork. */
  readonly pieces: string[][] = [];
  /** Sends that are still accepted; those after are not. */
  accepts = Number.POSITIVE_INFINITY;
  /** Called before each send. */
  onSend: () => void = () => undefined;

  override send(message: string | Uint8Array, isBinary: boolean): SendResult {
    this.onSend();
    if (this.accepts <= 0) return 'dropped';
    this.accepts--;
    const frames = this.frames.length;
    const result = super.send(message, isBinary);
    if (result === 'dropped') return result;
    if (this.frames.length > frames) {
      this.frameCount++;
      this.frameBytes += message.length;
    } else {
      this.messageCount++;
      this.messageBytes += message.length;
    }
    return result;
  }

  override cork(run: () => void): void {
    const from = this.log.length;
    super.cork(run);
    this.pieces.push(this.log.slice(from));
  }

  get bytes(): number {
    return this.frameBytes + this.messageBytes;
  }
}

export interface Watched extends FakeClient {
  socket: CountingSocket;
}

/** A client that has said hello. */
export function watch(
  edge: FakeEdge,
  payload: object = { mode: 'high_frequency' },
  how: { coding?: 'json' | 'msgpack'; verdict?: Verdict } = {},
): Watched {
  const socket = new CountingSocket(how.coding);
  const client = { ...edge.connect(socket, how.verdict), socket };
  client.send({ type: 'hello', payload });
  return client;
}

export const watchMany = (edge: FakeEdge, count: number, payload?: object): Watched[] =>
  Array.from({ length: count }, () => watch(edge, payload));

/** Changes of the world, numbered from 1 on: each is what agent 0 works on, every tenth also what agent 1 does. */
export class Story {
  newest = 0;
  readonly #edge: FakeEdge;
  #isDown = false;

  constructor(edge: FakeEdge) {
    this.#edge = edge;
    edge.moveAll();
  }

  /** One change, and then a tick, so many times. `each`: after every tick. */
  go(ticks: number, each: () => void = () => undefined): void {
    for (let i = 0; i < ticks; i++) {
      this.change();
      this.#edge.tick();
      each();
    }
  }

  change(extra: object = {}): void {
    const updated = [{ ref: agentRef(0, 0), current_task: `t${++this.newest}`, ...extra }];
    if (this.newest % 10 === 0) updated.push({ ref: agentRef(0, 1), current_task: `t${this.newest}` });
    this.#edge.apply({ agents: { updated } });
  }

  /** The server goes down or up. */
  turnHealth(): void {
    this.#isDown = !this.#isDown;
    const { health } = server(this.#isDown ? 'down' : 'healthy');
    this.#edge.apply({ servers: { updated: [{ ref: SERVER, health }] } });
  }
}

/** Numbers of the story, as a client was told of them. */
export function told({ socket }: Watched, ref = agentRef(0, 0)): number[] {
  const numbers: number[] = [];
  for (const message of socket.messages) {
    if (message.type !== 'agent_update' && message.type !== 'snapshot') continue;
    const { payload } = message;
    const agents = 'updated' in payload ? payload.updated : payload.agents;
    for (const { ref: of, current_task: task } of agents)
      if (of === ref && typeof task === 'string') numbers.push(Number(task.slice(1)));
  }
  return numbers;
}

export const frameTicks = ({ socket }: Watched): number[] => socket.frames.map((frame) => decodeFrame(frame).tick);

/** From the first to the last, each once. */
export function expectConsecutive(numbers: readonly number[]): void {
  const [first = Number.NaN] = numbers;
  expect(numbers).toEqual(numbers.map((_, i) => first + i));
}

/**
 * It holds what the world is now, and what every heartbeat said it should; nothing came twice or after something newer.
 * `again`: it asked for a snapshot, which repeats.
 */
export function expectWhole(edge: FakeEdge, client: Watched, story: Story, again = false): void {
  const store = new StateStore();
  for (const message of client.socket.messages) {
    store.apply(message);
    if (message.type === 'heartbeat') expect(store.hash()).toBe(message.payload.state_hash);
  }
  expect(new Set(store.state.agents.keys())).toEqual(
    new Set([...edge.replica.agents.values()].map(({ record }) => record.ref)),
  );
  const view = edge.views.acquire(DEFAULT_FILTERS, 'json', 'q16');
  expect(store.hash()).toBe(view.stateHash());
  edge.views.release(view);
  const numbers = told(client);
  expect(numbers.at(-1)).toBe(story.newest);
  numbers.slice(1).forEach((number, i) => {
    if (again) expect(number).toBeGreaterThanOrEqual(numbers[i] ?? 0);
    else expect(number).toBeGreaterThan(numbers[i] ?? 0);
  });
  // What changed once is told once.
  const rare = told(client, agentRef(0, 1));
  if (!again) expect(rare).toEqual([...new Set(rare)]);
  const ticks = frameTicks(client);
  expect(ticks.at(-1)).toBe(edge.replica.tick);
  ticks.slice(1).forEach((tick, i) => {
    if (again) expect(tick).toBeGreaterThanOrEqual(ticks[i] ?? 0);
    else expect(tick).toBeGreaterThan(ticks[i] ?? 0);
  });
}
