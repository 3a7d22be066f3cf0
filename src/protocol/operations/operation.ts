import type { z } from 'zod';
import type { Role } from '../../model/role.ts';

/** What an operation is: the same for HTTP, the socket, the SDK and the command line. */
export interface Operation<I extends z.ZodObject = z.ZodObject, R extends z.ZodObject = z.ZodObject> {
  summary: string;
  /** Least role that may ask for it. */
  role: Role;
  /** `read`: changes nothing. `write`: changes something on a server. Each kind has its own rate limit. */
  kind: 'read' | 'write';
  /** True only where asking twice does no more than asking once: such a request is sent again when no answer came. */
  repeatable: boolean;
  input: I;
  result: R;
}

/** Keeps the types of the schemas. */
export function operation<I extends z.ZodObject, R extends z.ZodObject>(of: Operation<I, R>): Operation<I, R> {
  return of;
}
