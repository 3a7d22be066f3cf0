import { SUBPROTOCOLS, type Subprotocol } from '../../protocol/client-messages.ts';
import type { Coding } from '../clients/client-socket.ts';

export interface ChosenSubprotocol {
  coding: Coding;
  /** What is echoed; empty when none was offered, since a browser refuses an answer to no question. */
  echo: Subprotocol | '';
}

/**
 * The first `swarmcast.v1.*` of a Sec-WebSocket-Protocol header. Others beside it, such as `bearer.<token>`, are
 * tolerated and never echoed. Without any: JSON.
 */
export function chooseSubprotocol(header: string): ChosenSubprotocol {
  for (const offered of header.split(',')) {
    const echo = SUBPROTOCOLS.find((known) => known === offered.trim());
    if (echo !== undefined) return { coding: echo === 'swarmcast.v1.msgpack' ? 'msgpack' : 'json', echo };
  }
  return { coding: 'json', echo: '' };
}
