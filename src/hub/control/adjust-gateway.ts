/** Operators change settings of the gateway itself: asked of whoever composed it, since they hold in all its threads. */
import type { Adjustment, AdjustAnswer } from '../../platform/config/adjust.ts';
import type { OperationInput, OperationName, OperationReply } from '../../protocol/operations/operations.ts';
import { ControlError } from './control-error.ts';

export type AdjustGateway = (adjustment: Adjustment) => Promise<AdjustAnswer>;

type GatewayOperation = Extract<OperationName, 'log.level' | 'limits.set'>;

export function isGatewayOperation(name: OperationName): name is GatewayOperation {
  return name === 'log.level' || name === 'limits.set';
}

/** @throws {@link ControlError} for what is no limit, and for values that it can't have */
export async function adjustGateway(
  name: GatewayOperation,
  input: object,
  ask: AdjustGateway,
): Promise<Pick<OperationReply, 'source' | 'asked' | 'note'> & { result: object }> {
  const done = { source: 'gateway' as const, asked: [], note: 'to keep it, put it into the configuration' };
  if (name === 'log.level') {
    const { level, component } = input as OperationInput<'log.level'>;
    const { before, now } = taken(await ask({ kind: 'level', level, component }));
    return { ...done, result: { before, now, lasts: 'until a reload' } };
  }
  const { limit, value } = input as OperationInput<'limits.set'>;
  const { before, now } = taken(await ask({ kind: 'limit', limit, value }));
  return { ...done, result: { limit, before, now, lasts: 'until a reload' } };
}

function taken(answer: AdjustAnswer): Exclude<AdjustAnswer, { outcome: 'refused' }> {
  if (answer.outcome === 'refused') throw new ControlError('bad_input', answer.message);
  return answer;
}
