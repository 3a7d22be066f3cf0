/** claude-flow 3.x over MCP, shapes as captured from 3.43.0. It lists neither swarms nor their members. */
import { TOPOLOGIES } from '../../model/swarm.ts';
import { RpcFailure } from '../errors.ts';
import { SHOWN_TOPOLOGIES } from '../world-life.ts';
import { claudeFlowAgentTools } from './claude-flow-agents.ts';
import { claudeFlowDaaTools } from './claude-flow-daa.ts';
import { claudeFlowTaskTools } from './claude-flow-tasks.ts';
import { iso, messageOf, prettyText, simulatedInfo } from './face.ts';
import type { Face, FaceContext, Tool } from './face.ts';
import type { SimSwarm } from '../world-state.ts';

const MAX_SWARM_AGENTS = 50;

const swarmTools: Record<string, Tool> = {
  swarm_init: {
    description: 'Initialize a swarm',
    properties: { topology: 'string', maxAgents: 'number', strategy: 'string', config: 'object' },
    run(args, { world, now }) {
      const list = TOPOLOGIES.join(', ');
      const topology =
        args.optionalChoice('topology', TOPOLOGIES, (value) => `Invalid topology: ${value}. Valid: ${list}`) ??
        'hierarchical-mesh';
      const maxAgents = Math.min(MAX_SWARM_AGENTS, Math.max(1, args.optionalNumber('maxAgents') ?? 15));
      const strategy = args.optionalText('strategy') ?? 'specialized';
      const swarm = world.createSwarm({ topology, maxAgents, strategy }, now());
      return {
        success: true,
        swarmId: swarm.id,
        topology,
        strategy,
        maxAgents,
        initializedAt: iso(swarm.createdAtMs),
        config: configOf(swarm),
        persisted: true,
      };
    },
  },
  swarm_status: {
    description: 'Get swarm status; the latest swarm when no or an unknown id is given',
    properties: { swarmId: 'string' },
    run(args, context) {
      const { world } = context;
      const asked = args.optionalText('swarmId');
      const swarm = find(context, asked);
      if (swarm === undefined)
        return {
          status: 'no_swarm',
          message: 'No active swarms. Use swarm_init to create one.',
          totalSwarms: 0,
        };
      return {
        swarmId: swarm.id,
        status: swarm.dissolvedAtMs === undefined ? 'running' : 'terminated',
        topology: swarm.topology,
        maxAgents: swarm.maxAgents,
        agentCount: swarm.agentIds.size,
        // The real server never counts tasks here.
        taskCount: 0,
        config: configOf(swarm),
        createdAt: iso(swarm.createdAtMs),
        updatedAt: iso(swarm.updatedAtMs),
        ...(swarm.id === asked ? {} : { totalSwarms: world.swarms.size }),
      };
    },
  },
  swarm_health: {
    description: 'Check swarm health',
    properties: { swarmId: 'string' },
    run(args, context) {
      const checkedAt = iso(context.now());
      const swarm = find(context, args.optionalText('swarmId'));
      const missing = { name: 'swarm_exists', status: 'fail', message: 'No active swarm found' };
      if (swarm === undefined) return { status: 'no_swarm', healthy: false, checks: [missing], checkedAt };
      const count = swarm.agentIds.size;
      const agents = `${count} agents registered (max: ${swarm.maxAgents})`;
      return {
        status: 'healthy',
        healthy: true,
        swarmId: swarm.id,
        topology: swarm.topology,
        agentCount: count,
        checks: [
          { name: 'coordinator', status: 'ok', message: 'Coordinator active' },
          { name: 'agents', status: count === 0 ? 'info' : 'ok', message: agents },
          { name: 'topology', status: 'ok', message: `Topology: ${swarm.topology}` },
        ],
        checkedAt,
      };
    },
  },
  swarm_shutdown: {
    description: 'Shut a swarm down',
    properties: { swarmId: 'string', graceful: 'boolean' },
    run(args, context) {
      const swarm = find(context, args.optionalText('swarmId'));
      if (swarm === undefined || swarm.dissolvedAtMs !== undefined)
        return { success: false, error: 'No active swarm found' };
      const agentsTerminated = context.world.dissolveSwarm(swarm.id, context.now());
      return {
        success: true,
        swarmId: swarm.id,
        terminated: true,
        graceful: true,
        agentsTerminated,
        terminatedAt: iso(context.now()),
      };
    },
  },
  'hive-mind_status': {
    description: 'Get hive-mind status; this simulator has no hive',
    properties: { verbose: 'boolean' },
    run(_args, { now }) {
      const at = now();
      const hiveId = `hive-${at}`;
      return {
        hiveId,
        status: 'offline',
        topology: 'mesh',
        consensus: 'byzantine',
        queen: { id: 'N/A', status: 'offline', load: 0, tasksQueued: 0 },
        workers: [],
        metrics: {
          totalTasks: 0,
          completedTasks: 0,
          activeTasks: 0,
          pendingTasks: 0,
          failedTasks: 0,
          consensusRounds: 0,
          memoryUsage: '0 KB',
        },
        id: hiveId,
        initialized: false,
        workerCount: 0,
        pendingConsensus: 0,
        sharedMemoryKeys: 0,
        uptime: 0,
        createdAt: iso(at),
        updatedAt: iso(at),
      };
    },
  },
};

function find({ world }: FaceContext, swarmId: string | undefined): SimSwarm | undefined {
  if (swarmId !== undefined) {
    const known = world.swarms.get(swarmId) ?? world.endedSwarms.find((swarm) => swarm.id === swarmId);
    if (known !== undefined) return known;
  }
  return world.lastSwarm();
}

function configOf(swarm: SimSwarm): Record<string, unknown> {
  return {
    topology: swarm.topology,
    maxAgents: swarm.maxAgents,
    strategy: swarm.strategy,
    communicationProtocol: 'message-bus',
    autoScaling: true,
    consensusMechanism: 'majority',
  };
}

/** The face of claude-flow 3.x, whose server calls itself `ruflo`. */
export const claudeFlowFace: Face = {
  name: 'claude-flow',
  serverInfo: simulatedInfo('ruflo', '3.0.0'),
  // As the real server: it advertises resources and then knows no resources/list.
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
  ids: (kind, stampMs, random) => `${kind}-${stampMs}-${random.base36(6)}`,
  topologies: SHOWN_TOPOLOGIES,
  tools: new Map(
    Object.entries({ ...swarmTools, ...claudeFlowAgentTools, ...claudeFlowTaskTools, ...claudeFlowDaaTools }),
  ),
  methods: new Map(),
  ping: 'mcp',
  wrap: prettyText,
  fail: (_tool, error) => prettyText({ success: false, error: messageOf(error) }),
  unknownTool: (tool) => new RpcFailure(-32_601, `Tool not found: ${tool}`),
  unknownMethod: (method) => new RpcFailure(-32_601, `Method not found: ${method}`),
};
