/** A client written from protocol.md alone: plain maps, no import of the machine. It also polices what reaches it. */
type Fields = Record<string, unknown>;
export interface Message {
  type: string;
  timestamp: number;
  cursor?: string;
  payload: Record<string, unknown>;
}

const refsOf = (value: unknown): number[] => value as number[];
const recordsOf = (value: unknown): Fields[] => value as Fields[];
const refOf = (record: Fields): number => record['ref'] as number;

export class ModelClient {
  servers = new Map<number, Fields>();
  swarms = new Map<number, Fields>();
  agents = new Map<number, Fields>();
  links = new Map<number, Fields>();
  tasks = new Map<number, Fields>();
  cursor = '';
  flow: Fields[] = [];
  /** Broken rules, in words. */
  readonly complaints: string[] = [];
  #snapshot: { id: number; part: number } | undefined;

  readonly #handlers: Record<string, (payload: Message['payload']) => void> = {
    discovery: (payload) => this.#discovery(payload),
    snapshot: (payload) => this.#snapshotPart(payload),
    agent_update: (payload) => this.#agentUpdate(payload),
    topology_update: (payload) => {
      for (const link of recordsOf(payload['linked'])) this.#link(link);
      for (const ref of refsOf(payload['unlinked'])) this.links.delete(ref);
    },
    task_update: (payload) => {
      for (const task of recordsOf(payload['tasks'])) this.tasks.set(refOf(task), task);
      for (const ref of refsOf(payload['removed'])) this.tasks.delete(ref);
    },
    performance_update: (payload) => {
      for (const { ref, performance } of recordsOf(payload['agents'])) this.#merge({ ref, performance });
    },
    neural_update: (payload) => {
      for (const { ref, neural } of recordsOf(payload['agents'])) this.#merge({ ref, neural });
    },
    message_flow: (payload) => this.#takeFlow(recordsOf(payload['messages'])),
    health_update: ({ server: ref, state, reason, since_ms, evidence }) => {
      const server = this.servers.get(ref as number);
      if (server === undefined) return;
      this.servers.set(refOf(server), { ...server, health: { state, reason, since_ms, evidence } });
    },
  };

  apply(message: Message): void {
    if (message.type !== 'snapshot' && this.#snapshot !== undefined) this.#complain('something between snapshot parts');
    const handle = this.#handlers[message.type];
    if (handle === undefined) this.#complain(`unexpected ${message.type}`);
    else handle(message.payload);
    if (message.cursor !== undefined) this.cursor = message.cursor;
  }

  #takeFlow(messages: Fields[]): void {
    for (const flow of messages) {
      if (!this.agents.has(flow['from'] as number) || !this.agents.has(flow['to'] as number)) {
        this.#complain('flow between agents that the client does not know');
      }
      this.flow.push(flow);
    }
  }

  #discovery(payload: Message['payload']): void {
    if (payload['full'] === true) {
      this.servers.clear();
      this.swarms.clear();
    }
    for (const server of recordsOf(payload['servers'])) this.servers.set(refOf(server), server);
    for (const swarm of recordsOf(payload['swarms'])) this.swarms.set(refOf(swarm), swarm);
    for (const ref of refsOf(payload['removed_servers'])) this.servers.delete(ref);
    for (const ref of refsOf(payload['removed_swarms'])) this.swarms.delete(ref);
  }

  #snapshotPart(payload: Message['payload']): void {
    const id = payload['snapshot_id'] as number;
    const part = payload['part'] as number;
    if (this.#snapshot === undefined) {
      if (part !== 0) this.#complain('a snapshot that does not begin with part 0');
      this.agents.clear();
      this.links.clear();
      this.tasks.clear();
      // What the cursor stood for is gone; the last part brings a new one.
      this.cursor = '';
    } else if (this.#snapshot.id !== id || part !== this.#snapshot.part + 1) this.#complain('parts out of order');
    for (const agent of recordsOf(payload['agents'])) this.#add(agent);
    for (const link of recordsOf(payload['links'])) this.#link(link);
    for (const task of recordsOf(payload['tasks'])) this.tasks.set(refOf(task), task);
    this.#snapshot = payload['last'] === true ? undefined : { id, part };
  }

  #agentUpdate(payload: Message['payload']): void {
    for (const agent of recordsOf(payload['added'])) this.#add(agent);
    for (const patch of recordsOf(payload['updated'])) this.#merge(patch);
    for (const ref of refsOf(payload['removed'])) {
      this.agents.delete(ref);
      for (const [link, { from, to }] of this.links) if (from === ref || to === ref) this.links.delete(link);
    }
  }

  #add(agent: Fields): void {
    if (!this.swarms.has(agent['swarm'] as number)) this.#complain('an agent of a swarm that was not introduced');
    this.agents.set(refOf(agent), agent);
  }

  #link(link: Fields): void {
    if (!this.agents.has(link['from'] as number) || !this.agents.has(link['to'] as number)) {
      this.#complain('a link between agents that the client does not know');
    }
    this.links.set(refOf(link), link);
  }

  #merge(patch: Fields): void {
    const known = this.agents.get(refOf(patch));
    if (known === undefined) {
      this.#complain('an update of an agent that the client does not know');
      return;
    }
    const merged = { ...known, ...patch };
    for (const [name, value] of Object.entries(merged)) if (value === null) delete merged[name];
    this.agents.set(refOf(known), merged);
  }

  #complain(what: string): void {
    this.complaints.push(what);
  }

  forget(): void {
    for (const map of [this.servers, this.swarms, this.agents, this.links, this.tasks]) map.clear();
    this.cursor = '';
    this.#snapshot = undefined;
  }

  /** A connection was cut: what was half told stays half told. */
  disconnect(): void {
    this.#snapshot = undefined;
  }
}
