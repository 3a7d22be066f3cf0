/** Name, what is shown, search, views, theme, and whether the connection lives. */
import { useComputed } from '@preact/signals';
import type { JSX, RefObject } from 'preact';
import { useApp } from '../app-context.ts';
import { plural } from '../format.ts';
import { selectRows } from '../table/agent-rows.ts';
import type { MainView } from '../view/url-state.ts';
import { MAIN_VIEWS } from '../view/url-state.ts';
import type { Theme } from '../view/view-store.ts';
import { Account } from './account.tsx';
import { Segments } from './segments.tsx';

const VIEW_TEXT: Readonly<Record<MainView, string>> = { graph: 'Graph', table: 'Table', both: 'Both' };
const THEMES: readonly { theme: Theme; text: string }[] = [
  { theme: 'system', text: 'Auto' },
  { theme: 'light', text: 'Light' },
  { theme: 'dark', text: 'Dark' },
];

export function TopBar({ search }: { search: RefObject<HTMLInputElement | null> }): JSX.Element {
  const app = useApp();
  const { store, session } = app;
  void session.revision.value;
  const { agents, swarms, servers } = session.client.state;
  const isSimulated = [...servers.values()].some(({ simulated }) => simulated);
  const { main } = store.view.value;
  return (
    <header class="top-bar">
      <h1>
        <Mark /> Swarmcast
      </h1>
      {isSimulated && (
        <span
          class="badge badge-simulated"
          title="At least one server is this gateway’s own simulator: its agents are invented."
        >
          SIMULATED
        </span>
      )}
      <p class="counts" data-testid="counts">
        {plural(agents.size, 'agent')} · {plural(swarms.size, 'swarm')} · {plural(servers.size, 'server')}
      </p>
      <SearchBox input={search} />
      {!store.narrow.value && (
        <Segments
          look="narrow"
          label="View"
          choices={MAIN_VIEWS}
          chosen={main}
          textOf={(view) => VIEW_TEXT[view]}
          onChoose={(view) => {
            store.patch({ main: view });
          }}
        />
      )}
      <label class="theme">
        <span class="visually-hidden">Theme</span>
        <select
          value={store.theme.value}
          onChange={(event) => {
            store.theme.value = THEMES.find(({ theme }) => theme === event.currentTarget.value)?.theme ?? 'system';
          }}
        >
          {THEMES.map(({ theme, text }) => (
            <option key={theme} value={theme}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <Account />
      <ConnectionDot />
    </header>
  );
}

function SearchBox({ input }: { input: RefObject<HTMLInputElement | null> }): JSX.Element {
  const app = useApp();
  const { session, store } = app;
  const found = useComputed(() => {
    void session.revision.value;
    const { query, sort } = store.view.value;
    if (query.trim() === '') return undefined;
    return selectRows(session.client.state.agents, { query, swarm: app.isolated.value?.ref, sort });
  });
  const { query } = store.view.value;
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        // Enter goes from one match to the next.
        const rows = found.value ?? [];
        const at = rows.findIndex(({ key }) => key === store.view.value.selected);
        const next = rows[(at + 1) % Math.max(1, rows.length)];
        if (next !== undefined) app.select(next);
      }}
    >
      <input
        ref={input}
        type="search"
        aria-label="Search agents"
        placeholder="Search agents   /"
        value={query}
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        onInput={(event) => {
          store.patch({ query: event.currentTarget.value });
        }}
      />
      <output class="found" aria-live="polite">
        {found.value === undefined ? '' : `${found.value.length.toLocaleString('en')} found`}
      </output>
    </form>
  );
}

function ConnectionDot(): JSX.Element {
  const { session } = useApp();
  const status = session.status.value;
  const mode = session.mode.value;
  let text = 'Connecting';
  if (status.status === 'live')
    text = mode === undefined || mode.rateHz === 0 ? 'Live, on demand' : `Live · ${mode.rateHz} Hz`;
  if (status.status === 'reconnecting') text = 'Reconnecting';
  if (status.status === 'closed') text = 'Closed';
  return (
    <p class="connection" role="status" data-status={status.status}>
      <i aria-hidden="true" /> {text}
    </p>
  );
}

function Mark(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 12 5 6M12 12l7.500-4.500M12 12l-3.500 7.500M12 12l7 5.500" />
      <circle cx="12" cy="12" r="3.600" class="logo-middle" />
      <circle cx="5" cy="6" r="2.300" />
      <circle cx="19.500" cy="7.500" r="2.300" />
      <circle cx="8.500" cy="19.500" r="2.300" />
      <circle cx="19" cy="17.500" r="2.300" />
    </svg>
  );
}
