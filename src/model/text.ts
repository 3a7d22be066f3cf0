/** Upstream text is hostile until cleaned here. */
import { MAX_TEXT_LENGTH } from './limits.ts';

// C0 and C1 controls, line and paragraph separators, zero-width and bidirectional formatting characters.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Text without control and direction characters, well formed, at most `maxLength` UTF-16 units. */
export function cleanText(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  if (text.length <= maxLength && isPlain(text)) return text;
  const cut = text.length > maxLength ? text.slice(0, maxLength) : text;
  return cut.replace(UNSAFE, '').toWellFormed();
}

/** True for printable ASCII, which nearly all text is: a loop over short text is cheaper than the expression. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
