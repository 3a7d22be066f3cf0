import type { OperationInput, OperationReply, OperationResult } from '../../protocol/operations/operations.ts';
import { ControlError } from './control-error.ts';

type Reply = Omit<OperationReply, 'operation' | 'took_ms'>;
/** The reply of a swarm.init. */
export type SwarmReply = Omit<Reply, 'result'> & { result: OperationResult<'swarm.init'> };

/**
 * The first agents and the task of a new swarm, one after another, where the server did not take them with the swarm
 * itself. One that fails is named in the result and does not undo the others.
 */
export async function furnishSwarm(
  reply: SwarmReply,
  input: OperationInput<'swarm.init'>,
  run: (name: 'agent.spawn' | 'task.orchestrate', wish: Record<string, unknown>) => Promise<Reply>,
): Promise<Reply> {
  const place = { server_id: reply.server_id, swarm_id: reply.result.swarm_id };
  const failed: { what: string; code: string; message: string }[] = [];
  const asked = [...reply.asked];
  const attempt = async (
    name: 'agent.spawn' | 'task.orchestrate',
    what: string,
    wish: Record<string, unknown>,
  ): Promise<unknown> => {
    try {
      const done = await run(name, { ...place, ...wish });
      asked.push(...done.asked);
      return done.result;
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      failed.push({ what, code: error.reason, message: error.message });
      return undefined;
    }
  };
  const agents = [...(reply.result.agents ?? [])];
  const wanted = reply.result.agents === undefined ? (input.agents ?? []) : [];
  for (const wish of wanted) {
    const spawned = await attempt('agent.spawn', `agent ${wish.name ?? wish.type}`, wish);
    if (spawned !== undefined) agents.push(spawned as OperationResult<'agent.spawn'>);
  }
  const { task: description, priority } = input;
  const task =
    description === undefined
      ? undefined
      : ((await attempt('task.orchestrate', 'task', { task: description, ...(priority && { priority }) })) as
          OperationResult<'task.orchestrate'> | undefined);
  return {
    ...reply,
    asked,
    result: {
      ...reply.result,
      ...(input.agents === undefined ? {} : { agents }),
      ...(task === undefined ? {} : { task_id: task.task_id }),
      ...(failed.length === 0 ? {} : { failed }),
    },
  };
}
