/** One request a dialect wants made. `tool`: tools/call. `method`: a JSON-RPC method of its own (the seeds' dialect). */
export type Call =
  | { kind: 'tool'; tool: string; args: Record<string, unknown> }
  | { kind: 'method'; method: string; params: Record<string, unknown> };
