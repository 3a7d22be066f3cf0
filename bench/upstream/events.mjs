// Lines of the seeds' telemetry events, as a server writes them: a tenth of messages, the rest half status, half metrics.

/** Lines that introduce agents 0…count−1, `perSwarm` to a swarm. */
export function spawnLines(count, perSwarm) {
  const lines = [];
  for (let n = 0; n < count; n++) {
    const data = { agent_id: id(n), swarm_id: swarm(n, perSwarm), type: 'coder', name: `Agent ${n}`, status: 'idle' };
    lines.push(line('agent.spawned', data));
  }
  return Buffer.from(lines.join(''));
}

/** One event of each of `count` agents in round number `round`, as one run of bytes. */
export function eventLines(count, perSwarm, round) {
  const lines = [];
  for (let n = 0; n < count; n++) lines.push(eventLine(n, count, perSwarm, round));
  return Buffer.from(lines.join(''));
}

function eventLine(n, count, perSwarm, round) {
  const swarm_id = swarm(n, perSwarm);
  const dice = (n * 7 + round) % 10;
  if (dice === 0) {
    const to = n - (n % perSwarm) + ((n + round + 1) % perSwarm);
    return line('message.flow', {
      swarm_id,
      from_agent: id(n),
      to_agent: id(Math.min(to, count - 1)),
      message_type: 'coordination',
      content_hash: 'sha256:0f1e2d3c4b5a6978',
      size_bytes: 1_024,
      latency_ms: 15,
    });
  }
  if (dice % 2 === 0) {
    return line('agent.status', {
      agent_id: id(n),
      swarm_id,
      status: STATUSES[(n + round) % STATUSES.length],
      cpu_usage: ((n + round * 3) % 1_000) / 10,
      memory_usage_mb: 64 + ((n + round) % 4_000) / 10,
      tasks_active: (n + round) % 4,
      tokens_used: 1_000 + round,
      position: { x: 150.5, y: -75.2 },
      connections: [id((n + 1) % count), id((n + 4) % count)],
    });
  }
  return line('metrics.performance', {
    agent_id: id(n),
    swarm_id,
    metrics: {
      response_time_ms: 100 + ((n + round * 7) % 400),
      success_rate: 0.9 + ((n + round) % 10) / 100,
      error_count: round % 5,
      throughput_tps: 20 + ((n + round) % 500) / 10,
      queue_depth: (n + round) % 6,
    },
  });
}

const STATUSES = ['active', 'busy', 'idle'];

function line(type, data) {
  return `${JSON.stringify({ type, timestamp: '2024-08-16T12:00:00Z', data })}\n`;
}

/** Both forms that the documents have: the second carries its time of creation. */
function id(n) {
  return n % 2 === 0 ? `agent-${String(n).padStart(6, '0')}` : `agent_1757967065850_${n.toString(36).padStart(6, 'z')}`;
}

function swarm(n, perSwarm) {
  return `swarm-${Math.floor(n / perSwarm)}`;
}
