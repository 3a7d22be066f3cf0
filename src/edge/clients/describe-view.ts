import type { View } from '../views/view.ts';

/** Longest description; filters may hold 256 values of 600 characters each. */
const MAX_LENGTH = 160;
/** Values of a list that are named; of the rest the number is told. */
const MAX_NAMED = 3;

/** A view for an operator's eyes: coding, positions, and the filters that restrict it, shortened. */
export function describeView(view: View): string {
  const parts: string[] = [view.coding, view.positions];
  for (const [name, value] of Object.entries(view.filters)) {
    if (value === false) parts.push(`no ${name.replace('include_', '')}`);
    else if (Array.isArray(value) && value.length > 0) parts.push(`${name}=${someOf(value)}`);
  }
  const text = parts.join(' ');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

function someOf(values: readonly string[]): string {
  const named = values.slice(0, MAX_NAMED).join(',');
  return values.length > MAX_NAMED ? `${named},+${values.length - MAX_NAMED}` : named;
}
