/**
 * A face is how one kind of server shows the world: names of tools, shapes of replies, words for errors. Faces do no
 * I/O. What the real servers are known to get wrong is reproduced where a client must cope with it (upstreams.md).
 */
import type { DialectName } from '../../model/server.ts';
import type { Topology } from '../../model/swarm.ts';
import type { RpcFailure } from '../errors.ts';
import type { SimulatedWorld } from '../world.ts';
import type { IdStyle, WorldEvent } from '../world-state.ts';
import type { Arguments } from './arguments.ts';
import type { DaaAgents } from './daa-agents.ts';

/** What all connections of one simulator share. */
export interface FaceContext {
  readonly world: SimulatedWorld;
  readonly daa: DaaAgents;
  /** What memory_store keeps, by `swarm/key`; bounded by who writes. */
  readonly memories: Map<string, unknown>;
  readonly startedAtMs: number;
  /** Set when a call made the server load its state (ruv-swarm refuses swarm_status before). */
  warm: boolean;
  /** ms since 1970. */
  now: () => number;
  /** Key that auth.authenticate asks for; undefined: everybody may. */
  readonly apiKey: string | undefined;
}

/** What a method of the seeds' dialect may do with the connection it came in on. */
export interface Peer {
  /** Starts a telemetry subscription. @returns its id. @throws RpcFailure when this connection cannot be pushed to. */
  subscribe(wish: { events: string[]; intervalMs: number; bufferSize: number }): string;
  /** @returns whether there was such a subscription. */
  unsubscribe(subscriptionId: string): boolean;
  authenticated: boolean;
}

/** A tools/call result. Open: the seeds' servers put fields beside `content`. */
export type ToolReply = Record<string, unknown> & { content: { type: 'text'; text: string }[] };

export interface Tool {
  description: string;
  /** Argument names and their JSON types. */
  properties: Record<string, string>;
  required?: string[];
  /** @returns the payload, JSON. @throws anything that {@link Face.fail} knows to word. */
  run(args: Arguments, context: FaceContext): unknown;
}

export type Method = (params: Arguments, context: FaceContext, peer: Peer) => unknown;

export interface Face {
  readonly name: DialectName;
  readonly serverInfo: { name: string; version: string; title: string };
  readonly capabilities: Record<string, Record<string, unknown>>;
  readonly ids: IdStyle;
  readonly topologies: readonly Topology[];
  readonly tools: ReadonlyMap<string, Tool>;
  /** JSON-RPC methods beside MCP's. */
  readonly methods: ReadonlyMap<string, Method>;
  /** `mcp`: the empty answer of MCP. `own`: as {@link methods} says, or an unknown method where it says nothing. */
  readonly ping: 'mcp' | 'own';
  wrap: (payload: unknown) => ToolReply;
  /** A failed tool call in the server's words: a reply, or a thrown {@link RpcFailure}. */
  fail: (tool: string, error: unknown) => ToolReply;
  /** A failed method of {@link Face.methods}; without it the failure is an internal error. */
  methodFailure?: (error: unknown) => RpcFailure;
  unknownTool: (tool: string) => RpcFailure;
  unknownMethod: (method: string) => RpcFailure;
  /** Makes an inbound message that only this dialect's clients send acceptable to the SDK. */
  readonly normalise?: ((message: unknown) => unknown) | undefined;
  /** The same, where messages are lines; absent: as there. */
  readonly normaliseLine?: ((message: unknown) => unknown) | undefined;
  /** Lines that the real server prints to stdout among its protocol: at the start, and when something happens. */
  readonly greeting?: readonly string[];
  readonly noise?: ((event: WorldEvent) => string[]) | undefined;
}

/** The payload as indented JSON in one text item: how claude-flow and ruv-swarm answer. */
export function prettyText(payload: unknown): ToolReply {
  return { content: [{ type: 'text', text: JSON.stringify(payload, null, 2) }] };
}

/** The JSON Schema of a tool's arguments. */
export interface ToolSchema {
  [key: string]: unknown;
  type: 'object';
  properties: Record<string, { type: string }>;
  required?: string[];
}

/** See {@link ToolSchema}. */
export function inputSchema(tool: Tool): ToolSchema {
  const properties = Object.fromEntries(Object.entries(tool.properties).map(([key, type]) => [key, { type }]));
  return { type: 'object', properties, ...(tool.required === undefined ? {} : { required: tool.required }) };
}

/** What is wrong, in one sentence, of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whole mebibytes. */
export function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

/** `2026-11-21T05:05:58.916Z` */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** How every face marks itself; dialects are told by the real names. */
export function simulatedInfo(name: string, version: string): Face['serverInfo'] {
  return { name, version: `${version}+simulated`, title: `Simulated ${name} (swarmcast simulate)` };
}
