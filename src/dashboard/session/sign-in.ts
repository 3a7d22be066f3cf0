/**
 * Who uses this page: nobody in particular at first, then whom a token says. The token is held here and by the session's
 * client, in memory, and nowhere else: closing the page forgets it.
 */
import { batch, computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { ClientClosedError, RequestError } from '../../client/client.ts';
import type { DashboardSession } from './dashboard-session.ts';

/** Longest wait for the gateway's view of a token. */
const CHECK_MS = 15_000;
/** Close codes after which only a token helps: none or a bad one, and one that expired (PROTOCOL.md, Close codes). */
const WANTS_TOKEN = new Set([3500, 3507]);

/** `required`: without a token there is nothing to see. */
export type SignInForm = 'closed' | 'required' | 'chosen' | 'renewal';
type Progress = { phase: 'idle'; problem: string | undefined } | { phase: 'checking' };

export class SignIn {
  /** The session that the page shows; another one after signing in or out, so that nothing of the last one stays. */
  readonly session;
  readonly progress = signal<Progress>({ phase: 'idle', problem: undefined });
  readonly form: ReadonlySignal<SignInForm>;
  readonly #opened = signal<'closed' | 'chosen' | 'renewal'>('closed');
  readonly #open: (token: string | undefined) => DashboardSession;
  #token: string | undefined;

  /** `open`: a new session with the gateway. @throws what it throws for a token that cannot be sent: a TypeError. */
  constructor(open: (token: string | undefined) => DashboardSession) {
    this.#open = open;
    this.session = signal(open(undefined));
    this.form = computed(() => {
      const status = this.session.value.status.value;
      return status.status === 'closed' && WANTS_TOKEN.has(status.code) ? 'required' : this.#opened.value;
    });
  }

  /** For requests beside the stream. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Shows the form. */
  ask(form: 'chosen' | 'renewal'): void {
    batch(() => {
      this.progress.value = { phase: 'idle', problem: undefined };
      this.#opened.value = form;
    });
  }

  cancel(): void {
    this.#opened.value = 'closed';
  }

  /** Takes a token: renews with it, or begins anew as whom it names. What was wrong with it is told by {@link progress}. */
  async give(token: string): Promise<void> {
    const renews = this.form.peek() === 'renewal';
    this.progress.value = { phase: 'checking' };
    const problem = await (renews ? this.#renew(token) : this.#begin(token));
    batch(() => {
      this.progress.value = { phase: 'idle', problem };
      if (problem === undefined) this.#opened.value = 'closed';
    });
  }

  /** Forgets the token and all that it showed. */
  signOut(): void {
    this.cancel();
    this.#enter(this.#open(undefined), undefined);
  }

  async #renew(token: string): Promise<string | undefined> {
    try {
      await this.session.peek().renew(token);
      this.#token = token;
      return undefined;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return error.message;
    }
  }

  /** The session in use goes on until the gateway has taken the token. */
  async #begin(token: string): Promise<string | undefined> {
    let next: DashboardSession;
    try {
      next = this.#open(token);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return 'This is no token: it has characters that none has.';
    }
    const problem = await refusalOf(next);
    if (problem === undefined) this.#enter(next, token);
    else await next[Symbol.asyncDispose]();
    return problem;
  }

  #enter(session: DashboardSession, token: string | undefined): void {
    const last = this.session.peek();
    this.#token = token;
    this.session.value = session;
    last[Symbol.asyncDispose]().catch(reportError);
  }
}

/** Why the gateway does not take a session; undefined once it is live. */
async function refusalOf({ client }: DashboardSession): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CHECK_MS, 'The gateway did not answer; the token was not checked.');
  });
  try {
    return await Promise.race([client.whenLive(), silence]).then((text) => text ?? undefined);
  } catch (error) {
    if (!(error instanceof ClientClosedError)) throw error;
    return error.message;
  } finally {
    clearTimeout(timer);
  }
}
