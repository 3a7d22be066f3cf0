/**
 * The gateway's HTTP API for operators, as this page uses it. The only place beside the
 * stream that sends the token.
 */
import type { Mode } from '../../client/client.ts';
import type { AuditPage } from './audit-log.ts';

/** Longest wait for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** One client of the gateway; null where it has not said yet what it wants. */
export interface ClientLine {
  id: string;
  edge_id: number;
  phase: 'opening' | 'live' | 'closing';
  /** The mode it is served in, and the one that it or an operator chose. */
  mode: Mode | null;
  wanted_mode: Mode | null;
  effective_rate_hz: number | null;
  /** Bytes that wait for it, and bytes a second over about the last second. */
  buffered_bytes: number;
  bytes_per_second: number;
  view: string | null;
  age_ms: number;
  behind: boolean;
}

export type Cap = Exclude<Mode, 'on_demand'>;

export interface ClientsPage {
  total: number;
  cap: Cap | null;
  clients: ClientLine[];
  /** Where the next page starts; null: this was the last. */
  next: string | null;
}

interface CostLine {
  mode: Mode;
  view: string;
  frames_per_second: number;
  frame_bytes_per_second: number;
  message_bytes_per_second: number;
  us_per_turn: number | null;
}

export interface CostReport {
  clients_by_mode: Partial<Record<Mode, number>>;
  /** Share of one core. */
  turn_share: number;
  costs: CostLine[];
}

/** What a server did when it was asked; `no_answer` says less than a failure. */
export type ProbeAnswer =
  | { outcome: 'success'; method: string; latency_ms: number }
  | { outcome: 'failure'; method: string; error: string }
  | { outcome: 'refused'; error: string; retry_after_ms: number }
  | { outcome: 'no_answer'; error: string };

export interface CircuitReset {
  before: { state: 'closed' | 'open' | 'half_open' };
}

/** The gateway did not do it, or could not be asked; the message says why, for people. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** Every method throws {@link OperatorError}. */
export class OperatorApi {
  readonly #base: string;
  readonly #token: () => string | undefined;

  /** `base`: address of the gateway, as the page has it. `token`: undefined where nobody needs one. */
  constructor(base: string, token: () => string | undefined) {
    this.#base = base;
    this.#token = token;
  }

  clients(limit: number, after?: string): Promise<ClientsPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
    return this.#ask('GET', `api/clients?${query}`) as Promise<ClientsPage>;
  }

  /** Measured over a second, which this takes. */
  cost(): Promise<CostReport> {
    return this.#ask('GET', 'api/clients/cost') as Promise<CostReport>;
  }

  /** Resolves with the mode that the client is served in now, which the cap may hold below. */
  async setMode(client: string, mode: Mode): Promise<Mode> {
    const path = `api/clients/${encodeURIComponent(client)}/mode`;
    return ((await this.#ask('POST', path, { mode })) as { mode: Mode }).mode;
  }

  /** Nobody is served faster; null lifts it. Resolves with the number of clients whose mode that changed. */
  async cap(mode: Cap | null): Promise<number> {
    const answer =
      mode === null ? this.#ask('DELETE', 'api/clients/cap') : this.#ask('PUT', 'api/clients/cap', { mode });
    return ((await answer) as { changed: number }).changed;
  }

  /** The newest records, or those after a place. */
  audit(limit: number, after: string | undefined): Promise<AuditPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
    return this.#ask('GET', `api/audit?${query}`) as Promise<AuditPage>;
  }

  /** Asks a server now. Resolves also when it fails. */
  probe(server: string): Promise<ProbeAnswer> {
    return this.#ask('POST', `api/servers/${encodeURIComponent(server)}/probe`) as Promise<ProbeAnswer>;
  }

  /** Closes a server's circuit, whatever opened it. */
  resetCircuit(server: string): Promise<CircuitReset> {
    return this.#ask('POST', `api/servers/${encodeURIComponent(server)}/reset-circuit`) as Promise<CircuitReset>;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#send(method, path, body);
    const text = await response.text().catch((error: unknown) => {
      throw new OperatorError('the answer broke off', { cause: error });
    });
    const answer = parsed(text);
    if (response.ok && answer !== undefined) return answer;
    throw new OperatorError(reasonOf(answer) ?? `the gateway answered ${response.status}`);
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const token = this.#token();
    try {
      return await fetch(new URL(path, this.#base), {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: 'no-store',
        credentials: 'same-origin',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
    } catch (error) {
      throw new OperatorError('the gateway does not answer', { cause: error });
    }
  }
}

/** Undefined when it is no JSON: a proxy may answer in the gateway's place. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `detail` of a problem (RFC 9457). */
function reasonOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { detail } = answer as { detail?: unknown };
  return typeof detail === 'string' ? detail : undefined;
}
