import type { Context } from 'hono';
import type { z } from 'zod';

/** Input of a request that is not as it should be; becomes a 400 with one sentence for the author of the request. */
export class BadInputError extends Error {
  override name = 'BadInputError';
}

/** The JSON body. @throws {@link BadInputError} naming the field and what is allowed. */
export async function readBody<T extends z.ZodType>(c: Context, schema: T): Promise<z.infer<T>> {
  let value: unknown;
  try {
    value = await c.req.json();
  } catch (cause) {
    throw new BadInputError('the body must be JSON', { cause });
  }
  return check(schema, value, 'the body');
}

/** The JSON body as an object; without a body, an empty one. @throws {@link BadInputError} */
export async function readObject(c: Context): Promise<Record<string, unknown>> {
  const text = await c.req.text();
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadInputError('the body must be JSON', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadInputError('the body must be an object');
}

/** The query parameters, numbers, booleans and lists read from their JSON where the schema wants those. Not checked yet. */
export function queryAs(c: Context, schema: z.ZodObject): Record<string, unknown> {
  const entries = Object.entries(c.req.query()).map(([name, text]) => {
    const field = Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined;
    return [name, field === undefined || field.safeParse(text).success ? text : jsonOr(text)];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema will say what it wants in its place.
    return text;
  }
}

/** The query parameters. @throws {@link BadInputError} naming the parameter and what is allowed. */
export function readQuery<T extends z.ZodType>(c: Context, schema: T): z.infer<T> {
  return check(schema, c.req.query(), 'the query');
}

function check<T extends z.ZodType>(schema: T, value: unknown, what: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadInputError(issue === undefined ? `${what} is not valid` : sentence(issue, what));
}

function sentence(issue: z.core.$ZodIssue, what: string): string {
  const field = issue.path.length === 0 ? what : issue.path.map(String).join('.').slice(0, 64);
  if (issue.code === 'invalid_value') return `${field} must be one of: ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'unrecognized_keys') return `${what} has no field ${JSON.stringify(issue.keys[0]).slice(0, 64)}`;
  if (issue.code === 'invalid_type')
    return `${field} must be ${issue.expected === 'object' ? 'an object' : `a ${issue.expected}`}`;
  return `${field}: ${issue.message.slice(0, 160)}`;
}
