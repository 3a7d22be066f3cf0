import type { DaaAgent } from './daa-agents.ts';
import { iso } from './face.ts';
import type { FaceContext, Tool } from './face.ts';
import type { Arguments } from './arguments.ts';

/**
 * The `daa_*` tools of ruv-swarm 1.0.20. No tool lists DAA agents. Fields that the real server fills with random
 * numbers (proficiency, improvement) are left out.
 */
export const ruvSwarmDaaTools: Record<string, Tool> = {
  daa_init: {
    description: 'Initialize the DAA service',
    properties: { enableLearning: 'boolean', enableCoordination: 'boolean', persistenceMode: 'string' },
    run: (_args, { now }) => ({ success: true, initialized: true, timestamp: iso(now()) }),
  },
  daa_agent_create: {
    description: 'Create an autonomous agent',
    properties: { id: 'string', capabilities: 'array', cognitivePattern: 'string', learningRate: 'number' },
    required: ['id'],
    run: create,
  },
  daa_agent_adapt: {
    description: 'Let an autonomous agent learn from feedback',
    properties: { agentId: 'string', feedback: 'string', performanceScore: 'number' },
    required: ['agentId'],
    run(args, context) {
      const agent = agentOf(args, context, 'agentId', 'agent_id');
      const previous = agent.cognitivePattern;
      context.daa.adapt(agent, args.optionalNumber('performanceScore'));
      const timestamp = iso(context.now());
      const { id: agent_id, cognitivePattern: new_pattern } = agent;
      return { agent_id, adaptation_complete: true, previous_pattern: previous, new_pattern, timestamp };
    },
  },
  daa_knowledge_share: {
    description: 'Share knowledge between autonomous agents',
    properties: { sourceAgentId: 'string', targetAgentIds: 'array', knowledgeDomain: 'string' },
    run(args, context) {
      const source = agentOf(args, context, 'sourceAgentId', 'source_agent');
      const targets = args.optionalList('targetAgentIds', 'target_agents') ?? [];
      context.daa.knowledgeItems++;
      return {
        source_agent: source.id,
        target_agents: targets,
        knowledge_domain: args.optionalText('knowledgeDomain', 'knowledge_domain') ?? 'general',
        sharing_complete: true,
        agents_updated: targets.filter((id) => context.daa.get(id) !== undefined),
        timestamp: iso(context.now()),
      };
    },
  },
  daa_cognitive_pattern: {
    description: 'Show or change the cognitive pattern of an autonomous agent',
    properties: { agentId: 'string', action: 'string', pattern: 'string' },
    run(args, context) {
      const agent = agentOf(args, context, 'agentId', 'agent_id');
      const previous = agent.cognitivePattern;
      agent.cognitivePattern = args.optionalText('pattern') ?? previous;
      const { id: agent_id, cognitivePattern: new_pattern } = agent;
      return { agent_id, previous_pattern: previous, new_pattern, timestamp: iso(context.now()) };
    },
  },
  daa_learning_status: {
    description: 'Learning status of one or all autonomous agents',
    properties: { agentId: 'string', detailed: 'boolean' },
    run(args, context) {
      const id = args.optionalText('agentId', 'agent_id');
      const agents = id === undefined ? context.daa.all : [agentOf(args, context, 'agentId', 'agent_id')];
      const cycles = agents.reduce((sum, agent) => sum + agent.adaptations, 0);
      return { agent_id: id ?? 'all', total_learning_cycles: cycles, timestamp: iso(context.now()) };
    },
  },
};

function create(args: Arguments, { daa, now }: FaceContext): unknown {
  const id = args.optionalText('id', 'agent_id');
  if (id === undefined) throw new Error('Agent ID is required');
  const agent: DaaAgent = {
    id,
    name: id,
    type: 'daa',
    status: 'active',
    cognitivePattern: args.optionalText('cognitivePattern') ?? 'adaptive',
    learningRate: args.optionalNumber('learningRate') ?? 0.001,
    capabilities: args.optionalList('capabilities') ?? [],
    successRate: 1,
    adaptations: 0,
    createdAtMs: now(),
  };
  daa.create(agent);
  const { cognitivePattern: cognitive_pattern, capabilities, status } = agent;
  const shown = { id, cognitive_pattern, capabilities, status, created_at: iso(agent.createdAtMs) };
  return { agent: shown, swarm_id: null, learning_enabled: true, memory_enabled: args.flag('enableMemory') };
}

function agentOf(args: Arguments, { daa }: FaceContext, ...keys: [string, string]): DaaAgent {
  const id = args.text(...keys);
  const agent = daa.get(id);
  if (agent === undefined) throw new Error(`Agent ${id} not found`);
  return agent;
}
