import type { AgentPerformance, AgentVisual } from '../../model/agent.ts';
import type { Nullable } from '../../model/observation.ts';
import { agentVisual } from './visual.ts';

/** Places of the numbers; a number that is not known is NaN. */
const CPU = 0;
const MEMORY = 1;
const RESPONSE_TIME = 2;
const SUCCESS_RATE = 3;
const ERRORS = 4;
const THROUGHPUT = 5;
const QUEUE_DEPTH = 6;
const TASKS_ACTIVE = 7;
const TASKS_COMPLETED = 8;
const TOKENS = 9;
const COUNT = 10;

/**
 * What is measured of an agent, and the looks that follow from it: the numbers of now, and as they were published. Kept as numbers, since thousands of agents
 * change theirs many times a second: an object for each change lives just long enough to be copied by the garbage
 * collector. Names are written out, which engines read many times faster.
 */
export class Measured {
  /** Of now, then as published. */
  readonly #numbers = new Float64Array(2 * COUNT).fill(Number.NaN);
  #size = Number.NaN;
  #color: string | undefined;
  #pulseHz = Number.NaN;

  /** The numbers of now of another; nothing published. */
  static of(other: Measured): Measured {
    const measured = new Measured();
    measured.#numbers.set(other.#numbers.subarray(0, COUNT));
    return measured;
  }

  /** Absent says nothing, null makes a number unknown; so does null for all. True when something changed. */
  merge(told: Nullable<AgentPerformance> | null): boolean {
    const numbers = this.#numbers;
    if (told === null) {
      const anyKnown = numbers.subarray(0, COUNT).some((value) => !Number.isNaN(value));
      numbers.fill(Number.NaN, 0, COUNT);
      return anyKnown;
    }
    const changes =
      put(numbers, CPU, told.cpu_usage) |
      put(numbers, MEMORY, told.memory_mb) |
      put(numbers, RESPONSE_TIME, told.response_time_ms) |
      put(numbers, SUCCESS_RATE, told.success_rate) |
      put(numbers, ERRORS, told.error_count) |
      put(numbers, THROUGHPUT, told.throughput_tps) |
      put(numbers, QUEUE_DEPTH, told.queue_depth) |
      put(numbers, TASKS_ACTIVE, told.tasks_active) |
      put(numbers, TASKS_COMPLETED, told.tasks_completed) |
      put(numbers, TOKENS, told.tokens_used);
    return changes !== 0;
  }

  /** Publishes the numbers of now; true when they are others than before. */
  publish(): boolean {
    const numbers = this.#numbers;
    let changed = false;
    for (let i = 0; i < COUNT; i++) {
      const value = numbers[i] as number;
      if (Object.is(value, numbers[COUNT + i])) continue;
      numbers[COUNT + i] = value;
      changed = true;
    }
    return changed;
  }

  /** As published, made anew; undefined when nothing is known. */
  published(): AgentPerformance | undefined {
    const numbers = this.#numbers;
    const result: AgentPerformance = {};
    const cpu = known(numbers, COUNT + CPU);
    if (cpu !== undefined) result.cpu_usage = cpu;
    const memory = known(numbers, COUNT + MEMORY);
    if (memory !== undefined) result.memory_mb = memory;
    const responseTime = known(numbers, COUNT + RESPONSE_TIME);
    if (responseTime !== undefined) result.response_time_ms = responseTime;
    const successRate = known(numbers, COUNT + SUCCESS_RATE);
    if (successRate !== undefined) result.success_rate = successRate;
    const errors = known(numbers, COUNT + ERRORS);
    if (errors !== undefined) result.error_count = errors;
    const throughput = known(numbers, COUNT + THROUGHPUT);
    if (throughput !== undefined) result.throughput_tps = throughput;
    const queueDepth = known(numbers, COUNT + QUEUE_DEPTH);
    if (queueDepth !== undefined) result.queue_depth = queueDepth;
    const active = known(numbers, COUNT + TASKS_ACTIVE);
    if (active !== undefined) result.tasks_active = active;
    const completed = known(numbers, COUNT + TASKS_COMPLETED);
    if (completed !== undefined) result.tasks_completed = completed;
    const tokens = known(numbers, COUNT + TOKENS);
    if (tokens !== undefined) result.tokens_used = tokens;
    for (const _name in result) return result;
    return undefined;
  }

  /** True where looks follow from the numbers of now. */
  get hasLooks(): boolean {
    const numbers = this.#numbers;
    const isKnown = (at: number): boolean => !Number.isNaN(numbers[at]);
    return isKnown(THROUGHPUT) || isKnown(SUCCESS_RATE) || isKnown(RESPONSE_TIME);
  }

  /** Publishes the looks of now; true when they are others than before. */
  publishVisual(): boolean {
    const visual = agentVisual({
      throughput_tps: known(this.#numbers, THROUGHPUT),
      success_rate: known(this.#numbers, SUCCESS_RATE),
      response_time_ms: known(this.#numbers, RESPONSE_TIME),
    });
    const size = visual?.size ?? Number.NaN;
    const color = visual?.color;
    const pulseHz = visual?.pulse_hz ?? Number.NaN;
    if (Object.is(size, this.#size) && color === this.#color && Object.is(pulseHz, this.#pulseHz)) return false;
    this.#size = size;
    this.#color = color;
    this.#pulseHz = pulseHz;
    return true;
  }

  /** As published, made anew; undefined without any. */
  publishedVisual(): AgentVisual | undefined {
    const visual: AgentVisual = {};
    if (!Number.isNaN(this.#size)) visual.size = this.#size;
    if (this.#color !== undefined) visual.color = this.#color;
    if (!Number.isNaN(this.#pulseHz)) visual.pulse_hz = this.#pulseHz;
    for (const _name in visual) return visual;
    return undefined;
  }
}

function known(numbers: Float64Array, at: number): number | undefined {
  const value = numbers[at] as number;
  return Number.isNaN(value) ? undefined : value;
}

/** 1 when it changed. Numbers that are not finite say nothing. */
function put(numbers: Float64Array, at: number, value: number | null | undefined): number {
  if (value === undefined || (value !== null && !Number.isFinite(value))) return 0;
  const next = value ?? Number.NaN;
  if (Object.is(numbers[at], next)) return 0;
  numbers[at] = next;
  return 1;
}
