import { SUBPROTOCOLS, type Subprotocol } from '../../protocol/client-messages.ts';
import type { Coding } from '../clients/client-socket.ts';

const BEARER = 'bearer.';

export interface ChosenSubprotocol {
  /** Of a `bearer.<token>` beside it. */
  token: string | undefined;
  coding: Coding;
  /** What is echoed; empty when none was offered, since a browser refuses an answer to no question. */
  echo: Subprotocol | '';
}

/**
 * The first `swarmcast.v1.*` of a Sec-WebSocket-Protocol header; without any: JSON. Others beside it are tolerated and
 * never echoed.
 */
export function chooseSubprotocol(header: string): ChosenSubprotocol {
  const offered = header.split(',').map((name) => name.trim());
  const token = offered.find((name) => name.startsWith(BEARER))?.slice(BEARER.length);
  const echo = SUBPROTOCOLS.find((known) => known === offered.find((name) => isKnown(name)));
  return { coding: echo === 'swarmcast.v1.msgpack' ? 'msgpack' : 'json', echo: echo ?? '', token };
}

function isKnown(name: string): boolean {
  return (SUBPROTOCOLS as readonly string[]).includes(name);
}
