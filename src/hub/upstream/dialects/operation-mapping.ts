/**
 * How a dialect carries out control operations: an operation's input → the calls that this kind of server understands,
 * and its replies → the operation's result. Pure: no I/O, no clock.
 */
import type { OperationInput, OperationName, OperationResult } from '../../../protocol/operations/operations.ts';
import { UnsupportedByServerError } from '../errors.ts';
import type { Call } from './call.ts';

/** What a mapping may know of the server beside the input. */
export interface ServerFacts {
  /** Tools that it lists; empty where it lists none. */
  tools: ReadonlySet<string>;
  /** Its swarms as the world knows them, oldest first. */
  swarms: readonly string[];
  /** Ids of a swarm's agents. */
  members: (swarm: string) => readonly string[];
}

/** What the server told, as the operation's result. */
export interface Told<K extends OperationName> {
  result: OperationResult<K>;
  /** What must be known of it: what this server does not really do. */
  note?: string | undefined;
  /** Fields of the result that this server invents. */
  simulated?: readonly string[] | undefined;
}

/** One way to carry out an operation: calls made in order, each knowing the payloads of those before. */
export interface Way<K extends OperationName> {
  calls: readonly ((input: OperationInput<K>, replies: readonly unknown[], facts: ServerFacts) => Call)[];
  /** @throws RefusedByServerError where the payload says no, or is no answer to this. */
  read: (replies: readonly unknown[], input: OperationInput<K>) => Told<K>;
}

/**
 * Ways in order of preference: where a server knows no such method (−32601), the next is tried, since nothing has been
 * done. Operations that are absent are those that this kind of server cannot do.
 */
export type OperationMapping = { readonly [K in OperationName]?: readonly Way<K>[] };

export function tool(name: string, args: Record<string, unknown>): Call {
  return { kind: 'tool', tool: name, args: given(args) };
}

export function method(name: string, params: Record<string, unknown>): Call {
  return { kind: 'method', method: name, params: given(params) };
}

/** The object without fields that are undefined: servers refuse null where they expect nothing. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Refuses what this kind of server cannot do. @throws {@link UnsupportedByServerError} */
export function cannot(why: string): never {
  throw new UnsupportedByServerError(why);
}
