import type { HealthReport } from '../../model/health.ts';
import type { ServerEntry } from './entries.ts';
import { copyValue, sameValue } from './same-value.ts';
import type { WorldTables } from './tables.ts';

/** Evidence alone (a new latency) is shown at most this often per server. */
const EVIDENCE_INTERVAL_MS = 1_000;

/** Shows health at once when state or reason change, and evidence alone once a second, the newest then. */
export class HealthBoard {
  readonly #table: WorldTables['servers'];
  readonly #waiting = new Set<ServerEntry>();

  constructor(table: WorldTables['servers']) {
    this.#table = table;
  }

  /** Servers whose newest evidence waits. */
  get waiting(): number {
    return this.#waiting.size;
  }

  report(server: ServerEntry, health: HealthReport, nowMs: number): void {
    const shown = server.live.health;
    const sameState =
      shown.state === health.state && shown.reason === health.reason && shown.since_ms === health.since_ms;
    if (sameState && sameValue(shown.evidence, health.evidence)) {
      this.forget(server);
      return;
    }
    server.waitingHealth = copyValue(health) as HealthReport;
    if (!sameState || isDue(server, nowMs)) this.#show(server, nowMs);
    else this.#waiting.add(server);
  }

  showDue(nowMs: number): void {
    for (const server of this.#waiting) if (isDue(server, nowMs)) this.#show(server, nowMs);
  }

  forget(server: ServerEntry): void {
    server.waitingHealth = undefined;
    this.#waiting.delete(server);
  }

  #show(server: ServerEntry, nowMs: number): void {
    if (server.waitingHealth !== undefined) server.live.health = server.waitingHealth;
    server.healthShownMs = nowMs;
    this.forget(server);
    this.#table.touch(server);
  }
}

function isDue(server: ServerEntry, nowMs: number): boolean {
  const elapsedMs = nowMs - server.healthShownMs;
  // Negative: the wall clock was set back.
  return elapsedMs >= EVIDENCE_INTERVAL_MS || elapsedMs < 0;
}
