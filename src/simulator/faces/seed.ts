/** The dialect of the seeds: their own JSON-RPC methods and pushed telemetry beside a few MCP tools. */
import { RpcFailure, WorldRefusal } from '../errors.ts';
import { SHOWN_TOPOLOGIES } from '../world-life.ts';
import { BadArgument, isRecord } from './arguments.ts';
import { messageOf, simulatedInfo } from './face.ts';
import type { Face, ToolReply } from './face.ts';
import { seedMethods } from './seed-methods.ts';
import { seedTools } from './seed-tools.ts';

function wrap(payload: unknown): ToolReply {
  const content: ToolReply['content'] = [{ type: 'text', text: JSON.stringify(payload) }];
  return { ...(isRecord(payload) ? payload : {}), content };
}

/**
 * What clients of the seeds send and the SDK would refuse: an `initialize` without clientInfo or capabilities
 * (seed 003), and a `batch` whose params are a list (seed 002).
 */
function normalise(message: unknown): unknown {
  if (!isRecord(message)) return message;
  const { method, params } = message;
  if (method === 'initialize' && isRecord(params))
    return {
      ...message,
      params: { capabilities: {}, clientInfo: { name: 'unnamed', version: '0' }, ...params },
    };
  if (method === 'batch' && Array.isArray(params)) return { ...message, params: { requests: params } };
  return message;
}

/**
 * Over TCP and stdio the seeds' server knows the older era only, so that batches are possible, whose params are a list.
 * Without its marks the question of the newer one is an unknown method like others.
 */
function normaliseLine(message: unknown): unknown {
  if (isRecord(message) && message['method'] === 'server/discover') return { ...message, params: {} };
  return normalise(message);
}

/** The face of the seeds' server, `claude-flow` 2.0.0-alpha.101. */
export const seedFace: Face = {
  name: 'seed',
  serverInfo: simulatedInfo('claude-flow', '2.0.0-alpha.101'),
  // The seeds' capabilities are lists of names, which the SDK's client refuses; these say the same.
  capabilities: { tools: {} },
  ids: (kind, stampMs, random) => `${kind}_${stampMs}_${random.base36(kind === 'swarm' ? 9 : 6)}`,
  topologies: SHOWN_TOPOLOGIES,
  tools: new Map(Object.entries(seedTools)),
  methods: new Map(Object.entries(seedMethods)),
  ping: 'own',
  wrap,
  fail(_tool, error) {
    throw seedFailure(error);
  },
  methodFailure: seedFailure,
  unknownTool: (tool) => new RpcFailure(-32_601, 'Method not found', { tool }),
  unknownMethod: (method) => new RpcFailure(-32_601, 'Method not found', { method }),
  normalise,
  normaliseLine,
};

/** Any failure as one of the seeds' error codes. */
function seedFailure(error: unknown): RpcFailure {
  if (error instanceof RpcFailure) return error;
  if (error instanceof BadArgument) return new RpcFailure(-32_602, `Invalid params: ${error.message}`);
  if (error instanceof WorldRefusal) return new RpcFailure(-32_000, error.message);
  return new RpcFailure(-32_603, 'Internal error', { details: messageOf(error) });
}
