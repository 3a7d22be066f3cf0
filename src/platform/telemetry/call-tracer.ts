/** What tracing a call to an MCP server needs to know, without the library that does it. */

/** The server that is called; address and port where it has them. */
export interface TracedServer {
  id: string;
  transport: 'tcp' | 'stdio' | 'http';
  address?: string | undefined;
  port?: number | undefined;
}

export interface TracedCall {
  /** The JSON-RPC method, e.g. `tools/call`. */
  method: string;
  tool?: string | undefined;
  server: TracedServer;
}

/** The server's answer, or its refusal; `code` where it gave one. */
export interface CallResult {
  ok: boolean;
  code?: number | undefined;
}

export interface CallTracer {
  /** Runs a call inside a span. `meta` is to travel in the request's `params._meta`. Throws what `run` throws. */
  trace<R extends CallResult>(call: TracedCall, run: (meta: Record<string, string>) => Promise<R>): Promise<R>;
}
