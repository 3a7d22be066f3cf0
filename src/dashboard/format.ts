/** Text for people. Pure. */

/** Longest text that is shown in one place; the rest is cut with an ellipsis. */
const MAX_TEXT = 200;
/** Controls, line breaks, and the marks that reverse or hide text: a name must not be able to rearrange the page. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Text from a server, fit to stand in a line: control and direction marks become `�`, and it is cut at 200 characters. */
export function displayText(text: string): string {
  const cleaned = text.slice(0, MAX_TEXT + 1).replaceAll(UNSAFE, '\ufffd');
  return cleaned.length > MAX_TEXT ? `${cleaned.slice(0, MAX_TEXT)}…` : cleaned;
}

/** `3 s`, `4 min`, `2 h`, `5 d`: how long, to one unit. Negative counts as 0. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `950 B`, `12.3 KB`, `4.5 MB`, decimal. */
export function byteCount(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${digits(bytes / 1_000)} KB`;
  return `${digits(bytes / 1_000_000)} MB`;
}

/** Three significant digits, without exponents. */
export function digits(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(magnitude >= 10 ? 1 : 2);
}

/** `93.4 %` of a ratio 0–1. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1).replace(/\.0$/, '')} %`;
}

/** `14:03:09`, local time. */
export function clockTime(ms: number): string {
  const time = new Date(ms);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `1 agent`, `2 agents`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
