import type { DaaAgent } from './daa-agents.ts';
import { iso } from './face.ts';
import type { Tool } from './face.ts';

/** The `daa_*` tools of claude-flow 3.x. `daa_learning_status` is the only list of DAA agents. */
export const claudeFlowDaaTools: Record<string, Tool> = {
  daa_agent_create: {
    description: 'Create an autonomous agent',
    properties: {
      id: 'string',
      name: 'string',
      type: 'string',
      cognitivePattern: 'string',
      learningRate: 'number',
      capabilities: 'array',
    },
    required: ['id'],
    run(args, { daa, now }) {
      const id = args.text('id');
      const agent: DaaAgent = {
        id,
        name: args.optionalText('name') ?? id,
        type: args.optionalText('type') ?? 'autonomous',
        status: 'active',
        cognitivePattern: args.optionalText('cognitivePattern') ?? 'adaptive',
        learningRate: args.optionalNumber('learningRate') ?? 0.01,
        capabilities: args.optionalList('capabilities') ?? [],
        successRate: 1,
        adaptations: 0,
        createdAtMs: now(),
      };
      daa.create(agent);
      const { name, type, status, cognitivePattern, capabilities } = agent;
      const shown = { id, name, type, status, cognitivePattern, capabilities };
      return { success: true, agent: shown, createdAt: iso(agent.createdAtMs) };
    },
  },
  daa_agent_adapt: {
    description: 'Let an autonomous agent learn from feedback',
    properties: { agentId: 'string', feedback: 'string', performanceScore: 'number' },
    required: ['agentId'],
    run(args, { daa }) {
      const agentId = args.text('agentId');
      const agent = daa.get(agentId);
      if (agent === undefined) return { success: false, error: 'Agent not found' };
      const performanceScore = args.optionalNumber('performanceScore');
      daa.adapt(agent, performanceScore);
      const { adaptations, successRate, status } = agent;
      const feedback = args.optionalText('feedback');
      const adaptation = { feedback, performanceScore, adaptations, newSuccessRate: successRate };
      return { success: true, agentId, adaptation, status };
    },
  },
  daa_knowledge_share: {
    description: 'Share knowledge between autonomous agents',
    properties: {
      sourceAgentId: 'string',
      targetAgentIds: 'array',
      knowledgeDomain: 'string',
      knowledgeContent: 'object',
    },
    required: ['sourceAgentId', 'targetAgentIds'],
    run(args, { daa, now }) {
      daa.knowledgeItems++;
      return {
        success: true,
        knowledgeId: `knowledge-${now()}`,
        sourceAgent: args.text('sourceAgentId'),
        targetAgents: args.optionalList('targetAgentIds') ?? [],
        domain: args.optionalText('knowledgeDomain') ?? 'general',
        sharedAt: iso(now()),
      };
    },
  },
  daa_learning_status: {
    description: 'Learning status of one or all autonomous agents',
    properties: { agentId: 'string', detailed: 'boolean' },
    run(args, { daa }) {
      const agentId = args.optionalText('agentId');
      if (agentId === undefined) return learningOf(daa.all);
      const agent = daa.get(agentId);
      if (agent === undefined) return { success: false, error: 'Agent not found' };
      const { id, status, cognitivePattern, learningRate, successRate, adaptations } = agent;
      const metrics = { tasksCompleted: 0, successRate, adaptations };
      return { success: true, agent: { id, status, cognitivePattern, learningRate, metrics } };
    },
  },
  daa_performance_metrics: {
    description: 'Autonomous agents in numbers',
    properties: { category: 'string' },
    run(_args, { daa }) {
      const agents = daa.all;
      const total = agents.length;
      const avgSuccessRate = mean(agents.map((agent) => agent.successRate));
      const avgLearningRate = mean(agents.map((agent) => agent.learningRate));
      const totalAdaptations = agents.reduce((sum, agent) => sum + agent.adaptations, 0);
      return {
        success: true,
        metrics: {
          agents: { total, active: total, avgSuccessRate, totalTasks: 0 },
          workflows: { total: 0, completed: 0, running: 0, successRate: 0 },
          learning: { totalAdaptations, knowledgeItems: daa.knowledgeItems, avgLearningRate },
        },
      };
    },
  },
};

function learningOf(agents: readonly DaaAgent[]): unknown {
  return {
    success: true,
    summary: {
      total: agents.length,
      active: agents.length,
      learning: 0,
      avgSuccessRate: mean(agents.map((agent) => agent.successRate)),
      totalAdaptations: agents.reduce((sum, agent) => sum + agent.adaptations, 0),
    },
    agents: agents.map(({ id, status, successRate, adaptations }) => ({ id, status, successRate, adaptations })),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
