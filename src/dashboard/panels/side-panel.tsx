/** Servers, filters, the connection or what operators do, as tabs. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useApp } from '../app-context.ts';
import { countFilters, PANELS } from '../view/url-state.ts';
import type { Panel } from '../view/url-state.ts';
import { ConnectionPanel } from './connection-panel.tsx';
import { FiltersPanel } from './filters-panel.tsx';
import { OperatorPanel } from './operator/operator-panel.tsx';
import { ServersPanel } from './servers/servers-panel.tsx';

const TITLES: Readonly<Record<Panel, string>> = {
  servers: 'Servers',
  filters: 'Filters',
  connection: 'Connection',
  operator: 'Operator',
};

export function SidePanel(): JSX.Element {
  const { store, operator } = useApp();
  const { filters } = store.view.value;
  const panels: readonly Panel[] = operator.isOpen.value ? PANELS : PANELS.filter((name) => name !== 'operator');
  const panel = panels.find((name) => name === store.view.value.panel) ?? 'servers';
  const tabs = useRef<HTMLDivElement>(null);
  const count = countFilters(filters);
  const Part = store.narrow.value ? 'main' : 'aside';
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = panels[(panels.indexOf(panel) + step + panels.length) % panels.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    store.patch({ panel: next });
    tabs.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    // Narrow screens show it alone: then it is the page's main part.
    <Part class="side" aria-label="Panels">
      {!store.narrow.value && (
        <div ref={tabs} class="tabs" role="tablist" aria-label="Panel" onKeyDown={onKeyDown}>
          {panels.map((name) => (
            <button
              key={name}
              id={`tab-${name}`}
              type="button"
              role="tab"
              aria-selected={name === panel}
              aria-controls="side-body"
              tabIndex={name === panel ? 0 : -1}
              onClick={() => {
                store.patch({ panel: name });
              }}
            >
              {TITLES[name]}
              {name === 'filters' && count > 0 && <span class="tab-count">{count}</span>}
            </button>
          ))}
        </div>
      )}
      <div
        id="side-body"
        class="side-body"
        role={store.narrow.value ? 'region' : 'tabpanel'}
        aria-label={TITLES[panel]}
        tabIndex={0}
      >
        {panel === 'servers' && <ServersPanel />}
        {panel === 'filters' && <FiltersPanel />}
        {panel === 'connection' && <ConnectionPanel />}
        {panel === 'operator' && <OperatorPanel />}
      </div>
    </Part>
  );
}
