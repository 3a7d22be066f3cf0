/** The view that a client asks for, and gets if it may. */
import type { Identity } from '../../platform/auth/identity.ts';
import type { PositionFormat, RequestId } from '../../protocol/client-messages.ts';
import type { FilterPatch, Filters } from '../../protocol/filters.ts';
import { TooManyViewsError } from '../views/errors.ts';
import type { View } from '../views/view.ts';
import { visibilityOf } from './access.ts';
import type { Coding } from './client-socket.ts';
import type { Replies } from './replies.ts';
import type { SessionContext } from './session-context.ts';

/** The view of these filters, within what somebody may see. Undefined when there may be no more views: the client was told so. */
export function acquireView(
  { views }: SessionContext,
  replies: Replies,
  identity: Identity,
  asked: { filters: Filters; coding: Coding; positions: PositionFormat; id?: RequestId | undefined },
): View | undefined {
  try {
    return views.acquire(asked.filters, asked.coding, asked.positions, visibilityOf(identity));
  } catch (error) {
    if (!(error instanceof TooManyViewsError)) throw error;
    replies.refuse({ id: asked.id, code: 'rate_limited', message: error.message }, 1_000);
    return undefined;
  }
}

/** Filters, changed by what a client asks for. Keys whose value is undefined change nothing. */
export function changedFilters(filters: Filters, patch: FilterPatch = {}): Filters {
  const defined = Object.entries(patch).filter(([, value]) => value !== undefined);
  return { ...filters, ...(Object.fromEntries(defined) as Partial<Filters>) };
}
