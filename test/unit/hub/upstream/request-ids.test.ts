/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports have callbacks */
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { beforeEach, describe, expect, test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { PipeRequestIds, RequestIds } from '../../../../src/hub/upstream/transports/request-ids.ts';

class FakeTransport implements Transport {
  onmessage?: Transport['onmessage'];
  onclose?: Transport['onclose'];
  onerror?: Transport['onerror'];
  readonly sent: { id: string; method: string; params: Record<string, unknown> }[] = [];
  failing = false;
  async start(): Promise<void> {
    await Promise.resolve();
  }
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.failing) throw new Error('broken pipe');
    this.sent.push(message as unknown as (typeof this.sent)[number]);
    await Promise.resolve();
  }
  async close(): Promise<void> {
    this.onclose?.();
    await Promise.resolve();
  }
  /** A message from the peer. */
  hear(message: unknown): void {
    this.onmessage?.(message as JSONRPCMessage);
  }
}

let inner: FakeTransport;
let ids: RequestIds;
let heard: unknown[];
let pushed: unknown[];
const counters = createCounters();

beforeEach(async () => {
  inner = new FakeTransport();
  heard = [];
  pushed = [];
  Object.assign(counters, createCounters());
  ids = new RequestIds(inner, { counters, onNotification: (message) => pushed.push(message), maxPending: 3 });
  ids.onmessage = (message) => heard.push(message);
  await ids.start();
});

const request = (id: number | string, method = 'tools/call') => ids.send({ jsonrpc: '2.0', id, method, params: {} });

describe('RequestIds', () => {
  test('the wire sees another id, the SDK its own', async () => {
    await request(0);
    const [sent] = inner.sent;
    expect(sent?.id).toMatch(/^[0-9a-f-]{36}$/);
    inner.hear({ jsonrpc: '2.0', id: sent?.id, result: { n: 1 } });
    expect(heard).toEqual([{ jsonrpc: '2.0', id: 0, result: { n: 1 } }]);
    expect(ids.pending).toBe(0);
  });

  test.each([
    { note: "the SDK's own id", id: 0 },
    { note: 'another number', id: 7 },
    { note: 'an unknown text', id: 'guess' },
    { note: 'null', id: null },
    { note: 'none', id: undefined },
    { note: 'an object', id: {} },
  ])('a reply with $note is dropped and counted', async ({ id }) => {
    await request(0);
    inner.hear({ jsonrpc: '2.0', id, result: {} });
    inner.hear({ jsonrpc: '2.0', id, error: { code: 1, message: 'm' } });
    expect(heard).toEqual([]);
    expect(counters.droppedReplies).toBe(2);
    expect(ids.pending).toBe(1);
  });

  test('a duplicate, and a reply that is none, are dropped', async () => {
    await request(0);
    const id = inner.sent[0]?.id;
    inner.hear({ jsonrpc: '2.0', id });
    inner.hear({ jsonrpc: '2.0', id, result: {} });
    inner.hear({ jsonrpc: '2.0', id, result: {} });
    expect(heard).toHaveLength(1);
    expect(counters.droppedReplies).toBe(2);
  });

  test('waiting requests are bounded, and room comes back', async () => {
    await Promise.all([request(0), request(1), request(2)]);
    await expect(request(3)).rejects.toThrow('3 requests wait on this connection');
    inner.hear({ jsonrpc: '2.0', id: inner.sent[1]?.id, result: {} });
    await request(4);
    expect(ids.pending).toBe(3);
  });

  test('nothing waits after a failed send, an aborted stream, a cancellation, or the close', async () => {
    inner.failing = true;
    await expect(request(0)).rejects.toThrow('broken pipe');
    inner.failing = false;
    expect(ids.pending).toBe(0);
    const abort = new AbortController();
    await ids.send({ jsonrpc: '2.0', id: 1, method: 'tools/call' }, { requestSignal: abort.signal });
    abort.abort();
    expect(ids.pending).toBe(0);
    await request(2);
    await ids.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2, reason: 'r' } });
    expect(inner.sent.at(-1)?.params['requestId']).toBe(inner.sent.at(-2)?.id);
    expect(ids.pending).toBe(0);
    await request(3);
    await ids.close();
    expect(ids.pending).toBe(0);
  });

  test('a cancellation of nothing is not sent', async () => {
    await ids.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } });
    expect(inner.sent).toEqual([]);
  });

  test('their requests and our answers keep their ids; vendor notifications go past the SDK', async () => {
    inner.hear({ jsonrpc: '2.0', id: 5, method: 'ping' });
    inner.hear({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
    inner.hear({ jsonrpc: '2.0', method: 'server.initialized', params: {} });
    inner.hear('nonsense');
    expect(heard).toMatchObject([{ id: 5, method: 'ping' }, { method: 'notifications/message' }]);
    expect(pushed).toMatchObject([{ method: 'server.initialized' }]);
    await ids.send({ jsonrpc: '2.0', id: 5, result: {} });
    expect(inner.sent).toMatchObject([{ id: 5, result: {} }]);
  });

  test('pipes look like pipes to the SDK, others do not', () => {
    expect('stderr' in new PipeRequestIds(inner, { counters })).toBe(true);
    expect('stderr' in ids).toBe(false);
  });
});
