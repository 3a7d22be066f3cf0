/** The audit: each entry is written where the configuration says, and the newest are held for operators to read. */
import type { AuditEntry, AuditPage, AuditQuery, AuditRecord } from '../../model/audit.ts';
import { cleanText } from '../../model/text.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AuditWriter } from '../../platform/telemetry/audit-writer.ts';
import type { Logger } from '../../platform/telemetry/log.ts';
import { OperationLimits } from './operation-limits.ts';

/** Refusals that are written: whoever may do nothing could fill the disk with them. All are counted. */
const REFUSALS = { reads_per_minute: 300, writes_per_minute: 300 };
/** Outcomes that cost nobody anything; also those of people nobody knows. */
const REFUSED = new Set(['forbidden', 'limited', 'rate_limited']);
const MAX_MESSAGE_CHARACTERS = 512;

export interface AuditTrailOptions {
  /** Records held. */
  capacity: number;
  writer: AuditWriter;
  /** Where records go that cannot be written. */
  log: Logger;
  clock: Clock;
}

export interface AuditStats {
  entries_total: number;
  refusals_left_out_total: number;
  unwritten_total: number;
  held: number;
  held_limit: number;
}

export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #refusals: OperationLimits;
  readonly #life: string;
  readonly #records: AuditRecord[] = [];
  #seq = 0;
  #leftOut = 0;
  #leftOutTotal = 0;
  #unwritten = 0;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#refusals = new OperationLimits(REFUSALS, options.clock);
    this.#life = options.clock.now().toString(36);
  }

  /** Never throws. An entry that can't be written is told by the log, whole, and counted. */
  note(entry: AuditEntry): void {
    if (isRefusal(entry) && this.#refusals.take('', entry.kind) > 0) {
      this.#leftOut += 1;
      this.#leftOutTotal += 1;
      return;
    }
    const record: AuditRecord = {
      seq: ++this.#seq,
      at_ms: this.#options.clock.now(),
      ...entry,
      operation: cleanText(entry.operation, 64),
      ...(entry.message === undefined ? {} : { message: cleanText(entry.message, MAX_MESSAGE_CHARACTERS) }),
      ...(this.#leftOut === 0 ? {} : { left_out: this.#leftOut }),
    };
    this.#leftOut = 0;
    this.#records.push(record);
    if (this.#records.length > this.#options.capacity) this.#records.shift();
    this.#write(record);
  }

  page({ after, limit, kind }: AuditQuery): AuditPage {
    const isOurs = after === undefined || (after.life === this.#life && after.seq <= this.#seq);
    const fromSeq = after !== undefined && isOurs ? after.seq : 0;
    const first = this.#records[0]?.seq ?? this.#seq + 1;
    const wanted = this.#records.filter((one) => one.seq > fromSeq && (kind === undefined || one.kind === kind));
    const entries = after === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
    // A page that is not full has seen all: also what the filter left out.
    const isLast = after === undefined || entries.length < limit;
    const seq = isLast ? this.#seq : (entries.at(-1)?.seq ?? this.#seq);
    const gap = after !== undefined && (!isOurs || first > after.seq + 1);
    return { entries, next: { life: this.#life, seq }, gap, unwritten: this.#unwritten };
  }

  stats(): AuditStats {
    return {
      entries_total: this.#seq,
      refusals_left_out_total: this.#leftOutTotal,
      unwritten_total: this.#unwritten,
      held: this.#records.length,
      held_limit: this.#options.capacity,
    };
  }

  #write(record: AuditRecord): void {
    try {
      this.#options.writer.write(record);
    } catch (error) {
      this.#unwritten += 1;
      this.#options.log.error({ err: error, audit: record }, 'an audit entry could not be written');
    }
  }
}

function isRefusal({ role, via, outcome }: AuditEntry): boolean {
  return outcome !== 'ok' && (REFUSED.has(outcome) || (role === null && via !== 'signal'));
}
