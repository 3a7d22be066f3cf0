/** A server of no known kind: agents under its own tool names, with structured content beside the text. */
import { RpcFailure } from '../errors.ts';
import { SHOWN_TOPOLOGIES } from '../world-life.ts';
import type { SimAgent } from '../world-state.ts';
import { messageOf, simulatedInfo } from './face.ts';
import type { Face, Tool, ToolReply } from './face.ts';

const tools: Record<string, Tool> = {
  get_agents: {
    description: 'Lists the agents at work',
    properties: { swarm_id: 'string' },
    run(args, { world }) {
      const swarmId = args.optionalText('swarm_id');
      const agents = [...world.agents.values()].filter((agent) => swarmId === undefined || agent.swarmId === swarmId);
      return { agents: agents.map((agent) => rowOf(agent)) };
    },
  },
  create_agent: {
    description: 'Adds an agent',
    properties: { type: 'string', name: 'string', swarm_id: 'string' },
    required: ['type'],
    run(args, { world, now }) {
      const swarm = world.swarms.get(args.optionalText('swarm_id') ?? '') ?? world.firstSwarm();
      if (swarm === undefined) throw new Error('there is no swarm');
      const wish = { type: args.text('type'), name: args.optionalText('name') };
      return rowOf(world.spawnAgent(swarm.id, wish, now()));
    },
  },
  remove_agent: {
    description: 'Removes an agent',
    properties: { id: 'string' },
    required: ['id'],
    run: (args, { world, now }) => rowOf(world.terminateAgent(args.text('id'), now())),
  },
};

function rowOf(agent: SimAgent) {
  const { id, name, type, swarmId: swarm_id } = agent;
  return { id, name, type, status: agent.statusWord ?? agent.status, swarm_id };
}

function wrap(payload: unknown): ToolReply {
  return { content: [{ type: 'text', text: JSON.stringify(payload) }], structuredContent: payload };
}

/** The face of an MCP server that no dialect knows; the configuration's default mapping fits `get_agents`. */
export const genericFace: Face = {
  name: 'generic',
  serverInfo: simulatedInfo('agent-desk', '1.0.0'),
  capabilities: { tools: {} },
  ids: (kind, stampMs, random) => `${kind}:${(stampMs % 1_000_000_000).toString(36)}${random.base36(3)}`,
  topologies: SHOWN_TOPOLOGIES,
  tools: new Map(Object.entries(tools)),
  methods: new Map(),
  ping: 'mcp',
  wrap,
  fail: (_tool, error) => ({ content: [{ type: 'text', text: messageOf(error) }], isError: true }),
  unknownTool: (tool) => new RpcFailure(-32_602, `Unknown tool: ${tool}`),
  unknownMethod: (method) => new RpcFailure(-32_601, `Method not found: ${method}`),
};
