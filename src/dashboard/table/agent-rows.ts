/** Rows of the table: which agents, in which order. Pure. */
import type { AgentRecord, ClientState } from '../../client/client.ts';
import { displayText } from '../format.ts';
import type { SortColumn } from '../view/url-state.ts';

/** What a person calls it: its name, or else its id. */
export function agentName(agent: Pick<AgentRecord, 'name' | 'id'>): string {
  const name = displayText(agent.name ?? agent.id);
  return name.trim() === '' ? '(no name)' : name;
}

/** Lower-case words; an agent matches when each is in one of its texts. */
export function wordsOf(query: string): string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

export function matches(agent: AgentRecord, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const texts = [agent.name, agent.key, agent.type, agent.status, agent.current_task, agent.model, agent.kind]
    .filter((text) => text !== undefined)
    .map((text) => text.toLowerCase());
  return words.every((word) => texts.some((text) => text.includes(word)));
}

type Value = string | number | undefined;

const VALUE_OF: Readonly<Record<SortColumn, (agent: AgentRecord) => Value>> = {
  name: agentName,
  type: ({ type }) => type,
  status: ({ status }) => status,
  server: ({ server_id }) => server_id,
  swarm: ({ key }) => key,
  success: ({ performance }) => performance?.success_rate,
  response: ({ performance }) => performance?.response_time_ms,
  throughput: ({ performance }) => performance?.throughput_tps,
  cpu: ({ performance }) => performance?.cpu_usage,
  memory: ({ performance }) => performance?.memory_mb,
  task: ({ current_task }) => current_task,
};

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Agents of the state that match, sorted; unknown values come last in both directions, equal ones by key. */
export function selectRows(
  agents: ClientState['agents'],
  choice: { query: string; swarm: number | undefined; sort: { column: SortColumn; descending: boolean } },
): AgentRecord[] {
  const words = wordsOf(choice.query);
  const rows: { agent: AgentRecord; value: Value }[] = [];
  const valueOf = VALUE_OF[choice.sort.column];
  for (const agent of agents.values()) {
    if (choice.swarm !== undefined && agent.swarm !== choice.swarm) continue;
    if (matches(agent, words)) rows.push({ agent, value: valueOf(agent) });
  }
  const sign = choice.sort.descending ? -1 : 1;
  rows.sort((a, b) => compare(a.value, b.value, sign) || (a.agent.key < b.agent.key ? -1 : 1));
  return rows.map(({ agent }) => agent);
}

function compare(a: Value, b: Value, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === 'number' && typeof b === 'number') return (a - b) * sign;
  return collator.compare(String(a), String(b)) * sign;
}
