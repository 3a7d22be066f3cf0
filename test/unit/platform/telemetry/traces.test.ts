import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { expect, test } from 'vitest';
import { SwarmcastError } from '../../../../src/platform/errors.ts';
import { createCallTracer } from '../../../../src/platform/telemetry/traces.ts';

class SilentError extends SwarmcastError {
  readonly reason = 'request_timeout';
  readonly retryable = true;
}

function setup(ratio = 1) {
  const exporter = new InMemorySpanExporter();
  return { exporter, tracer: createCallTracer(new SimpleSpanProcessor(exporter), ratio) };
}

const tcp = { id: 'a', transport: 'tcp', address: 'localhost', port: 9500 } as const;
const tool = { method: 'tools/call', tool: 'agent_list', server: tcp };

test('a tool call: name, kind, attributes; the context goes with the call', async () => {
  const { exporter, tracer } = setup();
  let sent: Record<string, string> = {};
  await tracer.trace(tool, async (meta) => {
    sent = meta;
    return { ok: true };
  });
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'tools/call agent_list', kind: SpanKind.CLIENT });
  expect(span?.attributes).toEqual({
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'agent_list',
    'network.transport': 'tcp',
    'server.address': 'localhost',
    'server.port': 9500,
    'swarmcast.server.id': 'a',
  });
  const { traceId, spanId } = span?.spanContext() ?? {};
  expect(sent).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
});

test.each([
  { note: 'a tool that failed', call: tool, result: { ok: false }, type: 'tool_error', code: undefined },
  { note: 'an error of the protocol', call: tool, result: { ok: false, code: -32602 }, type: '-32602', code: '-32602' },
  {
    note: 'a method over stdio',
    call: { method: 'agent.list', server: { id: 'b', transport: 'stdio' as const } },
    result: { ok: false, code: -32601 },
    type: '-32601',
    code: '-32601',
  },
])('$note is an error: $type', async ({ call, result, type, code }) => {
  const { exporter, tracer } = setup();
  await tracer.trace(call, () => Promise.resolve(result));
  const [span] = exporter.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes['error.type']).toBe(type);
  expect(span?.attributes['rpc.response.status_code']).toBe(code);
  if (call.server.transport === 'stdio') expect(span?.attributes['network.transport']).toBe('pipe');
});

test('silence: the error goes on, its reason is in the span, which ends', async () => {
  const { exporter, tracer } = setup();
  await expect(tracer.trace(tool, () => Promise.reject(new SilentError('no reply')))).rejects.toThrow('no reply');
  expect(exporter.getFinishedSpans()[0]?.attributes['error.type']).toBe('request_timeout');
});

test('ratio 0: nothing is recorded, and the servers are told so', async () => {
  const { exporter, tracer } = setup(0);
  let sent = '';
  await tracer.trace(tool, async ({ traceparent = '' }) => {
    sent = traceparent;
    return { ok: true };
  });
  expect(exporter.getFinishedSpans()).toEqual([]);
  expect(sent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});
