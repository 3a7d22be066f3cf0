/** A control operation that waits for confirmation, and what came of it. Pure but for the request itself. */
import type { OperationName, OperationReply, OperationRequest, SwarmcastClient } from '../../../../client/client.ts';
import { RequestError } from '../../../../client/client.ts';
import { digits } from '../../../format.ts';

export interface Order {
  operation: OperationName;
  /** What is about to be done, for people. */
  question: string;
  /** Everything that will be sent. */
  fields: readonly Fact[];
  send(client: SwarmcastClient): Promise<OperationReply>;
}

export type Fact = readonly [name: string, value: string];

export interface Report {
  failed: boolean;
  /** One sentence. */
  text: string;
  /** Of the result, or of the problem. */
  facts: readonly Fact[];
}

export function orderOf<K extends OperationName>(operation: K, input: OperationRequest<K>, question: string): Order {
  return {
    operation,
    question,
    fields: factsOf({ operation, ...input }),
    send: (client) => client.command(operation, input),
  };
}

/** The view may leave agents of the swarm out, so their number is only of those that it shows. */
export function dissolveQuestion(
  swarm: string,
  { agents, swarms }: Pick<SwarmcastClient['state'], 'agents' | 'swarms'>,
): string {
  const shown = [...agents.values()].filter((agent) => swarms.get(agent.swarm)?.key === swarm).length;
  return `End ${swarm} and all of its agents (${shown} shown here)? This cannot be undone.`;
}

/** Carries it out. Never rejects for what a gateway or a server says. */
export async function carryOut(order: Order, client: SwarmcastClient): Promise<Report> {
  try {
    return reportOf(await order.send(client));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return problemOf(error);
  }
}

function reportOf({
  operation,
  source,
  server_id: server,
  simulated_server,
  note,
  took_ms,
  asked,
  result,
}: OperationReply): Report {
  const who =
    source === 'gateway' || server === undefined
      ? 'the gateway'
      : `${server}${simulated_server === true ? ' (simulated)' : ''}`;
  return {
    failed: false,
    text: `${operation}: done by ${who} in ${digits(took_ms)} ms.`,
    facts: [
      ...factsOf(result),
      ...(asked.length === 0 ? [] : [['asked', asked.join(', ')] as const]),
      ...(note === undefined ? [] : [['note', note] as const]),
    ],
  };
}

/** After these a write may have been done. */
const UNKNOWN = new Set(['outcome_unknown', 'timeout', 'closed']);

function problemOf({ code, message, retryAfterMs }: RequestError): Report {
  return {
    failed: true,
    text: UNKNOWN.has(code) ? 'Not known whether it was done: look before you try again.' : 'Not done.',
    facts: [
      ['problem', code],
      ['detail', message.replace(/^command: /, '')],
      ...(retryAfterMs === undefined ? [] : [['try again in', `${digits(retryAfterMs / 1_000)} s`] as const]),
    ],
  };
}

/** Fields with a value; lists and objects as JSON. */
function factsOf(fields: object): Fact[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null
      ? []
      : [[name, typeof value === 'string' ? value : JSON.stringify(value)] as const],
  );
}
