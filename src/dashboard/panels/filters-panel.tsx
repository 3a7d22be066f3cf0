/** What the gateway sends: the filters, in force as soon as they are set, and the link that carries them. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import { displayText } from '../format.ts';
import type { ListFilters, ViewState } from '../view/url-state.ts';
import { countFilters, DEFAULT_VIEW, FILTER_STATUSES, formatView, PARTS, SERVER_TYPES } from '../view/url-state.ts';

const PART_TEXT: Readonly<Record<ListFilters['without'][number], string>> = {
  performance: 'performance',
  neural: 'learning facts',
  topology: 'links',
  messages: 'messages',
};

export function FiltersPanel(): JSX.Element {
  const { session, store } = useApp();
  void session.revision.value;
  const { filters } = store.view.value;
  const set = (change: Partial<ListFilters>): void => {
    const next = { ...store.view.value.filters, ...change };
    store.patch({ filters: next });
    session.setFilters(next).catch((error: unknown) => {
      session.problem.value = String(error);
    });
  };
  const problem = session.problem.value;
  return (
    <div class="filters">
      <p class="quiet">The gateway sends only what is chosen here. Nothing chosen in a group means all of it.</p>
      <Choice
        title="Status"
        values={FILTER_STATUSES}
        chosen={filters.statuses}
        onChange={(statuses) => {
          set({ statuses });
        }}
      />
      <Choice
        title="Agent type"
        values={union(session.agentTypes.values, filters.agent_types)}
        chosen={filters.agent_types}
        onChange={(agent_types) => {
          set({ agent_types });
        }}
      />
      <Choice
        title="Server"
        values={union(session.serverIds.values, filters.server_ids)}
        chosen={filters.server_ids}
        onChange={(server_ids) => {
          set({ server_ids });
        }}
      />
      <Choice
        title="Kind of server"
        values={SERVER_TYPES}
        chosen={filters.server_types}
        onChange={(server_types) => {
          set({ server_types });
        }}
      />
      <Choice
        title="Leave out"
        values={PARTS}
        chosen={filters.without}
        text={PART_TEXT}
        onChange={(without) => {
          set({ without });
        }}
      />
      {problem !== undefined && (
        <p class="problem" role="alert">
          {displayText(problem)}
        </p>
      )}
      <div class="row">
        <button
          type="button"
          disabled={countFilters(filters) === 0}
          onClick={() => {
            set(DEFAULT_VIEW.filters);
          }}
        >
          Clear filters
        </button>
        <CopyLink />
      </div>
    </div>
  );
}

function Choice<T extends string>(props: {
  title: string;
  values: readonly T[];
  chosen: readonly T[];
  text?: Readonly<Record<T, string>>;
  onChange: (chosen: T[]) => void;
}): JSX.Element | null {
  const { title, values, chosen, text, onChange } = props;
  if (values.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      <div class="choices">
        {values.map((value) => {
          const isChosen = chosen.includes(value);
          return (
            <label key={value} class="choice" data-chosen={isChosen}>
              <input
                type="checkbox"
                checked={isChosen}
                onChange={() => {
                  onChange(isChosen ? chosen.filter((one) => one !== value) : [...chosen, value]);
                }}
              />
              <bdi>{text?.[value] ?? displayText(value)}</bdi>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** The address of this view; it never holds a token. */
export function CopyLink(): JSX.Element {
  const { store } = useApp();
  const said = useSignal('');
  return (
    <>
      <button
        type="button"
        onClick={() => {
          copyLink(store.view.value).then((text) => {
            said.value = text;
            return text;
          }, reportError);
        }}
      >
        Copy link to this view
      </button>
      <output class="quiet">{said.value}</output>
    </>
  );
}

/** What came of it, for people. */
async function copyLink(view: ViewState): Promise<string> {
  const link = `${location.origin}${location.pathname}${formatView(view)}`;
  // Absent where the page is not served over loopback or https.
  const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
  if (clipboard === undefined) return 'Copy it from the address bar';
  try {
    await clipboard.writeText(link);
    return 'Copied';
  } catch {
    // Browsers may refuse it; the address bar holds the same link.
    return 'Copy it from the address bar';
  }
}

function union(seen: readonly string[], chosen: readonly string[]): string[] {
  return [...new Set([...seen, ...chosen])];
}
