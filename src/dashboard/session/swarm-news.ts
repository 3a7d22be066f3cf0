/** What happened to swarms, in words. Pure. */
import type { ClientEvents } from '../../client/client.ts';
import { displayText } from '../format.ts';

type SwarmEvent = ClientEvents['swarms']['events'][number];

/** More of one kind at once become one line. */
const MAX_LINES = 6;

const REASON_TEXT: Readonly<Record<NonNullable<SwarmEvent['reason']>, string>> = {
  ended: 'its server says so',
  silent: 'nobody spoke of it for too long',
  server_removed: 'its server is not watched any more',
};

const MANY_TEXT: Readonly<Record<SwarmEvent['event'], string>> = {
  created: 'swarms created',
  dissolved: 'swarms dissolved',
  moved: 'swarms moved to other servers',
  agent_moved: 'agents moved to other swarms',
  message: 'messages between swarms',
};

/** One line each, or one for many of a kind. `nameOf`: of an agent by its ref, where it is known. */
export function swarmNews(
  { events, dropped }: ClientEvents['swarms'],
  nameOf: (ref: number) => string | undefined,
): string[] {
  const byKind = new Map<SwarmEvent['event'], SwarmEvent[]>();
  for (const event of events) byKind.set(event.event, [...(byKind.get(event.event) ?? []), event]);
  const lines = [...byKind].flatMap(([kind, list]) =>
    list.length > MAX_LINES ? [`${list.length} ${MANY_TEXT[kind]}`] : list.map((event) => textOf(event, nameOf)),
  );
  return dropped === 0 ? lines : [...lines, `${dropped} more events of swarms were left out`];
}

function textOf(
  { event, swarm, from, agent, reason }: SwarmEvent,
  nameOf: (ref: number) => string | undefined,
): string {
  const [there, before] = [displayText(swarm.key), from === undefined ? 'another' : displayText(from.key)];
  switch (event) {
    case 'created':
      return `Swarm ${there} created`;
    case 'dissolved':
      return `Swarm ${there} dissolved${reason === undefined ? '' : `: ${REASON_TEXT[reason]}`}`;
    case 'moved':
      return `Swarm ${before} moved: it is ${there} now`;
    case 'agent_moved':
      return `${(agent === undefined ? undefined : nameOf(agent)) ?? 'An agent'} moved from ${before} to ${there}`;
    case 'message':
      return `Message from ${before} to ${there}`;
  }
}
