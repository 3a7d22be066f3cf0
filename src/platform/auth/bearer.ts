/** The token of an `Authorization` header: `Bearer <token>`. Undefined when there is none, or another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}
