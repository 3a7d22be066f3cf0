/**
 * Spans of calls to MCP servers, by OpenTelemetry's conventions for MCP (semantic-conventions-genai, docs/gen-ai/mcp.md,
 * status Development): the only file that knows OpenTelemetry. It is loaded only where spans are asked for.
 */
import { SpanKind, SpanStatusCode, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { SwarmcastError } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { CallResult, CallTracer, TracedCall } from './call-tracer.ts';

/** Also the longest that a receiver which does not answer can hold up a stop. */
const EXPORT_TIMEOUT_MS = 2_000;

export interface TracesOptions {
  /** Base address of an OTLP/HTTP receiver; `/v1/traces` is added. */
  endpoint: string;
  /** Share of calls that are recorded, 0–1. */
  ratio: number;
}

/** Exports spans in batches, at most 2,048 waiting; more are dropped. Disposal sends what is left. */
export function openCallTracer({ endpoint, ratio }: TracesOptions): CallTracer & AsyncDisposable {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  return createCallTracer(new BatchSpanProcessor(exporter), ratio);
}

/** For tests: with a processor of their own. */
export function createCallTracer(processor: SpanProcessor, ratio: number): CallTracer & AsyncDisposable {
  const provider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('swarmcast', VERSION);
  return {
    trace: (call, run) => traceCall(tracer, call, run),
    // A receiver that is gone is no reason to stop uncleanly; it has been reported by the exporter.
    [Symbol.asyncDispose]: () => provider.shutdown().catch(() => undefined),
  };
}

async function traceCall<R extends CallResult>(
  tracer: Tracer,
  call: TracedCall,
  run: (meta: Record<string, string>) => Promise<R>,
): Promise<R> {
  const name = call.tool === undefined ? call.method : `${call.method} ${call.tool}`;
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: attributesOf(call) });
  try {
    const result = await run({ traceparent: traceparentOf(span) });
    if (!result.ok) noteRefusal(span, call, result);
    return result;
  } catch (error) {
    const type = error instanceof SwarmcastError ? error.reason : error instanceof Error ? error.name : 'error';
    span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** A result that says `isError` is a failed tool; an error with a code one of the protocol. */
function noteRefusal(span: Span, call: TracedCall, { code }: { code?: number | undefined }): void {
  const type = code !== undefined ? String(code) : call.tool === undefined ? 'error' : 'tool_error';
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  if (code !== undefined) span.setAttribute('rpc.response.status_code', String(code));
}

function attributesOf({ method, tool, server }: TracedCall): Attributes {
  return {
    'mcp.method.name': method,
    ...(tool === undefined ? {} : { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool }),
    'network.transport': server.transport === 'stdio' ? 'pipe' : 'tcp',
    ...(server.transport === 'http' ? { 'network.protocol.name': 'http' } : {}),
    ...(server.address === undefined ? {} : { 'server.address': server.address }),
    ...(server.port === undefined ? {} : { 'server.port': server.port }),
    'swarmcast.server.id': server.id,
  };
}

/** W3C Trace Context, level 1. */
function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
