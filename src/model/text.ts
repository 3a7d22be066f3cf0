/** Upstream text is hostile until cleaned here. */
import { MAX_TEXT_LENGTH } from './limits.ts';

// C0 and C1 controls, line and paragraph separators, zero-width, filling and bidirectional formatting characters, tags and
// annotations, and code points that are no characters.
const UNSAFE =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- each stands for itself
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e0fff}]/gu;

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
