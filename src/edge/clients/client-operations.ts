/** What operators ask of an edge's clients at runtime. */
import {
  MAX_CLIENTS_PER_PAGE,
  type ClientsList,
  type ClientsPage,
  type EdgeSettings,
  type ModeSet,
} from '../../feed/feed.ts';
import { MODE_HZ, type Mode } from '../../protocol/modes.ts';
import type { Clients } from './clients.ts';

export class ClientOperations {
  readonly #edgeId: number;
  readonly #clients: Clients;

  constructor(edgeId: number, clients: Clients) {
    this.#edgeId = edgeId;
    this.#clients = clients;
  }

  /** The part of a page over all edges that is this edge's. */
  list({ after, limit }: ClientsPage): ClientsList {
    const most = Math.min(limit, MAX_CLIENTS_PER_PAGE);
    const isPast = after !== null && after.edge_id > this.#edgeId;
    const serial = after?.edge_id === this.#edgeId ? after.serial : -1;
    return {
      edge_id: this.#edgeId,
      total: this.#clients.size,
      clients: isPast ? [] : this.#clients.list(serial, most),
    };
  }

  setMode(clientId: string, wanted: Mode): ModeSet {
    const session = this.#clients.get(clientId);
    if (session === undefined) return { edge_id: this.#edgeId, held: false };
    const mode = session.setMode(wanted) ?? null;
    return {
      edge_id: this.#edgeId,
      held: true,
      mode,
      effective_rate_hz: mode === null ? null : MODE_HZ[mode],
    };
  }

  apply({ cap }: EdgeSettings): { edge_id: number; changed: number } {
    return { edge_id: this.#edgeId, changed: this.#clients.setCap(cap ?? undefined) };
  }
}
