import { EventEmitter } from 'node:events';
import type { ServerIdentity, ServerIntroduction, UpstreamSink } from '../../../../src/hub/upstream/upstream-sink.ts';
import type { HealthReport } from '../../../../src/model/health.ts';
import type { ObservationBatch } from '../../../../src/model/observation.ts';

/** Remembers everything, in order; `until` waits for what is to come. */
export class RecordingSink implements UpstreamSink {
  readonly introduced: ServerIntroduction[] = [];
  readonly identities: (ServerIdentity & { id: string })[] = [];
  readonly batches: ObservationBatch[] = [];
  readonly removed: string[] = [];
  readonly disconnects: string[] = [];
  readonly health: (HealthReport & { id: string })[] = [];
  readonly #news = new EventEmitter().setMaxListeners(0);

  addServer(introduction: ServerIntroduction): void {
    this.introduced.push(introduction);
    this.#news.emit('news');
  }
  identify(id: string, identity: ServerIdentity): void {
    this.identities.push({ id, ...identity });
    this.#news.emit('news');
  }
  observe(batch: ObservationBatch): void {
    this.batches.push(batch);
    this.#news.emit('news');
  }
  disconnected(id: string): void {
    this.disconnects.push(id);
    this.#news.emit('news');
  }
  setHealth(id: string, health: HealthReport): void {
    this.health.push({ id, ...health });
    this.#news.emit('news');
  }
  removeServer(id: string): void {
    this.removed.push(id);
    this.#news.emit('news');
  }

  /** Ids of all agents observed so far. */
  get agents(): Set<string> {
    return new Set(
      this.batches.flatMap(({ observations }) => observations.flatMap((o) => (o.kind === 'agent' ? [o.agent] : []))),
    );
  }

  /** States of the circuit of the only server, in order. */
  get circuits(): string[] {
    return this.identities.flatMap(({ circuit }) => (circuit === undefined ? [] : [circuit.state]));
  }

  state(id: string): string | undefined {
    return this.health.findLast((report) => report.id === id)?.state;
  }

  /** Resolves as soon as the condition holds; the test's own timeout is the limit. */
  async until(condition: (sink: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#news.once('news', resolve);
      });
    }
  }
}
