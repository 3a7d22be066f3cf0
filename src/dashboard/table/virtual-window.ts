/** Which rows of a long list are drawn. Pure. */
export interface RowWindow {
  /** First row drawn, and one after the last. */
  start: number;
  end: number;
}

/** Rows drawn above and below what is seen, so that quick scrolling finds them there. */
const OVERSCAN = 6;

export function rowWindow(scrollTop: number, height: number, rowHeight: number, count: number): RowWindow {
  const start = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { start: Math.min(start, count), end: Math.max(end, Math.min(start, count)) };
}

/** The scroll position nearest to the present one that shows the row whole. */
export function scrollToRow(row: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
