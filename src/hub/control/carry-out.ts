/** One operation on one server: the dialect's calls in order, its reading of the replies. */
import type { OperationInput, OperationName, OperationReply } from '../../protocol/operations/operations.ts';
import type { Call, Outcome } from '../upstream/dialects/dialect.ts';
import type { ServerFacts, Told, Way } from '../upstream/dialects/operation-mapping.ts';
import { RefusedByServerError, UnsupportedByServerError } from '../upstream/errors.ts';

const METHOD_NOT_FOUND = -32_601;

export interface CarryOut<K extends OperationName> {
  ways: readonly Way<K>[];
  input: OperationInput<K>;
  facts: ServerFacts;
  /** One call, its refusal as an error of this dialect included. */
  call: (call: Call) => Promise<Outcome>;
  /** What a payload of this dialect refuses in its own way; undefined where it does not. */
  refusal: (payload: unknown) => string | undefined;
}

/** What was told, and the names of the calls that were made. */
export type CarriedOut<K extends OperationName> = Told<K> & Pick<OperationReply, 'asked'>;

/**
 * Tries the ways in order; only a server that does not know the first call of one is asked in another.
 * @throws RefusedByServerError, and what calls and mappings throw.
 */
export async function carryOut<K extends OperationName>(work: CarryOut<K>): Promise<CarriedOut<K>> {
  const asked: string[] = [];
  for (const [index, way] of work.ways.entries()) {
    const told = await tryWay(work, way, { asked, isLast: index === work.ways.length - 1 });
    if (told !== undefined) return { ...told, asked };
  }
  throw new RefusedByServerError('it knows none of the calls for this');
}

async function tryWay<K extends OperationName>(
  work: CarryOut<K>,
  way: Way<K>,
  { asked, isLast }: { asked: string[]; isLast: boolean },
): Promise<Told<K> | undefined> {
  const replies: unknown[] = [];
  for (const next of way.calls) {
    const isFirst = replies.length === 0;
    const answer = await callOnce(work, next(work.input, replies, work.facts), asked);
    if ('unknown' in answer && isFirst) {
      if (!isLast) return undefined;
      throw new UnsupportedByServerError(answer.unknown);
    }
    const no = 'unknown' in answer ? answer.unknown : answer.no;
    if (no !== undefined) throw new RefusedByServerError(isFirst ? no : `${no} (what came before it is done)`);
    replies.push('payload' in answer ? answer.payload : undefined);
  }
  return way.read(replies, work.input);
}

/** `unknown`: the server has no such tool or method, so nothing was done. `no`: it refuses. */
type Answer = { unknown: string } | { no: string } | { no: undefined; payload: unknown };

async function callOnce<K extends OperationName>(
  { facts, call, refusal }: CarryOut<K>,
  request: Call,
  asked: string[],
): Promise<Answer> {
  const isListed = request.kind === 'method' || facts.tools.size === 0 || facts.tools.has(request.tool);
  const name = request.kind === 'tool' ? `tools/call ${request.tool}` : request.method;
  if (!isListed) return { unknown: `it has no ${name}` };
  asked.push(name);
  const outcome = await call(request);
  if (!outcome.ok)
    return outcome.code === METHOD_NOT_FOUND ? { unknown: `it does not know ${name}` } : { no: outcome.message };
  return { no: refusal(outcome.payload), payload: outcome.payload };
}
