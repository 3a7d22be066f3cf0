const NEWLINE = 0x0a;

/** Cuts a byte stream into lines. Bytes of a line that never ends are bounded. */
export class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes, without their ends. @throws RangeError when a line outgrows the bound. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.#take(chunk.subarray(start, end)));
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines.filter((line) => line !== '');
  }

  #take(tail: Buffer): string {
    this.#hold(tail);
    const line = (this.#held.length === 1 ? tail : Buffer.concat(this.#held)).toString('utf8');
    this.#held = [];
    this.#heldBytes = 0;
    return line.trim();
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxBytes) throw new RangeError(`a line of more than ${this.#maxBytes} bytes`);
    this.#held.push(bytes);
  }
}
