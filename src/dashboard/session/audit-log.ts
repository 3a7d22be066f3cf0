/** The audit as far as this page has read it: newest first, bounded. Pure but for its signals. */
import { batch, signal } from '@preact/signals';

interface AuditEntry {
  seq: number;
  at_ms: number;
  subject: string;
  /** Null: nobody was let in, or a signal did it. */
  role: 'viewer' | 'operator' | null;
  via: string;
  operation: string;
  kind: 'read' | 'write';
  target: Readonly<Record<string, string>>;
  /** `ok`, or a code. */
  outcome: string;
  message?: string;
  took_ms: number;
  /** Refusals before this that were only counted. */
  left_out?: number;
}

/** Unique by life of the hub and number. */
export interface AuditLine extends AuditEntry {
  life: string;
}

export interface AuditPage {
  /** Oldest first. */
  entries: AuditEntry[];
  /** `life:seq`, where the next page starts. */
  next: string;
  /** Records before these are held no more. */
  gap: boolean;
  unwritten: number;
}

export const MAX_LINES = 300;

export class AuditLog {
  readonly lines = signal<readonly AuditLine[]>([]);
  /** Records between those shown are held no more. */
  readonly missed = signal(false);
  /** Records that the gateway could not write to where they belong. */
  readonly unwritten = signal(0);
  readonly problem = signal<string | undefined>(undefined);
  #next: string | undefined;

  /** Where the next page starts; undefined: with the newest. */
  get next(): string | undefined {
    return this.#next;
  }

  /** Takes the page that follows {@link next}. */
  take({ entries, next, gap, unwritten }: AuditPage): void {
    batch(() => {
      this.#next = next;
      const life = next.split(':')[0] ?? '';
      const added = entries.map((entry) => ({ ...entry, life })).toReversed();
      if (added.length > 0) this.lines.value = [...added, ...this.lines.value].slice(0, MAX_LINES);
      if (gap) this.missed.value = true;
      this.unwritten.value = unwritten;
      this.problem.value = undefined;
    });
  }
}
