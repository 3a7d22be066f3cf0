/** The table of `swarmcast watch`, as lines of text. Pure: what is shown is an argument. */
import type { ClientState, ClientStatus, Position } from '../client/client.ts';
import type { AgentRecord } from '../model/agent.ts';
import type { HealthState } from '../model/health.ts';
import type { ServerRecord } from '../model/server.ts';
import { cleanText } from '../model/text.ts';

/** One moment of a view. */
export interface TableInput {
  url: string;
  status: ClientStatus;
  state: ClientState;
  mode: string | undefined;
  effectiveRateHz: number | undefined;
  /** Undefined before there was time to measure. */
  rates: { framesPerSecond: number; bytesPerSecond: number } | undefined;
  /** The gateway's clock, ms since 1970. */
  nowMs: number;
  positionOf: (agent: AgentRecord) => Position | undefined;
}

export interface TableSize {
  columns: number;
  /** Lines that may be used; agents that do not fit are counted. */
  rows: number;
  /** Colours never stand alone: each has its sign and word. */
  colour: boolean;
}

const UNKNOWN = '–';
/** Okabe–Ito blue, orange, vermilion and grey, which all kinds of eyes can tell apart; each with a sign of its own. */
const HEALTH_SIGNS: Readonly<Record<HealthState, { sign: string; colour: number }>> = {
  healthy: { sign: '●', colour: 32 },
  degraded: { sign: '▲', colour: 214 },
  unhealthy: { sign: '■', colour: 202 },
  down: { sign: '✖', colour: 202 },
  unknown: { sign: '?', colour: 245 },
};

/** Lines of at most `columns` characters, without line ends. */
export function tableLines(input: TableInput, size: TableSize): string[] {
  const head = [...headLines(input), '', ...serverLines(input.state, size), '', ...swarmLines(input.state)];
  const [title, ...agents] = agentLines(input);
  const room = Math.max(1, size.rows - head.length - 3);
  const lines = [...head, '', title ?? '', ...agents.slice(0, room)];
  if (agents.length > room) lines.push(`  … and ${agents.length - room} more lines; filter with --swarm, --status, …`);
  return lines.map((line) => cut(line, size.columns));
}

/** One line that says the same for a log. */
export function summaryLine(input: TableInput): string {
  const { state } = input;
  const health = counts([...state.servers.values()].map((server) => server.health.state));
  const statuses = counts([...state.agents.values()].map((agent) => agent.status));
  const simulated = [...state.servers.values()].some((server) => server.simulated) ? ', some SIMULATED' : '';
  return [
    new Date(input.nowMs).toISOString(),
    statusText(input.status),
    modeText(input),
    `${count(state.servers, 'server')} (${health}${simulated})`,
    count(state.swarms, 'swarm'),
    `${count(state.agents, 'agent')} (${statuses})`,
    count(state.links, 'link'),
    count(state.tasks, 'task'),
    rateText(input),
  ].join(' · ');
}

function headLines(input: TableInput): string[] {
  const { state } = input;
  const lines = [
    `Swarmcast  ${clean(input.url)} · ${statusText(input.status)} · ${modeText(input)} · ${rateText(input)}`,
    [
      count(state.servers, 'server'),
      count(state.swarms, 'swarm'),
      count(state.agents, 'agent'),
      count(state.links, 'link'),
      count(state.tasks, 'task'),
      (state.degradationLevel ?? 'unknown').replaceAll('_', ' '),
    ].join(' · '),
  ];
  if ([...state.servers.values()].some((server) => server.simulated)) {
    lines.push('Servers marked SIMULATED are made up by the gateway: their agents are not real.');
  }
  return lines;
}

function statusText(status: ClientStatus): string {
  if (status.status !== 'reconnecting') return status.status;
  const why = status.reason === '' ? `code ${status.code}` : clean(status.reason);
  return `reconnecting in ${(status.delayMs / 1_000).toFixed(1)} s (${why}); what is shown is old`;
}

function modeText({ mode, effectiveRateHz }: TableInput): string {
  if (mode === undefined) return 'mode unknown';
  return effectiveRateHz === undefined ? mode : `${mode}, ${effectiveRateHz} Hz`;
}

function rateText({ rates }: TableInput): string {
  if (rates === undefined) return 'rates not measured';
  const { framesPerSecond, bytesPerSecond } = rates;
  return `${framesPerSecond.toFixed(1)} frames/s · ${(bytesPerSecond / 1_000).toFixed(1)} kB/s`;
}

