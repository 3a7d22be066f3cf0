/** Who opened a connection and from where, and what may follow from a newer token. */
import { UNLIMITED, Visibility } from '../../platform/auth/visibility.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { Identity, Verdict } from '../../platform/auth/identity.ts';
import type { Replica } from '../replica/replica.ts';
import type { EdgeRefusal } from './refusals.ts';

/** As found when the connection was opened. */
export interface Access {
  verdict: Verdict;
  /** The client's address, for counting. Empty: it is not counted by address. */
  address: string;
}

const visibilities = new WeakMap<Identity, Visibility>();

/** What exists for somebody. Those without limits share one. */
export function visibilityOf(identity: Identity): Visibility {
  const { servers, swarms, fields } = identity.limits;
  if (servers === undefined && swarms === undefined && fields === undefined) return UNLIMITED;
  let visibility = visibilities.get(identity);
  if (visibility === undefined) visibilities.set(identity, (visibility = new Visibility(identity.limits)));
  return visibility;
}

/** Servers that exist for somebody. O(servers). */
export function visibleServers(identity: Identity, replica: Replica): ServerRecord[] {
  const visibility = visibilityOf(identity);
  return [...replica.servers.values()].flatMap(({ record }) => (visibility.seesServer(record.id) ? [record] : []));
}

/** The identity that replaces a connection's, by a newer token; or why it does not. */
export function renewed(current: Identity, verdict: Verdict): Identity | { reason: EdgeRefusal; message: string } {
  if (verdict.kind === 'refused') return verdict.refusal;
  const next = verdict.identity;
  if (next.subject !== current.subject) {
    return { reason: 'stale_token', message: 'this token is somebody else’s; open a new connection for it' };
  }
  // A token that was overheard or kept from before must not take back what a newer one said.
  const isOlder = (next.issued_at_ms ?? 0) < (current.issued_at_ms ?? 0);
  const endsSooner =
    (next.expires_at_ms ?? Number.POSITIVE_INFINITY) < (current.expires_at_ms ?? Number.POSITIVE_INFINITY);
  if (!isOlder && !endsSooner) return next;
  return { reason: 'stale_token', message: 'this token is older than the one in use' };
}
