/** The client's half of RFC 6455, as far as a load driver needs it: the upgrade request and small masked frames. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Payload bytes of the longest frame that {@link clientFrame} makes. */
const MAX_CLIENT_PAYLOAD = 65_535;
/** Any key will do: a server never looks at it but to answer, and the driver does not check the answer's digest. */
const KEY = 'c3dhcm1jYXN0LWxvYWR0ZQ==';

/** The request that opens a WebSocket at `path`. */
export function upgradeRequest(options: { host: string; path: string; subprotocol?: string | undefined }): string {
  const protocol = options.subprotocol === undefined ? '' : `Sec-WebSocket-Protocol: ${options.subprotocol}\r\n`;
  return `GET ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${protocol}\r\n`;
}

/**
 * One masked frame. The mask is zero, which leaves the payload as it is: masking protects proxies, and there are none.
 * @throws {RangeError} above 65,535 bytes of payload.
 */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  if (length > MAX_CLIENT_PAYLOAD) throw new RangeError(`a client frame of ${length} bytes`);
  const head = length < 126 ? 6 : 8;
  const frame = Buffer.alloc(head + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) {
    frame[1] = 0x80 | length;
  } else {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.set(payload, head);
  return frame;
}

/** A text frame. */
export function textFrame(text: string): Buffer {
  return clientFrame(OPCODE.text, Buffer.from(text));
}
