import { SwarmcastError } from '../../platform/errors.ts';

/** The edge holds as many distinct views as it may; sharing an existing one still works. */
export class TooManyViewsError extends SwarmcastError {
  override name = 'TooManyViewsError';
  readonly reason = 'too_many_views';
  // Views are given back as clients leave or change their filters.
  readonly retryable = true;
  readonly maxViews: number;

  constructor(maxViews: number) {
    super(`the edge already holds ${maxViews} distinct views`);
    this.maxViews = maxViews;
  }
}
