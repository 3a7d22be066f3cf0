/** Recorded exchanges with the real servers, and a model of what a session of observations adds up to. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Observation } from '../../../../../src/model/observation.ts';
import type { Call, Dialect, DialectSession, Outcome } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { failure, outcomeOf } from '../../../../../src/hub/upstream/outcome.ts';

const ROOT = new URL('../../../../fixtures/captures/', import.meta.url);

export type Recorded = 'claude-flow' | 'ruv-swarm';

export interface Exchange {
  file: string;
  id: number;
  call: Call;
  outcome: Outcome;
  noise: string[];
}

interface Raw {
  id: number;
  params?: { name?: string; arguments?: Record<string, unknown> };
  response: { result?: unknown; error?: { code: number; message: string } };
  noise?: string[];
}

/** The tools/call exchanges of one recording, e.g. `agent_list.busy`. */
export function exchanges(server: Recorded, file: string): Exchange[] {
  const raw = JSON.parse(readFileSync(new URL(`${server}/${file}.json`, ROOT), 'utf8')) as Raw[];
  return raw.flatMap((each) => {
    const tool = each.params?.name;
    if (tool === undefined) return [];
    const { result, error } = each.response;
    const outcome = error === undefined ? outcomeOf(result, 'tool') : failure(error.code, error.message);
    return [{ file, id: each.id, call: call(tool, each.params?.arguments), outcome, noise: each.noise ?? [] }];
  });
}

/** All recordings of a server. */
export function recordings(server: Recorded): string[] {
  return readdirSync(new URL(`${server}/`, ROOT))
    .filter((name) => name.endsWith('.json') && !name.startsWith('_'))
    .map((name) => name.slice(0, -'.json'.length))
    .toSorted();
}

/** The lines that ruv-swarm wrote to stdout, first lines of its dumps only. */
export function noiseLines(): string[] {
  return JSON.parse(readFileSync(new URL('ruv-swarm/_stdout_noise.json', ROOT), 'utf8')) as string[];
}

/** The serverInfo of the recorded handshake. */
export function serverInfo(server: Recorded): { name: string; version: string } {
  const raw = JSON.parse(readFileSync(new URL(`${server}/_initialize.json`, ROOT), 'utf8')) as Raw[];
  const result = raw[0]?.response.result as { serverInfo: { name: string; version: string } } | undefined;
  if (result === undefined) throw new Error(`no recorded handshake of ${server}`);
  return result.serverInfo;
}

/** A session with a peer that lists no tools: everything is asked for. */
export function openSession(dialect: Dialect, tools: readonly string[] = []): DialectSession {
  return dialect.open({ name: undefined, version: undefined, protocolVersion: undefined, tools: new Set(tools) });
}

/** Reads a recording's exchanges in order. */
export function readAll(session: DialectSession, server: Recorded, file: string, atMs = 0): Observation[] {
  return exchanges(server, file).flatMap((each) => session.read(each.call, each.outcome, atMs));
}

export type Of<K extends Observation['kind']> = Extract<Observation, { kind: K }>;

/** The observations of one kind. */
export function only<K extends Observation['kind']>(observations: readonly Observation[], kind: K): Of<K>[] {
  return observations.filter((each): each is Of<K> => each.kind === kind);
}

/** The observation of one agent. */
export function agentOf(observations: readonly Observation[], agent: string): Of<'agent'> | undefined {
  return only(observations, 'agent').findLast((each) => each.agent === agent);
}

/** A tools/call. */
export function call(tool: string, args: Record<string, unknown> = {}): Call {
  return { kind: 'tool', tool, args };
}

/** A good answer. */
export function ok(payload: unknown): Outcome {
  return { ok: true, payload };
}
