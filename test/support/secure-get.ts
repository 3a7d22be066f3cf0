import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

/** One GET over TLS on a connection of its own; trusts the certificates in these files and no other. */
export async function secureGet(
  url: string,
  ...certFiles: readonly string[]
): Promise<{ status: number; text: string }> {
  const sent = request(url, { ca: certFiles.map((file) => readFileSync(file)), agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}
