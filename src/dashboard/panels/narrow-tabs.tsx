/** Navigation of narrow screens, at the bottom, where thumbs are. */
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import type { MainView, Panel } from '../view/url-state.ts';

export type Screen = 'main' | 'panel' | 'timeline';

const TABS: readonly { text: string; screen: Screen; main?: MainView; panel?: Panel }[] = [
  { text: 'Graph', screen: 'main', main: 'graph' },
  { text: 'Table', screen: 'main', main: 'table' },
  { text: 'Servers', screen: 'panel', panel: 'servers' },
  { text: 'Filters', screen: 'panel', panel: 'filters' },
  { text: 'Traffic', screen: 'panel', panel: 'connection' },
  { text: 'Events', screen: 'timeline' },
  { text: 'Operator', screen: 'panel', panel: 'operator' },
];

export function NarrowTabs({ screen }: { screen: Signal<Screen> }): JSX.Element {
  const { store, operator } = useApp();
  const view = store.view.value;
  return (
    <nav class="narrow-tabs" aria-label="Screens">
      {TABS.filter(({ panel }) => panel !== 'operator' || operator.isOpen.value).map((tab) => {
        const isHere =
          tab.screen === screen.value &&
          (tab.main === undefined || tab.main === (view.main === 'both' ? 'graph' : view.main)) &&
          (tab.panel === undefined || tab.panel === view.panel);
        return (
          <button
            key={tab.text}
            type="button"
            aria-current={isHere ? 'page' : undefined}
            onClick={() => {
              screen.value = tab.screen;
              if (tab.main !== undefined) store.patch({ main: tab.main });
              if (tab.panel !== undefined) store.patch({ panel: tab.panel });
            }}
          >
            {tab.text}
          </button>
        );
      })}
    </nav>
  );
}
