import { RpcFailure } from './errors.ts';
import { Arguments, isRecord } from './faces/arguments.ts';
import type { Face, FaceContext, Peer, ToolReply, ToolSchema } from './faces/face.ts';
import { inputSchema, messageOf } from './faces/face.ts';
import type { SimulatorStats } from './stats.ts';

/** Requests of one batch; the rest is refused. */
const MAX_BATCH = 1_000;

/** Answers requests as a face would, whatever they came in on. Throws {@link RpcFailure} for errors. */
export class Dispatcher {
  readonly face: Face;
  readonly #context: FaceContext;
  readonly #stats: SimulatorStats;
  readonly #tools: { name: string; description: string; inputSchema: ToolSchema }[];

  constructor(face: Face, context: FaceContext, stats: SimulatorStats) {
    this.face = face;
    this.#context = context;
    this.#stats = stats;
    this.#tools = [...face.tools].map(([name, tool]) => ({
      name,
      description: tool.description,
      inputSchema: inputSchema(tool),
    }));
  }

  listTools() {
    return { tools: this.#tools };
  }

  callTool(name: string, args: unknown, peer: Peer): ToolReply {
    this.#stats.requests++;
    this.#admit(peer);
    const tool = this.face.tools.get(name);
    if (tool === undefined) throw this.face.unknownTool(name);
    try {
      return this.face.wrap(tool.run(new Arguments(args), this.#context));
    } catch (error) {
      return this.face.fail(name, error);
    }
  }

  /** A method that is not MCP's. */
  callMethod(method: string, params: unknown, peer: Peer): Record<string, unknown> {
    this.#stats.requests++;
    if (method === 'batch' && this.face.methods.size > 0) return this.#batch(params, peer);
    const run = this.face.methods.get(method);
    if (run === undefined) throw this.face.unknownMethod(method);
    if (method !== 'auth.authenticate' && method !== 'ping') this.#admit(peer);
    try {
      const result = run(new Arguments(params), this.#context, peer);
      return isRecord(result) ? result : { result };
    } catch (error) {
      throw this.face.methodFailure?.(error) ?? new RpcFailure(-32_603, messageOf(error));
    }
  }

  /** The seeds' `batch`: one result or error per request, in order. */
  #batch(params: unknown, peer: Peer): Record<string, unknown> {
    const requests = new Arguments(params).raw('requests');
    if (!Array.isArray(requests) || requests.length > MAX_BATCH)
      throw new RpcFailure(-32_602, `Invalid params: a list of at most ${MAX_BATCH} requests`);
    const results = requests.map((request: unknown) => {
      try {
        return { result: this.#one(request, peer) };
      } catch (error) {
        if (!(error instanceof RpcFailure)) throw error;
        const { code, message, data } = error;
        return { error: { code, message, ...(data === undefined ? {} : { data }) } };
      }
    });
    return { results };
  }

  #one(request: unknown, peer: Peer): Record<string, unknown> {
    if (!isRecord(request) || typeof request['method'] !== 'string')
      throw new RpcFailure(-32_600, 'Invalid request: missing method');
    const { method, params } = request;
    if (method === 'tools/list') return this.listTools();
    if (method === 'batch') throw new RpcFailure(-32_600, 'Invalid request: a batch in a batch');
    if (method !== 'tools/call') return this.callMethod(method, params, peer);
    const call = new Arguments(params);
    return this.callTool(call.text('name'), call.raw('arguments'), peer);
  }

  #admit(peer: Peer): void {
    if (this.#context.apiKey !== undefined && !peer.authenticated)
      throw new RpcFailure(-32_000, 'Not authenticated', { reason: 'call auth.authenticate first' });
  }
}

/** What faults are matched with: the method and, for a tool call, the tool; for a batch also those of what is in it. */
export function requestNames(message: unknown): string[] {
  if (!isRecord(message) || typeof message['method'] !== 'string') return [];
  const { method, params } = message;
  if (!isRecord(params)) return [method];
  if (method === 'tools/call' && typeof params['name'] === 'string') return [method, params['name']];
  const inside = method === 'batch' ? params['requests'] : undefined;
  return Array.isArray(inside) ? [method, ...inside.slice(0, MAX_BATCH).flatMap(namesWithin)] : [method];
}

/** There is no batch in a batch. */
function namesWithin(request: unknown): string[] {
  return isRecord(request) && request['method'] !== 'batch' ? requestNames(request) : [];
}
