/** A message from one swarm to another: the server of the receiver is asked, the key of the sender travels in the message. */
import type { SwarmRecord } from '../../model/swarm.ts';
import type { OperationInput } from '../../protocol/operations/operations.ts';
import { ControlError } from './control-error.ts';
import { quote, type WorldIndex } from './world-index.ts';

export interface BetweenSwarms {
  from: SwarmRecord;
  to: SwarmRecord;
  /** Input of a `swarm.coordinate`. */
  order: { server_id: string; swarm_id: string; message: unknown };
}

/** @throws {@link ControlError} no_such_swarm, no_such_server, ambiguous; bad_input where both are the same */
export function betweenSwarms(input: OperationInput<'swarm.message'>, world: WorldIndex): BetweenSwarms {
  const { from_swarm_id, swarm_id, server_id, message, message_type } = input;
  if (server_id !== undefined) world.server(server_id);
  const from = world.swarm(from_swarm_id, undefined);
  const to = world.swarm(swarm_id, server_id);
  if (from.ref === to.ref)
    throw new ControlError(
      'bad_input',
      `${quote(from.key)} is both sender and receiver: swarm.coordinate sends within one`,
    );
  const order = {
    server_id: to.server_id,
    swarm_id: to.id,
    message: { from_swarm: from.key, message_type, message },
  };
  return { from, to, order };
}
