import type { ServerConfig } from '../../../platform/config/schema.ts';
import type { Dialect, PeerDescription } from './dialect.ts';
import { genericOperations } from './generic-operations.ts';
import { GUESSED, GenericSession } from './generic-session.ts';
import type { GenericPlan } from './generic-session.ts';

/** Where agents are in the replies of a server that nobody wrote a dialect for. */
export type GenericMapping = NonNullable<ServerConfig['mapping']>;

/** Words in the name of a tool that only reads. */
const READS: ReadonlySet<string> = new Set(['list', 'ls', 'get', 'all', 'show', 'query', 'fetch', 'enumerate', 'read']);

/**
 * Any MCP server whose agents one tool lists: the tool and the places of the fields come from the configuration, or are
 * guessed from the names of its tools and the usual spellings.
 */
export function createGenericDialect(mapping: GenericMapping | undefined): Dialect {
  return {
    name: 'generic',
    serverType: 'other',
    timing: { fastMs: 1_000, slowMs: 10_000, slowRoundTripMs: 100 },
    matches: (peer) => {
      // A mapping for this server is the configuration's word that it is one of these.
      if (mapping !== undefined && peer.tools.has(mapping.list_tool)) return 1;
      return guessListTool(peer) === undefined ? 0 : 0.01;
    },
    ...(mapping === undefined ? {} : { operations: genericOperations(mapping.operations) }),
    open: (peer) => new GenericSession(mapping === undefined ? guess(peer) : mapped(mapping)),
  };
}

function mapped(mapping: GenericMapping): GenericPlan {
  return {
    call: { kind: 'tool', tool: mapping.list_tool, args: mapping.list_args },
    agents: [mapping.agents_path],
    id: [mapping.id],
    name: [mapping.name],
    type: [mapping.agent_type],
    status: [mapping.status],
    swarm: [mapping.swarm],
  };
}

function guess(peer: PeerDescription): GenericPlan {
  const tool = guessListTool(peer);
  // Without a tool to ask, the list of tools at least shows that the server answers.
  return {
    ...GUESSED,
    call: tool === undefined ? { kind: 'method', method: 'tools/list', params: {} } : { kind: 'tool', tool, args: {} },
  };
}

/**
 * The shortest of the tools whose names say that they list agents (`list_agents`, `agent_list`, `getAgents`) and hold no
 * other word, since a word that nobody knows may change something.
 */
function guessListTool(peer: PeerDescription): string | undefined {
  const candidates = [...peer.tools].filter((tool) => {
    const words = wordsOf(tool);
    const isAgents = words.includes('agents') || (words.includes('agent') && words.includes('list'));
    return isAgents && words.every((word) => word === 'agents' || word === 'agent' || READS.has(word));
  });
  return candidates.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
}

function wordsOf(tool: string): string[] {
  const spaced = tool.slice(0, 200).replace(/([a-z])([A-Z])/g, '$1 $2');
  return spaced
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
}
