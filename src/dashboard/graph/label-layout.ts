/** Which labels find room: the more important ones first, none over another. Pure. */
export interface LabelBox {
  id: string;
  /** Middle of the lower edge, CSS pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Width of its shorter form, where it has one: taken where the long one finds no room. */
  shortWidth?: number | undefined;
  /** Higher goes first. */
  weight: number;
}

interface PlacedLabel extends LabelBox {
  isShort: boolean;
}

/** Labels drawn at most. */
export const MAX_LABELS = 80;

/** The boxes that are shown within a picture of this size, pushed inwards where they would be cut off. */
export function placeLabels(boxes: readonly LabelBox[], width: number, height: number): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const box of boxes.toSorted((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1))) {
    if (placed.length === MAX_LABELS) break;
    if (box.x < 0 || box.x > width || box.y < 0 || box.y > height + box.height) continue;
    const forms = [{ ...inward(box, width, height), isShort: false }];
    if (box.shortWidth !== undefined) {
      forms.push({ ...inward({ ...box, width: box.shortWidth }, width, height), isShort: true });
    }
    const fitting = forms.find((form) => !placed.some((other) => overlap(form, other)));
    if (fitting !== undefined) placed.push(fitting);
  }
  return placed;
}

/** Where it is not cut off. */
function inward(box: LabelBox, width: number, height: number): LabelBox {
  return {
    ...box,
    x: clamp(box.x, box.width / 2 + 4, width - box.width / 2 - 4),
    y: clamp(box.y, box.height + 4, height - 4),
  };
}

function overlap(a: LabelBox, b: LabelBox): boolean {
  const apartX = Math.abs(a.x - b.x) >= (a.width + b.width) / 2 + 6;
  const apartY = a.y - a.height >= b.y + 2 || b.y - b.height >= a.y + 2;
  return !apartX && !apartY;
}

function clamp(value: number, min: number, max: number): number {
  return max < min ? (min + max) / 2 : Math.min(max, Math.max(min, value));
}
