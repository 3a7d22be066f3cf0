/** Labels over the picture: real text, moved by transforms. A pool of elements; nothing is parsed as markup. */
import type { LabelBox } from './label-layout.ts';
import { placeLabels } from './label-layout.ts';

type LabelKind = 'server' | 'swarm' | 'agent' | 'marked';

export interface Label {
  id: string;
  kind: LabelKind;
  text: string;
  /** Quieter words after it. */
  detail: string;
  /** What stands for them where there is no room. */
  shortDetail?: string;
  /** `#rrggbb` of a mark before it; '' for none. */
  hue: string;
  /** Middle of the lower edge, CSS pixels. */
  x: number;
  y: number;
  /** More important ones find room first. */
  weight: number;
  dim: boolean;
}

interface Entry {
  element: HTMLElement;
  mark: HTMLElement;
  text: HTMLElement;
  detail: HTMLElement;
  content: string;
}

const HEIGHT: Readonly<Record<LabelKind, number>> = { server: 20, swarm: 16, agent: 14, marked: 18 };

export class LabelLayer {
  readonly #host: HTMLElement;
  readonly #entries = new Map<string, Entry>();

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  show(labels: readonly Label[], width: number, height: number): void {
    const byId = new Map(labels.map((label) => [label.id, label]));
    const boxes: LabelBox[] = labels.map(({ id, kind, text, detail, shortDetail, x, y, weight }) => {
      const shortWidth = shortDetail === undefined ? undefined : estimate(kind, text, shortDetail);
      return { id, x, y, width: estimate(kind, text, detail), shortWidth, height: HEIGHT[kind], weight };
    });
    const shown = new Set<string>();
    for (const box of placeLabels(boxes, width, height)) {
      const label = byId.get(box.id);
      if (label === undefined) continue;
      shown.add(box.id);
      this.#put(box.isShort ? { ...label, detail: label.shortDetail ?? '' } : label, box);
    }
    for (const [id, { element }] of this.#entries) {
      if (shown.has(id)) continue;
      element.remove();
      this.#entries.delete(id);
    }
  }

  clear(): void {
    this.show([], 0, 0);
  }

  #put(label: Label, box: LabelBox): void {
    const entry = this.#entries.get(label.id) ?? this.#create(label.id);
    const content = `${label.text}\u0000${label.detail}\u0000${label.hue}\u0000${label.kind}`;
    if (entry.content !== content) {
      entry.content = content;
      entry.element.className = `label label-${label.kind}`;
      entry.text.textContent = label.text;
      entry.detail.textContent = label.detail;
      entry.mark.style.backgroundColor = label.hue;
      entry.mark.hidden = label.hue === '';
      entry.detail.hidden = label.detail === '';
    }
    entry.element.dataset['dim'] = String(label.dim);
    const x = Math.round(box.x * 2) / 2;
    const y = Math.round(box.y * 2) / 2;
    entry.element.style.transform = `translate(${x}px, ${y}px) translate(-50%, -100%)`;
  }

  #create(id: string): Entry {
    const element = document.createElement('div');
    const [mark, text, detail] = [
      document.createElement('i'),
      document.createElement('b'),
      document.createElement('span'),
    ];
    text.dir = 'auto';
    element.append(mark, text, detail);
    this.#host.append(element);
    const entry = { element, mark, text, detail, content: '' };
    this.#entries.set(id, entry);
    return entry;
  }
}

/** Measuring text forces a layout; labels need only to keep apart. */
function estimate(kind: LabelKind, text: string, detail: string): number {
  // Bold, capitals, a mark before.
  if (kind === 'server') return Math.min(320, text.length * 8.8 + (detail === '' ? 0 : detail.length * 7.6 + 6) + 28);
  const wide = kind === 'marked' ? 7.4 : 6.5;
  return Math.min(320, text.length * wide + (detail === '' ? 0 : detail.length * 6 + 8) + 20);
}
