/** How deep JSON nests, found before anything is built of it: what is parsed, checked and walked may recurse. */

/** Levels of nesting that a message may have: MCP needs about ten. */
const MAX_DEPTH = 128;
const NEWLINE = 0x0a;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Shorter text is harmless however deeply it nests. */
const DEPTH_FREE_LENGTH = 4_096;

/**
 * True where JSON of this text would be nested beyond {@link MAX_DEPTH}, found without building it. Text too short to
 * nest dangerously is not looked through.
 */
export function isTooDeep(text: string): boolean {
  if (text.length < DEPTH_FREE_LENGTH) return false;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth -= 1;
  }
  return false;
}

/** Follows text that comes in pieces. */
export class JsonDepth {
  #depth = 0;
  #isQuoted = false;
  #isEscaped = false;

  /** True when the text so far nests too deeply. `lines`: each line begins anew, as those of an event stream do. */
  push(bytes: Uint8Array, lines: boolean): boolean {
    // Brackets and quotes are bytes of their own in UTF-8.
    for (const unit of bytes) {
      if (lines && unit === NEWLINE) this.#restart();
      else if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isQuoted) {
        if (unit === BACKSLASH) this.#isEscaped = true;
        else if (unit === QUOTE) this.#isQuoted = false;
      } else if (unit === QUOTE) this.#isQuoted = true;
      else if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
        this.#depth += 1;
        if (this.#depth > MAX_DEPTH) return true;
      } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) this.#depth -= 1;
    }
    return false;
  }

  #restart(): void {
    this.#depth = 0;
    this.#isQuoted = false;
    this.#isEscaped = false;
  }
}
