/** Where a client stands, as an opaque string: epoch, version, and the filters under which it got there. */

export interface Cursor {
  epoch: string;
  version: number;
  /** ViewFilter.mark: what was hidden from the client depends on it, so a cursor is worthless under other filters. */
  mark: string;
}

const CURSOR = /^(.+):([0-9a-z]{1,11}):([0-9a-z]{1,7})$/;

export function formatCursor({ epoch, version, mark }: Cursor): string {
  return `${epoch}:${version.toString(36)}:${mark}`;
}

/** Undefined for anything that {@link formatCursor} would not write. */
export function parseCursor(text: string): Cursor | undefined {
  const match = CURSOR.exec(text);
  if (match === null) return undefined;
  const [, epoch = '', versionText = '', mark = ''] = match;
  const version = Number.parseInt(versionText, 36);
  return Number.isSafeInteger(version) ? { epoch, version, mark } : undefined;
}
