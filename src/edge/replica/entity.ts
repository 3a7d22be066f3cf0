/**
 * Entities of the replica: a record, when it changed, and its neighbours. Views key what they show by these objects,
 * so an entity object stands for one incarnation and stays the same for its whole life.
 */
import { AGENT_STATUSES, type AgentRecord } from '../../model/agent.ts';
import type { EntityKind, Patch, StatefulRecords } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { StateHash } from '../../protocol/state-hash.ts';

const NO_FIELDS: ReadonlyMap<string, number> = new Map();

/** What all kinds share. Records are replaced, never changed in place: whoever gave them may still own them. */
export abstract class Entity<R extends { ref: Ref }> {
  abstract readonly kind: EntityKind;
  readonly ref: Ref;
  readonly addedVersion: number;
  /** Version of the last change. */
  version: number;
  record: R;
  /** False once removed; the record of an agent, link or task then holds the ref alone, since tombstones may be many. */
  alive = true;
  /** Cached entity hashes by set of shown fields. */
  readonly hashes: (StateHash | undefined)[] = [];
  #fieldVersions: Map<string, number> | undefined;

  constructor(record: R, version: number) {
    this.ref = record.ref;
    this.record = record;
    this.version = version;
    this.addedVersion = version;
  }

  /** Fields that changed after the entity was added, with the version of their last change. */
  get fieldVersions(): ReadonlyMap<string, number> {
    return this.#fieldVersions ?? NO_FIELDS;
  }

  fieldVersion(field: keyof R & string): number {
    return this.#fieldVersions?.get(field) ?? this.addedVersion;
  }

  /** Merges top-level fields; null makes one absent. */
  patch(patch: Patch<R>, version: number): void {
    const fields: Record<string, unknown> = { ...this.record };
    this.#fieldVersions ??= new Map();
    for (const [field, value] of Object.entries(patch)) {
      if (field === 'ref' || value === undefined) continue;
      if (value === null) delete fields[field];
      else fields[field] = value;
      this.#fieldVersions.set(field, version);
    }
    this.record = fields as unknown as R;
    this.hashes.length = 0;
    this.afterChange();
  }

  /** Takes a whole new record of the same ref: fields that it lacks become absent. */
  replace(record: R, version: number): void {
    const patch: Record<string, unknown> = {};
    for (const field of Object.keys(this.record)) patch[field] = null;
    this.patch(Object.assign(patch, record), version);
  }

  /** Marks it removed. Kinds that may be many let their records go. */
  bury(): void {
    this.alive = false;
    this.hashes.length = 0;
  }

  protected strip(): void {
    this.record = { ref: this.ref } as R;
    this.#fieldVersions = undefined;
  }

  protected afterChange(): void {}
}

export class ServerEntity extends Entity<ServerRecord> {
  readonly kind = 'server';
  newer: ServerEntity | undefined;
  older: ServerEntity | undefined;
  /** Tasks that name no swarm. */
  readonly tasks = new Set<TaskEntity>();
  #turned: ServerRecord['health'];

  constructor(record: ServerRecord, version: number) {
    super(record, version);
    this.#turned = record.health;
  }

  /** True when it changed after `version` in more than its health, which travels by itself. */
  changedBeyondHealth(version: number): boolean {
    if (this.addedVersion > version) return true;
    for (const [field, changedAt] of this.fieldVersions) if (changedAt > version && field !== 'health') return true;
    return false;
  }

  /** True when its health came to another state, or to another reason for it, since the last call. */
  hasTurned(): boolean {
    const { health } = this.record;
    const { state, reason, since_ms } = this.#turned;
    this.#turned = health;
    return health.state !== state || health.reason !== reason || health.since_ms !== since_ms;
  }
}

export class SwarmEntity extends Entity<SwarmRecord> {
  readonly kind = 'swarm';
  newer: SwarmEntity | undefined;
  older: SwarmEntity | undefined;
  readonly agents = new Set<AgentEntity>();
  readonly tasks = new Set<TaskEntity>();
  /** As in the header of a publication; undefined until the hub tells. */
  membership: number | undefined;
}

export class AgentEntity extends Entity<AgentRecord> {
  readonly kind = 'agent';
  newer: AgentEntity | undefined;
  older: AgentEntity | undefined;
  /** Undefined only when the hub named a swarm that it never introduced; such an agent is never shown. */
  readonly home: SwarmEntity | undefined;
  /** Links at either end. */
  readonly links = new Set<LinkEntity>();
  /** Type in lower case; undefined when unknown. */
  foldedType: string | undefined;
  /** One bit of the place of its status in {@link AGENT_STATUSES}. */
  statusBit = 0;

  constructor(record: AgentRecord, version: number, home: SwarmEntity | undefined) {
    super(record, version);
    this.home = home;
    this.afterChange();
  }

  protected override afterChange(): void {
    this.foldedType = this.record.type?.toLowerCase();
    this.statusBit = statusBit(this.record.status);
  }

  override bury(): void {
    super.bury();
    this.strip();
  }
}

export class LinkEntity extends Entity<LinkRecord> {
  readonly kind = 'link';
  newer: LinkEntity | undefined;
  older: LinkEntity | undefined;
  readonly swarm: Ref;
  readonly from: AgentEntity | undefined;
  readonly to: AgentEntity | undefined;

  constructor(record: LinkRecord, version: number, from: AgentEntity | undefined, to: AgentEntity | undefined) {
    super(record, version);
    this.swarm = record.swarm;
    this.from = from;
    this.to = to;
  }

  override bury(): void {
    super.bury();
    this.strip();
  }
}

export class TaskEntity extends Entity<TaskRecord> {
  readonly kind = 'task';
  newer: TaskEntity | undefined;
  older: TaskEntity | undefined;
  /** Its swarm, or its server when it names none; undefined when that is unknown, and the task is then never shown. */
  home: SwarmEntity | ServerEntity | undefined;
  /** Version at which it last went from one home to another; 0: never. */
  rehomedVersion = 0;

  override bury(): void {
    super.bury();
    this.strip();
  }
}

interface Entities {
  server: ServerEntity;
  swarm: SwarmEntity;
  agent: AgentEntity;
  link: LinkEntity;
  task: TaskEntity;
}
export type AnyEntity = Entities[keyof StatefulRecords];

/** The bit that stands for a status in a mask. */
export function statusBit(status: AgentRecord['status']): number {
  return 1 << AGENT_STATUSES.indexOf(status);
}
