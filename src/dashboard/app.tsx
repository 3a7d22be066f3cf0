/** The page: bar, banner, panel, graph or table, details, timeline. Narrow screens show one of them at a time. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from './app-context.ts';
import { GraphView } from './graph/graph-view.tsx';
import { Banners } from './panels/banner.tsx';
import { DetailsPanel } from './panels/details-panel.tsx';
import { NarrowTabs } from './panels/narrow-tabs.tsx';
import type { Screen } from './panels/narrow-tabs.tsx';
import { SidePanel } from './panels/side-panel.tsx';
import { SignInDialog } from './panels/sign-in-form.tsx';
import { Timeline } from './panels/timeline.tsx';
import { TopBar } from './panels/top-bar.tsx';
import { AgentTable } from './table/agent-table.tsx';

export function App(): JSX.Element {
  const app = useApp();
  const { store } = app;
  const search = useRef<HTMLInputElement>(null);
  const screen = useSignal<Screen>('main');
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === '/' && !isTyping(event.target)) {
        event.preventDefault();
        search.current?.focus();
      }
      if (event.key === 'Escape' && !isTyping(event.target)) app.select(undefined);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
  const narrow = store.narrow.value;
  const { main } = store.view.value;
  const shown = narrow && main === 'both' ? 'graph' : main;
  return (
    <div class="page" data-narrow={narrow} data-screen={screen.value}>
      <TopBar search={search} />
      <Banners />
      {(!narrow || screen.value === 'panel') && <SidePanel />}
      {(!narrow || screen.value === 'main') && (
        <main class="main" data-view={shown}>
          {shown !== 'table' && (app.session.settled.value ? <GraphView /> : <div class="graph" />)}
          {shown !== 'graph' && <AgentTable />}
        </main>
      )}
      {(!narrow || screen.value === 'main') && <DetailsPanel />}
      {(!narrow || screen.value === 'timeline') && <Timeline />}
      {narrow && <NarrowTabs screen={screen} />}
      <SignInDialog />
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')
  );
}
