/** Operators change the set of servers: what they ask for, checked, and done by the hub. */
import type { OperationInput, OperationName, OperationReply } from '../../protocol/operations/operations.ts';
import { serverSchema, type ServerConfig } from '../../platform/config/schema.ts';
import { describeEndpoint } from '../upstream/open-transport.ts';
import { ControlError } from './control-error.ts';
import { quote, type WorldIndex } from './world-index.ts';

/** What the hub can do to its set of servers. */
export interface ServerSet {
  /** Why not; undefined when it was added. */
  add(server: ServerConfig): string | undefined;
  remove(id: string): 'until a reload' | 'until the gateway ends';
  /** Operations without an answer at the end; undefined where that server is not watched now. */
  drain(id: string): Promise<number | undefined>;
  /** False: it was not drained. */
  resume(id: string): boolean;
}

type ServerOperation = Extract<OperationName, `server.${string}`>;
type Managed = Pick<OperationReply, 'server_id' | 'source' | 'asked' | 'note'> & { result: object };

const KEPT = 'to keep it, put it into the configuration';

export function isServerOperation(name: OperationName): name is ServerOperation {
  return name.startsWith('server.');
}

/** @throws {@link ControlError} for servers that are not there, and for what can't be a server */
export async function manageServers(
  name: ServerOperation,
  input: { server_id: string },
  { servers, world }: { servers: ServerSet; world: WorldIndex },
): Promise<Managed> {
  const { server_id } = input;
  const done = { server_id, source: 'gateway' as const, asked: [] };
  if (name === 'server.add') {
    const server = asServer(input as OperationInput<'server.add'>);
    const why = servers.add(server);
    if (why !== undefined) throw new ControlError('bad_input', why);
    const result = { server_id, endpoint: describeEndpoint(server), lasts: 'until the gateway ends' };
    return { ...done, note: KEPT, result };
  }
  world.server(server_id);
  switch (name) {
    case 'server.remove': {
      const lasts = servers.remove(server_id);
      const note = lasts === 'until a reload' ? { note: 'to keep it so, take it out of the configuration' } : {};
      return { ...done, ...note, result: { server_id, removed: true, lasts } };
    }
    case 'server.drain': {
      const unanswered = await servers.drain(server_id);
      if (unanswered === undefined) throw new ControlError('unavailable', `${quote(server_id)} is drained already`);
      return { ...done, result: { server_id, unanswered, lasts: 'until a reload' } };
    }
    case 'server.resume':
      return { ...done, result: { server_id, resumed: servers.resume(server_id) } };
  }
}

/** Checked as an entry of the configuration is; of its fields only those that the operation has. */
function asServer(input: OperationInput<'server.add'>): ServerConfig {
  const { server_id: id, ...fields } = input;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = serverSchema.safeParse({ id, ...given });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ControlError('bad_input', `server.add: ${problems.join('; ')}`);
  }
  const server = parsed.data;
  if (server.transport === 'http' && /^[a-z]+:\/\/[^/]*@/i.test(server.url))
    throw new ControlError('bad_input', 'server.add: url must not hold a user or a password');
  if (server.dialect === 'generic')
    throw new ControlError('bad_input', 'server.add: dialect "generic" needs a mapping, which the configuration has');
  return server;
}
