/** What an operator sees and does from this page: locked until a key opened it, and again as soon as one is refused. */
import { batch, signal } from '@preact/signals';
import type { ClientsPage, CostReport } from './operator-api.ts';
import { OperatorApi, OperatorError } from './operator-api.ts';

/** Clients on one page of the list. */
const CLIENTS_PER_PAGE = 100;
const CLIENTS_EVERY_MS = 2_000;
/** Measuring the cost takes a second of it. */
const COST_EVERY_MS = 5_000;

type OperatorState =
  { phase: 'locked'; problem: string | undefined } | { phase: 'checking' } | { phase: 'open'; api: OperatorApi };

/** How something that was done went, for people. */
export interface Outcome {
  failed: boolean;
  text: string;
}

export class Operator {
  readonly state = signal<OperatorState>({ phase: 'locked', problem: undefined });
  readonly clients = signal<ClientsPage | undefined>(undefined);
  readonly cost = signal<CostReport | undefined>(undefined);
  readonly outcome = signal<Outcome | undefined>(undefined);
  /** Where the shown page of clients starts; undefined: with the first. */
  readonly after = signal<string | undefined>(undefined);
  readonly #base: string;

  /** `base`: address of the gateway, as the page has it. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Opens the panel if the gateway takes the key. */
  async unlock(key: string): Promise<void> {
    this.state.value = { phase: 'checking' };
    const api = new OperatorApi(this.#base, key);
    try {
      this.clients.value = await api.clients(CLIENTS_PER_PAGE);
      this.state.value = { phase: 'open', api };
    } catch (error) {
      this.lock(messageOf(error));
    }
  }

  /** Forgets the key and all that it opened. */
  lock(problem?: string): void {
    batch(() => {
      this.state.value = { phase: 'locked', problem };
      this.clients.value = undefined;
      this.cost.value = undefined;
      this.outcome.value = undefined;
      this.after.value = undefined;
    });
  }

  /**
   * Does something. Resolves with how it went, in words of `judge`; undefined when the panel is locked, also by this:
   * a refused key.
   */
  async ask<T>(action: (api: OperatorApi) => Promise<T>, judge: (result: T) => Outcome): Promise<Outcome | undefined> {
    const state = this.state.peek();
    if (state.phase !== 'open') return undefined;
    try {
      return judge(await action(state.api));
    } catch (error) {
      const text = messageOf(error);
      if (this.#isOpen(state.api) && error instanceof OperatorError && error.isRefusal) this.lock(text);
      return this.#isOpen(state.api) ? { failed: true, text } : undefined;
    }
  }

  /** Does something to clients, and shows how it went and how they stand since. `sentence`: of what came of it. */
  async change<T>(action: (api: OperatorApi) => Promise<T>, sentence: (result: T) => string): Promise<void> {
    this.outcome.value = await this.ask(action, (result) => ({ failed: false, text: sentence(result) }));
    await this.#fresh((api) => this.#readClients(api));
  }

  /** Shows the page of clients that starts there. */
  async turnTo(after: string | undefined): Promise<void> {
    this.after.value = after;
    await this.#fresh((api) => this.#readClients(api));
  }

  /** Keeps clients and cost fresh until the returned function is called. */
  watch(): () => void {
    const stops = [
      this.#repeat(CLIENTS_EVERY_MS, (api) => this.#readClients(api)),
      this.#repeat(COST_EVERY_MS, async (api) => {
        const report = await api.cost();
        if (this.#isOpen(api)) this.cost.value = report;
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** One at a time: the next turn begins a while after the last has ended. */
  #repeat(everyMs: number, work: (api: OperatorApi) => Promise<void>): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const turn = async (): Promise<void> => {
      if (!document.hidden) await this.#fresh(work);
      if (!stopped) timer = setTimeout(start, everyMs);
    };
    const start = (): void => {
      turn().catch(reportError);
    };
    start();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  async #readClients(api: OperatorApi): Promise<void> {
    const after = this.after.peek();
    const page = await api.clients(CLIENTS_PER_PAGE, after);
    // Meanwhile another page may have been asked for.
    if (this.after.peek() === after && this.#isOpen(api)) this.clients.value = page;
  }

  /** Reads something anew; how that failed is shown. */
  async #fresh(read: (api: OperatorApi) => Promise<void>): Promise<void> {
    const outcome = await this.ask(read, () => ({ failed: false, text: '' }));
    if (outcome?.failed === true) this.outcome.value = outcome;
  }

  /** False when the panel was locked, and perhaps opened anew, since this was begun. */
  #isOpen(api: OperatorApi): boolean {
    const state = this.state.peek();
    return state.phase === 'open' && state.api === api;
  }
}

/** @throws what is not an answer of the gateway. */
function messageOf(error: unknown): string {
  if (!(error instanceof OperatorError)) throw error;
  return error.message;
}
