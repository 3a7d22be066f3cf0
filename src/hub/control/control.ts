/**
 * Control: named operations on servers, agents and tasks, in the place of raw tools. Each is authorised, rate limited,
 * checked, carried out by the dialect of the one server that it is for, and audited, whatever came of it.
 */
import type { Actor } from '../../model/actor.ts';
import { targetOf, type AuditEntry } from '../../model/audit.ts';
import type { WorldSnapshot } from '../../model/change.ts';
import type { ServerRecord } from '../../model/server.ts';
import {
  canonicalInput,
  OPERATION_NAMES,
  OPERATIONS,
  operationOf,
  type OperationInput,
  type OperationName,
  type OperationOutcome,
  type OperationReply,
  type OperationResult,
} from '../../protocol/operations/operations.ts';
import type { Operation } from '../../protocol/operations/operation.ts';
import { explain } from '../../protocol/explain.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ControlConfig } from '../../platform/config/schema.ts';
import type { Logger } from '../../platform/telemetry/log.ts';
import { describeError } from '../upstream/errors.ts';
import type { Connected } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { adjustGateway, isGatewayOperation, type AdjustGateway } from './adjust-gateway.ts';
import { ControlError, controlErrorOf } from './control-error.ts';
import { betweenSwarms } from './between-swarms.ts';
import { furnishSwarm, type SwarmReply } from './furnish-swarm.ts';
import { isServerOperation, manageServers, type ServerSet } from './manage-servers.ts';
import { OperationLimits } from './operation-limits.ts';
import { resolve } from './resolve.ts';
import { serverOperation } from './server-operation.ts';
import { WORLD_ANSWERS, type WorldOperation } from './world-answers.ts';
import { quote, WorldIndex } from './world-index.ts';

/** Operations under way at once; more are refused. */
const MAX_OPERATIONS = 256;

export interface ControlOptions {
  config: ControlConfig;
  /** A message from one swarm to another was taken by its server; by their keys. */
  messageSent: (from: string, to: string) => void;
  /** Undefined until servers are started. */
  upstreams: () => Upstreams | undefined;
  /** For operators: the set of servers that are watched. */
  servers: ServerSet;
  /** For operators: settings of the gateway. */
  adjust: AdjustGateway;
  /** The world with all that was observed until now. */
  snapshot: () => WorldSnapshot;
  clock: Clock;
  log: Logger;
  /** Must not throw and must not wait. */
  audit: (entry: AuditEntry) => void;
}

/** What is asked for, and by whom. */
export interface OperationOrder {
  operation: string;
  input: unknown;
  actor: Actor;
}

export interface ControlStats {
  operations_total: number;
  operations_failed_total: number;
  operations_refused_total: number;
  operations_pending: number;
  operations_pending_limit: number;
}

type Reply = Omit<OperationReply, 'operation' | 'took_ms'>;

