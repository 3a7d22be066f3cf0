/** Control operations over HTTP, for tests. */
export const OPERATOR_KEY = 'operator-key-of-tests';

export interface Answer {
  status: number;
  type: string | null;
  body: Record<string, unknown>;
}

/** One request with the operator's key, or another one, or none. */
export async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  key: string | null = OPERATOR_KEY,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const type = response.headers.get('content-type');
  return { status: response.status, type, body: (await response.json()) as Record<string, unknown> };
}

/** The result of an operation that must work. @throws with the problem where it does not. */
export async function done(url: string, operation: string, input: unknown): Promise<Record<string, unknown>> {
  const { status, body } = await ask(url, 'POST', `/api/operations/${operation}`, input);
  if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
  return body['result'] as Record<string, unknown>;
}
