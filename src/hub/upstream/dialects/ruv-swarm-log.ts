import { id, readOne, text } from './reading.ts';

/** What a line of ruv-swarm's log says. Agents are told by name. */
export type LogLine =
  | { kind: 'swarm'; swarm: string; topology: string }
  | { kind: 'status'; agent: string; status: string }
  | { kind: 'executing'; description: string }
  | { kind: 'executes'; agent: string }
  | { kind: 'orchestrated'; task: string; description: string };

const MAX_LINE_LENGTH = 4_096;

const SWARM = /^🐝 Created swarm: (mesh|hierarchical|ring|star)-(?:swarm-\d+) \((swarm-\d+)\)$/u;
const STATUS = /^📊 Agent (.+) status: (busy|idle)$/u;
const EXECUTING = /^🏃 Executing task: (.+) with \d+ agents?$/u;
const EXECUTES = /^🏃 Agent (.+) executing task$/u;
const ORCHESTRATED = /^📋 Orchestrated task: (.+) \((task-\d+)\) - Assigned to \d+ agents?$/u;

/**
 * Reads one line of the log, which is ruv-swarm's only event stream; undefined for all others, among them
 * `🤖 Spawned agent: <name> (<type>)`, which has no id: the next poll tells of the agent. Names and descriptions are
 * other people's text and could imitate a line, so lines may only describe what the server listed itself.
 */
export function readLogLine(raw: string): LogLine | undefined {
  if (raw.length > MAX_LINE_LENGTH) return undefined;
  const line = raw.trimEnd();
  const swarm = SWARM.exec(line);
  if (swarm !== null) return read({ kind: 'swarm', topology: swarm[1], swarm: readOne(id, swarm[2]) });
  const status = STATUS.exec(line);
  if (status !== null) return read({ kind: 'status', agent: clean(status[1]), status: status[2] });
  const executing = EXECUTING.exec(line);
  if (executing !== null) return read({ kind: 'executing', description: clean(executing[1]) });
  const executes = EXECUTES.exec(line);
  if (executes !== null) return read({ kind: 'executes', agent: clean(executes[1]) });
  const orchestrated = ORCHESTRATED.exec(line);
  if (orchestrated === null) return undefined;
  return read({ kind: 'orchestrated', description: clean(orchestrated[1]), task: readOne(id, orchestrated[2]) });
}

function clean(part: string | undefined): string | undefined {
  return readOne(text, part);
}

type Loose<T> = T extends unknown ? { [K in keyof T]: T[K] | undefined } : never;

function read(line: Loose<LogLine>): LogLine | undefined {
  return Object.values(line).includes(undefined) ? undefined : (line as LogLine);
}
