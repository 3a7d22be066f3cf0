import type { Role } from './role.ts';

/** Who asks for an operation, as whoever let them in found out. Crosses the feed. */
export interface Actor {
  /** Stable name for audits and limits: a token's subject, `anonymous`, … */
  subject: string;
  role: Role;
  via: 'http' | 'socket';
  /** Their token limits what they may see. What operations tell and touch can't be cut to that: they may do none. */
  limited?: true | undefined;
}