export class Control {
  readonly #options: ControlOptions;
  readonly #limits: OperationLimits;
  #config: ControlConfig;
  #pending = 0;
  #total = 0;
  #failed = 0;
  #refused = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#limits = new OperationLimits(options.config, options.clock);
  }

  /** Holds from now on; what is under way keeps its deadline. */
  set config(config: ControlConfig) {
    this.#config = config;
    this.#limits.allowance = config;
  }

  stats(): ControlStats {
    return {
      operations_total: this.#total,
      operations_failed_total: this.#failed,
      operations_refused_total: this.#refused,
      operations_pending: this.#pending,
      operations_pending_limit: MAX_OPERATIONS,
    };
  }

  /** Never rejects for what the asker or a server did: that is a failure with a code. */
  async execute(order: OperationOrder): Promise<OperationOutcome> {
    const { clock, audit, log } = this.#options;
    const startMs = clock.monotonic();
    const outcome = await this.#attempt(order, startMs);
    const { subject, role, via } = order.actor;
    const operation = operationOf(order.operation);
    const entry = {
      subject,
      role,
      via,
      operation: order.operation.slice(0, 64),
      kind: operation?.kind ?? 'write',
      target: targetOf(operation === undefined ? order.input : canonicalInput(order.input ?? {}, operation.input)),
      outcome: outcome.ok ? 'ok' : outcome.failure.code,
      ...(outcome.ok ? {} : { message: outcome.failure.message }),
      took_ms: Math.round(clock.monotonic() - startMs),
    };
    this.#total += 1;
    if (!outcome.ok) this.#failed += 1;
    if (!outcome.ok && ['forbidden', 'rate_limited'].includes(outcome.failure.code)) this.#refused += 1;
    audit(entry);
    log.debug({ operation: entry.operation, outcome: entry.outcome }, 'operation');
    return outcome;
  }

  /** Servers that are connected and whose dialect has the operation. */
  serversFor(operation: OperationName): ServerRecord[] {
    if (isGatewayOperation(operation)) return [];
    const world = operation in WORLD_ANSWERS || operation === 'telemetry.restart' || isServerOperation(operation);
    return this.#options
      .snapshot()
      .servers.filter(({ id }) => world || this.#connected(id)?.dialect.operations?.[doneBy(operation)] !== undefined);
  }

  async #attempt(order: OperationOrder, startMs: number): Promise<OperationOutcome> {
    try {
      const { name, operation, input } = this.#admit(order);
      if (this.#pending >= MAX_OPERATIONS)
        throw new ControlError('busy', `${MAX_OPERATIONS} operations are under way`, { retryAfterMs: 1_000 });
      this.#pending += 1;
      try {
        const reply = await this.#withinDeadline(name, operation, this.#run(name, operation, input));
        const took_ms = Math.round(this.#options.clock.monotonic() - startMs);
        return { ok: true, reply: { operation: name, ...reply, took_ms } };
      } finally {
        this.#pending -= 1;
      }
    } catch (error) {
      if (error instanceof ControlError) return { ok: false, failure: error.toFailure() };
      this.#options.log.error({ err: error, operation: order.operation.slice(0, 64) }, 'an operation failed');
      return { ok: false, failure: { code: 'internal', message: 'the gateway failed; its log says why' } };
    }
  }

  /** Who asks too often, may not, or asks for what is no operation, gets no further. */
  #admit({ operation: asked, input, actor }: OperationOrder) {
    if (actor.limited === true)
      throw new ControlError('forbidden', 'your token limits what you may see: no operations');
    const operation = operationOf(asked);
    if (operation === undefined) {
      const list = OPERATION_NAMES.join(', ');
      throw new ControlError('no_such_operation', `there is no operation ${quote(asked)}; allowed: ${list}`);
    }
    const retryAfterMs = this.#limits.take(actor.subject, operation.kind);
    if (retryAfterMs > 0) {
      const message = `too many operations that ${operation.kind}; ${this.#allowed(operation.kind)} a minute are allowed`;
      throw new ControlError('rate_limited', message, { retryAfterMs });
    }
    if (operation.role === 'operator' && actor.role !== 'operator')
      throw new ControlError('forbidden', `${asked} is for operators; ${quote(actor.subject)} is a ${actor.role}`);
    const parsed = operation.input.safeParse(canonicalInput(input ?? {}, operation.input));
    if (!parsed.success) throw new ControlError('bad_input', explain(parsed.error.issues, `${asked}: `).message);
    if (parsed.data['fresh'] === true && actor.role !== 'operator')
      throw new ControlError('forbidden', 'fresh has a server asked, which is for operators: leave it out');
    return { name: asked as OperationName, operation, input: parsed.data };
  }

  #allowed(kind: Operation['kind']): number {
    const { reads_per_minute, writes_per_minute } = this.#config;
    return kind === 'read' ? reads_per_minute : writes_per_minute;
  }

  async #run(name: OperationName, operation: Operation, input: Record<string, unknown>): Promise<Reply> {
    if (name in WORLD_ANSWERS) return this.#answer(name as WorldOperation, input);
    if (name === 'telemetry.restart') return this.#restartTelemetry(input);
    if (isGatewayOperation(name)) {
      if (this.#options.upstreams() === undefined) throw new ControlError('unavailable', 'the gateway is starting');
      const done = await adjustGateway(name, input, this.#options.adjust);
      return { ...done, result: done.result as OperationReply['result'] };
    }
    if (isServerOperation(name)) {
      const world = new WorldIndex(this.#options.snapshot());
      const done = await manageServers(name, input as { server_id: string }, { servers: this.#options.servers, world });
      // Of the operation's own shape, which only its name tells.
      return { ...done, result: done.result as OperationReply['result'] };
    }
    if (name === 'swarm.message') return this.#betweenSwarms(operation, input as OperationInput<'swarm.message'>);
    const done = await this.#onServer(name, operation, input);
    if (name !== 'swarm.init') return done;
    return furnishSwarm(done as SwarmReply, input as OperationInput<'swarm.init'>, (next, wish) => {
      const of: Operation = OPERATIONS[next];
      return this.#onServer(next, of, of.input.parse(wish));
    });
  }

  async #betweenSwarms(operation: Operation, input: OperationInput<'swarm.message'>): Promise<Reply> {
    const { from, to, order } = betweenSwarms(input, new WorldIndex(this.#options.snapshot()));
    const done = await this.#onServer('swarm.message', operation, order);
    this.#options.messageSent(from.key, to.key);
    const result = { ...(done.result as OperationResult<'swarm.coordinate'>), from_swarm_id: from.key };
    return { ...done, result };
  }

  /** Reads are answered from the world; `fresh` has the server, or all, asked first. */
  async #answer(name: WorldOperation, input: Record<string, unknown>): Promise<Reply> {
    let world = new WorldIndex(this.#options.snapshot());
    const serverId = this.#serverOf(input, world);
    if (input['fresh'] === true) {
      await this.#refresh(serverId === undefined ? world.servers.map(({ id }) => id) : [serverId]);
      world = new WorldIndex(this.#options.snapshot());
    }
    const answer = WORLD_ANSWERS[name] as (world: WorldIndex, input: unknown) => OperationReply['result'];
    const derived = name === 'metrics.aggregate' ? { provenance: { aggregated_data: 'derived' as const } } : {};
    return { ...this.#about(serverId, world), source: 'gateway', asked: [], ...derived, result: answer(world, input) };
  }

  #serverOf(input: Record<string, unknown>, world: WorldIndex): string | undefined {
    const { server_id, swarm_id } = input as { server_id?: string; swarm_id?: string };
    if (server_id !== undefined) return world.server(server_id).id;
    return swarm_id === undefined ? undefined : world.swarm(swarm_id, undefined).server_id;
  }

  /** One server that cannot be asked is a failure; of several, those that can are enough. */
  async #refresh(serverIds: readonly string[]): Promise<void> {
    const upstreams = this.#options.upstreams();
    const refreshed = serverIds.map(async (id) => {
      const upstream = upstreams?.get(id);
      if (upstream === undefined) throw new ControlError('unavailable', `${id} is not supervised now`);
      await upstream.refresh();
    });
    const [first, ...others] = await Promise.allSettled(refreshed);
    if (first?.status === 'rejected' && others.length === 0)
      throw controlErrorOf(first.reason, serverIds[0] ?? '', false);
  }

  async #restartTelemetry({ server_id }: OperationInput<'telemetry.restart'>): Promise<Reply> {
    const world = new WorldIndex(this.#options.snapshot());
    const ids = server_id === undefined ? world.servers.map(({ id }) => id) : [world.server(server_id).id];
    const servers = await Promise.all(ids.map((id) => this.#restartOne(id)));
    return { ...this.#about(server_id, world), source: 'gateway', asked: [], result: { servers } };
  }

  async #restartOne(id: string): Promise<OperationResult<'telemetry.restart'>['servers'][number]> {
    try {
      const telemetry = await this.#options.upstreams()?.get(id)?.restartTelemetry();
      return { server_id: id, telemetry: telemetry ?? 'off', restarted: telemetry !== undefined };
    } catch (error) {
      this.#options.log.debug({ server: id, error: describeError(error) }, 'telemetry not restarted');
      return { server_id: id, telemetry: 'off', restarted: false };
    }
  }

  async #onServer(name: OperationName, operation: Operation, input: Record<string, unknown>): Promise<Reply> {
    const world = new WorldIndex(this.#options.snapshot());
    const able = this.serversFor(name);
    const { server, input: placed } = resolve(name, input, world, able);
    const told = await serverOperation({
      name,
      by: doneBy(name),
      operation,
      server,
      input: placed,
      world,
      able,
      upstream: this.#options.upstreams()?.get(server.id),
    });
    return { ...this.#about(server.id, world), ...told };
  }

  #about(serverId: string | undefined, world: WorldIndex): Pick<Reply, 'server_id' | 'simulated_server'> {
    if (serverId === undefined) return {};
    const isSimulated = world.servers.some(({ id, simulated }) => id === serverId && simulated);
    return { server_id: serverId, ...(isSimulated ? { simulated_server: true } : {}) };
  }

  #connected(serverId: string): Connected | undefined {
    return this.#options.upstreams()?.get(serverId)?.connected();
  }

  /** Whoever asked is answered in time; what was sent goes on. */
  async #withinDeadline<T>(name: OperationName, { kind }: Operation, work: Promise<T>): Promise<T> {
    const { deadline_ms } = this.#config;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const message = `${name} was not answered within ${deadline_ms} ms`;
        reject(
          kind === 'read'
            ? new ControlError('unavailable', message)
            : new ControlError('outcome_unknown', `${message}: it may yet be done`),
        );
      }, deadline_ms);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
      // Its own failure, if it comes after the deadline, has nobody left to tell.
      work.catch((error: unknown) => this.#options.log.debug({ error: describeError(error) }, `late: ${name}`));
    }
  }
}

/** A dialect sends to a swarm, whoever it is from. */
function doneBy(name: OperationName): OperationName {
  return name === 'swarm.message' ? 'swarm.coordinate' : name;
}
