/** What is wrong with an input, in one sentence for whoever wrote it. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Longest part of a client's own text that an error repeats. */
const MAX_ECHO = 64;

/** What is wrong, and whether it is a value outside a closed vocabulary. */
export interface Explained {
  isUnknownValue: boolean;
  message: string;
}

/** Names the field, what is wrong and what is allowed. Only the first issue is told. `prefix`: whose field it is. */
export function explain(issues: readonly Issue[], prefix: string): Explained {
  const [issue] = issues;
  if (issue === undefined) return wrong(`${prefix}not valid`);
  const path = issue.path.map(String).join('.');
  const field = path === '' ? 'it' : shorten(path, MAX_ECHO);
  return sentence(issue, `${prefix}${field}`);
}

function wrong(message: string): Explained {
  return { isUnknownValue: false, message };
}

function sentence(issue: Issue, field: string): Explained {
  switch (issue.code) {
    case 'invalid_value':
      return { isUnknownValue: true, message: `${field} must be one of: ${issue.values.map(String).join(', ')}` };
    case 'invalid_type':
      return wrong(`${field} must be ${article(issue.expected)}`);
    case 'unrecognized_keys':
      return wrong(`${field} has no field ${issue.keys.slice(0, 3).map(quoteShort).join(', ')}`);
    case 'too_big':
      return wrong(`${field} may have at most ${issue.maximum} ${unit(issue.origin)}`);
    case 'too_small':
      return wrong(`${field} must have at least ${issue.minimum} ${unit(issue.origin)}`);
    case 'invalid_union':
      return wrong(`${field} must be a string of at most 128 characters or an integer`);
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return wrong(`${field} is not valid: ${shorten(issue.message, 160)}`);
    default:
      return wrong(`${field} is not valid`);
  }
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function unit(origin: string): string {
  if (origin === 'string') return 'characters';
  return origin === 'array' ? 'entries' : 'as its value';
}

/** A client's own text, as an error may repeat it. */
export function quoteShort(text: string): string {
  return JSON.stringify(shorten(text, MAX_ECHO));
}

export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
