/**
 * What the SDK's modules use and k6's JavaScript lacks. Imported before them: modules run in the order of their imports.
 */
/* oxlint-disable no-extend-native, unicorn/no-array-sort -- what is missing is added where it belongs */

/** UTF-8, as the platform's. */
class Utf8Encoder {
  encode(text: string): Uint8Array {
    const bytes = new Uint8Array(text.length * 3);
    return bytes.subarray(0, this.encodeInto(text, bytes).written);
  }

  /** Writes what fits; unlike the platform's it may stop inside of a character then. */
  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    // Percent-encoding is UTF-8 spelled out; k6 has it natively.
    const spelled = encodeURIComponent(text);
    let written = 0;
    for (let i = 0; i < spelled.length && written < target.length; i++) {
      const code = spelled.charCodeAt(i);
      if (code === PERCENT) {
        target[written++] = Number.parseInt(spelled.slice(i + 1, i + 3), 16);
        i += 2;
      } else {
        target[written++] = code;
      }
    }
    return { read: text.length, written };
  }
}

const PERCENT = 37;

const globals = globalThis as unknown as { TextEncoder?: unknown };
globals.TextEncoder ??= Utf8Encoder;

const arrays = Array.prototype as unknown as { toSorted?: unknown };
if (arrays.toSorted === undefined) {
  Object.defineProperty(Array.prototype, 'toSorted', {
    value(this: unknown[], compare?: (a: unknown, b: unknown) => number): unknown[] {
      return [...this].sort(compare);
    },
  });
}
