/** Entry of a driver process: takes orders from its parent over IPC, ends with it. */
import { Fleet } from './fleet.ts';
import type { AnswerMessage, OrderMessage } from './orders.ts';

const fleet = new Fleet();

process.on('message', (order: OrderMessage) => void answer(order));
process.on('disconnect', () => {
  fleet.close();
  process.exit(0);
});

async function answer(order: OrderMessage): Promise<void> {
  let reply: AnswerMessage;
  try {
    reply = { id: order.id, output: await carryOut(order) };
  } catch (error) {
    reply = { id: order.id, error: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(reply);
}

async function carryOut(order: OrderMessage): Promise<unknown> {
  switch (order.name) {
    case 'open':
      return fleet.open(order.input);
    case 'begin':
      fleet.begin();
      return {};
    case 'report':
      return fleet.report();
    case 'stall':
      return { clients: fleet.stall(order.input.group, order.input.share) };
    case 'release':
      return { clients: fleet.release(order.input.group, order.input.share) };
    case 'say':
      return { clients: fleet.say(order.input.group, order.input.share, order.input.message) };
    case 'drop':
      return { clients: fleet.drop(order.input.group) };
    case 'reconnect':
      return fleet.reconnect(order.input);
    case 'frames':
      return { frames: fleet.frames(order.input.group).map((frame) => frame.toString('base64')) };
    case 'close':
      fleet.close();
      return {};
  }
}