function serverLines(state: ClientState, size: TableSize): string[] {
  const rows = [...state.servers.values()]
    .toSorted((a, b) => compare(a.id, b.id))
    .map((server) => [
      healthCell(server, size.colour),
      clean(server.id),
      server.type,
      server.transport,
      server.simulated ? 'SIMULATED' : 'real',
      clean(server.health.reason),
    ]);
  return grid(['HEALTH', 'SERVER', 'TYPE', 'BY', 'WHAT', 'WHY'], rows);
}

function healthCell({ health }: ServerRecord, colour: boolean): string {
  const { sign, colour: code } = HEALTH_SIGNS[health.state];
  const text = `${sign} ${health.state}`;
  return colour ? `\u001b[38;5;${code}m${text}\u001b[39m` : text;
}

function swarmLines(state: ClientState): string[] {
  const sizes = new Map<number, number>();
  for (const agent of state.agents.values()) sizes.set(agent.swarm, (sizes.get(agent.swarm) ?? 0) + 1);
  const rows = [...state.swarms.values()]
    .toSorted((a, b) => compare(a.key, b.key))
    .map((swarm) => [
      clean(swarm.key),
      clean(swarm.topology),
      clean(swarm.status),
      String(sizes.get(swarm.ref) ?? 0).padStart(6),
    ]);
  return grid(['SWARM', 'TOPOLOGY', 'STATUS', 'AGENTS'], rows);
}

/** A heading, then each swarm's key followed by its agents. */
function agentLines(input: TableInput): string[] {
  const agents = [...input.state.agents.values()].toSorted((a, b) => compare(a.key, b.key));
  const [title = '', ...rows] = grid(
    ['  AGENT', 'TYPE', 'STATUS', 'TASK', 'SUCCESS', 'RESPONSE', 'POSITION', 'SEEN'],
    agents.map((agent) => agentCells(agent, input)),
  );
  const lines = [title];
  rows.forEach((row, i) => {
    const swarm = agents[i]?.swarm;
    if (swarm !== undefined && agents[i - 1]?.swarm !== swarm) lines.push(clean(input.state.swarms.get(swarm)?.key));
    lines.push(row);
  });
  return lines;
}

function agentCells(agent: AgentRecord, { nowMs, positionOf }: TableInput): string[] {
  const { success_rate: success, response_time_ms: response } = agent.performance ?? {};
  return [
    `  ${clean(agent.name ?? agent.id, 36)}`,
    clean(agent.type, 20),
    agent.stale === true ? `${agent.status} (stale)` : agent.status,
    clean(agent.current_task, 24),
    success === undefined ? UNKNOWN : `${(success * 100).toFixed(0)} %`,
    response === undefined ? UNKNOWN : `${response.toFixed(0)} ms`,
    positionText(positionOf(agent)),
    agent.stale_since_ms === undefined ? '' : `${age(nowMs - agent.stale_since_ms)} ago`,
  ];
}

function positionText(position: Position | undefined): string {
  return position === undefined ? UNKNOWN : position.map((axis) => axis.toFixed(1).padStart(7)).join(' ');
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function count({ size }: { size: number }, noun: string): string {
  return `${size} ${noun}${size === 1 ? '' : 's'}`;
}

function counts(words: readonly string[]): string {
  const byWord = new Map<string, number>();
  for (const word of words) byWord.set(word, (byWord.get(word) ?? 0) + 1);
  const parts = [...byWord].toSorted(([a], [b]) => compare(a, b)).map(([word, times]) => `${times} ${word}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Columns as wide as their widest cell, two blanks apart. */
function grid(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd(),
  );
}

// The escapes of this file: the only control characters that can be in a line.
// eslint-disable-next-line no-control-regex
const COLOUR = /(\u001b\[[0-9;]*m)/;

function width(text: string): number {
  return Array.from(text.split(COLOUR).filter(isVisible).join('')).length;
}

function isVisible(part: string): boolean {
  return !part.startsWith('\u001b');
}

/** Cuts by visible characters; a colour that is open then is closed. */
function cut(line: string, columns: number): string {
  if (width(line) <= columns) return line;
  let left = columns - 1;
  let kept = '';
  for (const part of line.split(COLOUR)) {
    const characters = Array.from(part).slice(0, left);
    if (isVisible(part)) left -= characters.length;
    kept += isVisible(part) ? characters.join('') : part;
  }
  return `${kept}…`;
}

/** Upstream text is cleaned by the gateway; a terminal obeys control characters, so it is cleaned here again. */
function clean(text: string | undefined, maxLength = 80): string {
  if (text === undefined) return UNKNOWN;
  const cleaned = cleanText(text);
  return cleaned.length > maxLength ? `${cleaned.slice(0, maxLength - 1).toWellFormed()}…` : cleaned;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
