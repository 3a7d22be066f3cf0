/** Where a request comes from: the peer's address, or what proxies that are trusted say of it. */
import { BlockList, isIP } from 'node:net';

/** Longest X-Forwarded-For that is read, in addresses, from the nearest. */
const MAX_HOPS = 16;

export class ClientAddresses {
  readonly #trusted = new BlockList();
  readonly #loopback = new BlockList();

  /** `trusted`: addresses and networks (`10.0.0.0/8`) of proxies; checked by the configuration. */
  constructor(trusted: readonly string[]) {
    this.#loopback.addSubnet('127.0.0.0', 8);
    this.#loopback.addAddress('::1', 'ipv6');
    for (const entry of trusted) {
      const [address = '', bits] = entry.split('/');
      const family = familyOf(address);
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * The group that a client is counted in: its IPv4 address, or the /64 of its IPv6 address, since whoever has one has all
   * of it. Empty for loopback: what comes from there is this machine's own, or a proxy's that was not named.
   */
  groupOf(peer: ArrayBuffer, forwardedFor: string): string {
    const address = this.#origin(readAddress(new Uint8Array(peer)), forwardedFor);
    if (address === '' || this.#loopback.check(address, familyOf(address))) return '';
    return isIP(address) === 6 ? prefixOf(address) : address;
  }

  /** The nearest address that is no trusted proxy. What stands before it in the header was written by anybody. */
  #origin(peer: string, forwardedFor: string): string {
    let address = peer;
    if (forwardedFor === '') return address;
    const hops = forwardedFor.split(',', MAX_HOPS * 4).map((hop) => hop.trim());
    for (const hop of hops.toReversed().slice(0, MAX_HOPS)) {
      if (address === '' || !this.#trusted.check(address, familyOf(address))) return address;
      // A proxy that writes something else is not to be read further.
      if (isIP(hop) === 0) return address;
      address = hop;
    }
    return address;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** 4 or 16 bytes; an IPv4 address in IPv6 form counts as the former. Empty when it is neither. */
function readAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return bytes.subarray(12).join('.');
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  return words.join(':');
}

/** The first 64 bits; two spellings of one address give the same. */
function prefixOf(address: string): string {
  const [left = '', right] = address.split('%', 1)[0]?.split('::') ?? [];
  const leftWords = left === '' ? [] : left.split(':');
  const rightWords = right === undefined || right === '' ? [] : right.split(':');
  const missing = right === undefined ? 0 : Math.max(0, 8 - leftWords.length - rightWords.length);
  const words = [...leftWords, ...Array.from({ length: missing }, () => '0'), ...rightWords];
  return `${words
    .slice(0, 4)
    .map((word) => Number.parseInt(word, 16).toString(16))
    .join(':')}::/64`;
}
