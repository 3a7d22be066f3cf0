/**
 * The fields of reading.ts as plain functions, as strict and many times faster: for what servers push at full rate.
 * `test/property/hub/upstream/seed-reading.test.ts` holds the two to the same answers.
 */
import { isUsableId, screenText } from '../screen-text.ts';
import { cleanTexts, msOf } from './reading.ts';

/** An id exactly as the server says it, or undefined. */
export function readId(value: unknown): string | undefined {
  return typeof value === 'string' && isUsableId(value) ? value : undefined;
}

/** Cleaned text, or undefined where nothing is left of it. */
export function readText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const cleaned = screenText(value);
  return cleaned === '' ? undefined : cleaned;
}

/** A finite number ≥ 0, or undefined. */
export function readAmount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined;
}

/** A number from 0 to 1, or undefined. */
export function readRatio(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined;
}

/** ms since 1970 from ISO text, seconds or ms; years 2000 to 2100, else undefined. */
export function readTime(value: unknown): number | undefined {
  if (typeof value === 'string') return value.length > 64 ? undefined : msOf(value);
  return typeof value === 'number' && Number.isFinite(value) ? msOf(value) : undefined;
}

/** Cleaned texts, as many as reading.ts takes; undefined for what is no list. */
export function readTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? cleanTexts(value) : undefined;
}
