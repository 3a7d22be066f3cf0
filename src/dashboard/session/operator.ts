/** What an operator sees and does from this page. */
import { computed, signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { AuditLog } from './audit-log.ts';
import type { DashboardSession } from './dashboard-session.ts';
import type { ClientsPage, CostReport } from './operator-api.ts';
import { OperatorApi, OperatorError } from './operator-api.ts';

/** Clients on one page of the list. */
const CLIENTS_PER_PAGE = 100;
const CLIENTS_EVERY_MS = 2_000;
/** Measuring the cost takes a second of it. */
const COST_EVERY_MS = 5_000;

const AUDIT_EVERY_MS = 2_000;
const AUDIT_PER_PAGE = 200;

export const OPERATOR_PARTS = ['clients', 'control', 'audit'] as const;
export type OperatorPart = (typeof OPERATOR_PARTS)[number];
/** What can be done, by what it is done to. */
export const CONTROL_FORMS = {
  agents: ['spawn', 'message', 'terminate'],
  swarms: ['create', 'task', 'coordinate', 'dissolve'],
  servers: ['add', 'drain', 'resume', 'remove'],
} as const;
export type ControlSubject = keyof typeof CONTROL_FORMS;
export type ControlForm = (typeof CONTROL_FORMS)[ControlSubject][number];

/** How something that was done went, for people. */
export interface Outcome {
  failed: boolean;
  text: string;
}

export class Operator {
  /** The gateway takes this page for an operator's. */
  readonly isOpen: ReadonlySignal<boolean>;
  readonly part = signal<OperatorPart>('clients');
  readonly form = signal<ControlForm>('spawn');
  /** Id of the server that forms are for; undefined: none was chosen. */
  readonly server = signal<string | undefined>(undefined);
  readonly audit = new AuditLog();
  readonly clients = signal<ClientsPage | undefined>(undefined);
  readonly cost = signal<CostReport | undefined>(undefined);
  readonly outcome = signal<Outcome | undefined>(undefined);
  /** Where the shown page of clients starts; undefined: with the first. */
  readonly after = signal<string | undefined>(undefined);
  readonly #api: OperatorApi;

  /** `base`: address of the gateway, as the page has it. */
  constructor(base: string, session: DashboardSession, token: () => string | undefined) {
    this.#api = new OperatorApi(base, token);
    this.isOpen = computed(() => session.identity.value?.role === 'operator');
  }

  /** Does something. Resolves with how it went, in words of `judge`. */
  async ask<T>(action: (api: OperatorApi) => Promise<T>, judge: (result: T) => Outcome): Promise<Outcome> {
    try {
      return judge(await action(this.#api));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { failed: true, text: error.message };
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
  watchClients(): () => void {
    const stops = [
      this.#repeat(CLIENTS_EVERY_MS, (api) => this.#readClients(api)),
      this.#repeat(COST_EVERY_MS, async (api) => {
        this.cost.value = await api.cost();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Follows the audit until the returned function is called. */
  watchAudit(): () => void {
    return this.#repeat(
      AUDIT_EVERY_MS,
      async (api) => {
        this.audit.take(await api.audit(AUDIT_PER_PAGE, this.audit.next));
      },
      this.audit.problem,
    );
  }

  /** One at a time: the next turn begins a while after the last has ended. */
  #repeat(
    everyMs: number,
    work: (api: OperatorApi) => Promise<void>,
    problem?: Signal<string | undefined>,
  ): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const turn = async (): Promise<void> => {
      if (!document.hidden) await this.#fresh(work, problem);
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
    if (this.after.peek() === after) this.clients.value = page;
  }

  /** Reads something anew; how that failed is shown. */
  async #fresh(read: (api: OperatorApi) => Promise<void>, problem?: Signal<string | undefined>): Promise<void> {
    const outcome = await this.ask(read, () => ({ failed: false, text: '' }));
    if (!outcome.failed) return;
    if (problem === undefined) this.outcome.value = outcome;
    else problem.value = outcome.text;
  }
}
