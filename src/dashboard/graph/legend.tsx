/** What shapes, colours and rings mean; shapes only of types that are there. */
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import { displayText } from '../format.ts';
import type { Shape } from './agent-look.ts';
import { shapeOf, SUCCESS_LEGEND } from './agent-look.ts';

const MAX_TYPES = 12;

export function Legend(): JSX.Element {
  const { session, store } = useApp();
  // Open where there is room, until somebody decides.
  const chosen = useSignal<boolean | undefined>(undefined);
  const isOpen = chosen.value ?? (!store.narrow.value && store.view.value.main === 'graph');
  const types = useComputed(() => {
    void session.revision.value;
    const counts = new Map<string, number>();
    for (const { type } of session.client.state.agents.values()) {
      if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  });
  return (
    <div class="legend">
      <button
        type="button"
        class="legend-toggle"
        aria-expanded={isOpen}
        aria-controls="legend-body"
        onClick={() => {
          chosen.value = !isOpen;
        }}
      >
        Legend
      </button>
      {isOpen && (
        <div id="legend-body" class="legend-body">
          <ul aria-label="Shapes of types">
            {types.value.slice(0, MAX_TYPES).map(([type]) => (
              <li key={type}>
                <ShapeIcon shape={shapeOf(type)} /> <bdi>{displayText(type)}</bdi>
              </li>
            ))}
          </ul>
          <ul aria-label="Colours of success">
            {SUCCESS_LEGEND.map(({ color, text }) => (
              <li key={color}>
                <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
                  <circle cx="8" cy="8" r="5.5" fill={color} />
                </svg>{' '}
                {text}
              </li>
            ))}
          </ul>
          <ul aria-label="Rings and lines">
            {RINGS.map(({ text, icon }) => (
              <li key={text}>
                <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
                  {icon}
                </svg>{' '}
                {text}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

const RINGS: readonly { text: string; icon: JSX.Element }[] = [
  { text: 'idle', icon: <circle class="ring-fill" cx="8" cy="8" r="4" /> },
  {
    text: 'busy',
    icon: (
      <>
        <circle class="ring-fill" cx="8" cy="8" r="3.6" />
        <circle class="ring" cx="8" cy="8" r="6.6" />
      </>
    ),
  },
  {
    text: 'active',
    icon: (
      <>
        <circle class="ring-fill" cx="8" cy="8" r="3.6" />
        <circle class="ring ring-cut" cx="8" cy="8" r="6.6" />
      </>
    ),
  },
  {
    text: 'error',
    icon: (
      <>
        <circle class="ring-fill" cx="8" cy="8" r="3.6" />
        <circle class="ring ring-alarm" cx="8" cy="8" r="6.6" />
        <path class="ring-mark" d="M8 5.8v2.6M8 9.600v.6" />
      </>
    ),
  },
  { text: 'offline', icon: <circle class="ring" cx="8" cy="8" r="4" /> },
  {
    text: 'unknown',
    icon: (
      <>
        <circle class="ring" cx="8" cy="8" r="4.200" />
        <circle class="ring-fill" cx="8" cy="8" r="1.500" />
      </>
    ),
  },
  { text: 'topology (derived)', icon: <path class="line-topology" d="M1 8h14" /> },
  { text: 'communication', icon: <path class="line-talk" d="M1 8h14" /> },
];

const PATHS: Readonly<Record<Exclude<Shape, 'circle'>, string>> = {
  square: 'M3.5 3.5h9v9h-9z',
  diamond: 'M8 1.5 14.5 8 8 14.5 1.5 8z',
  triangle: 'M8 2 14.5 13h-13z',
  pentagon: 'M8 1.8 14.200 6.300 11.800 13.600H4.200L1.800 6.300z',
  hexagon: 'M8 1.800 13.500 5v6L8 14.200 2.500 11V5z',
  plus: 'M6 2h4v4h4v4h-4v4H6v-4H2V6h4z',
  star: 'M8 1.200 9.900 6l5.100.200-4 3.200 1.400 4.900L8 11.500l-4.400 2.800L5 9.400 1 6.200 6.100 6z',
};

export function ShapeIcon({ shape }: { shape: Shape }): JSX.Element {
  return (
    <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
      {shape === 'circle' ? <circle cx="8" cy="8" r="5.8" /> : <path d={PATHS[shape]} />}
    </svg>
  );
}
