// The world of the edge benches: 1,000 agents in 20 swarms on one server, records as full as a pushing server's.
import { agentKey, agentRef, plainRef, swarmKey } from '../../dist/model/ids.js';

export const SWARMS = 20;
export const AGENTS_PER_SWARM = 50;
export const TYPES = ['coder', 'tester', 'reviewer', 'researcher', 'architect', 'analyst', 'optimizer', 'coordinator'];
const STATUSES = ['idle', 'busy', 'active'];
const SERVER = 'bench';
const EPOCH_START_MS = 1_763_715_600_000;

/** A snapshot at version 1; `swarms` × `agentsPerSwarm` agents, each linked to the next of its swarm. */
export function createSnapshot({ swarms = SWARMS, agentsPerSwarm = AGENTS_PER_SWARM, epoch }) {
  const health = {
    state: 'healthy',
    reason: 'answers',
    since_ms: EPOCH_START_MS,
    evidence: { consecutive_failures: 0, consecutive_successes: 1 },
  };
  const server = {
    ref: plainRef(0, 1),
    id: SERVER,
    type: 'claude-flow',
    simulated: true,
    transport: 'tcp',
    endpoint: 'tcp://127.0.0.1:0',
    health,
  };
  const snapshot = {
    epoch,
    version: 1,
    time_ms: Date.now(),
    servers: [server],
    swarms: [],
    agents: [],
    links: [],
    tasks: [],
    membership: [],
  };
  for (let s = 0; s < swarms; s++) addSwarm(snapshot, s, agentsPerSwarm);
  return snapshot;
}

function addSwarm(snapshot, number, agentsPerSwarm) {
  const swarm = plainRef(0, number + 1);
  const id = swarmId(number);
  snapshot.swarms.push({
    ref: swarm,
    key: swarmKey(SERVER, id),
    id,
    server_id: SERVER,
    server_type: 'claude-flow',
    topology: 'ring',
    slots_rev: 0,
  });
  snapshot.membership.push([swarm, 1]);
  for (let slot = 0; slot < agentsPerSwarm; slot++) {
    const n = number * agentsPerSwarm + slot;
    snapshot.agents.push(createAgent(n, swarm, id, slot));
    const next = number * agentsPerSwarm + ((slot + 1) % agentsPerSwarm);
    const [from, to] = [agentRef(0, n + 1), agentRef(0, next + 1)].toSorted((a, b) => a - b);
    snapshot.links.push({ ref: plainRef(0, n + 1), swarm, from, to, kind: 'topology', source: 'derived' });
  }
}

export function swarmId(number) {
  return `swarm-${number}`;
}

function createAgent(n, swarm, swarmName, slot) {
  const id = `agent-${String(n).padStart(5, '0')}`;
  return {
    ref: agentRef(0, n + 1),
    key: agentKey(SERVER, swarmName, id),
    id,
    swarm,
    server_id: SERVER,
    server_type: 'claude-flow',
    type: TYPES[n % TYPES.length],
    name: `Agent ${n}`,
    status: STATUSES[n % STATUSES.length],
    slot,
    health: 1,
    capabilities: ['code', 'review', 'plan'],
    created_at_ms: EPOCH_START_MS + n,
    performance: performanceOf(n, 0),
    visual: { size: 9.5, color: '#0072b2', pulse_hz: 1.2 },
    provenance: { 'visual.size': 'derived', 'visual.color': 'derived', 'visual.pulse_hz': 'derived' },
  };
}

/** Metrics of agent `n` after its change number `change`: the seeds' fields. */
function performanceOf(n, change) {
  return {
    cpu_usage: ((n * 37 + change * 11) % 100) / 100,
    memory_mb: 64 + ((n + change) % 512),
    response_time_ms: 5 + ((n * 13 + change * 7) % 200),
    success_rate: 1 - ((n + change) % 10) / 100,
    error_count: change % 5,
    throughput_tps: 10 + ((n + change * 3) % 90),
  };
}

/** A batch that changes status and metrics of `count` agents from number `first` on, round the world. */
export function changeBatch(snapshot, version, first, count, change) {
  const updated = [];
  for (let i = 0; i < count; i++) {
    const n = (first + i) % snapshot.agents.length;
    const agent = snapshot.agents[n];
    const status = STATUSES[(n + change) % STATUSES.length];
    const performance = performanceOf(n, change);
    agent.status = status;
    agent.performance = performance;
    updated.push({ ref: agent.ref, status, performance });
  }
  return { epoch: snapshot.epoch, version, time_ms: Date.now(), agents: { updated } };
}
