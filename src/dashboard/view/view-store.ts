/** The view as signals, kept in the address bar so that it can be shared, and the theme, kept in this browser. */
import { computed, effect, signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { ViewState } from './url-state.ts';
import { formatView, parseView } from './url-state.ts';

export type Theme = 'system' | 'light' | 'dark';
const THEME_KEY = 'swarmcast.theme';
/** Browsers refuse more than a few address changes a second. */
const WRITE_DELAY_MS = 250;

export interface ViewStore {
  readonly view: Signal<ViewState>;
  readonly theme: Signal<Theme>;
  /** What the theme comes to. */
  readonly isDark: ReadonlySignal<boolean>;
  /** Motion is unwanted, by the system's setting. */
  readonly reducedMotion: ReadonlySignal<boolean>;
  /** Narrower than two columns. */
  readonly narrow: ReadonlySignal<boolean>;
  patch(change: Partial<ViewState>): void;
}

export function createViewStore(): ViewStore {
  const view = signal(parseView(location.search));
  const theme = signal(storedTheme());
  const systemDark = mediaSignal('(prefers-color-scheme: dark)');
  const isDark = computed(() => (theme.value === 'system' ? systemDark.value : theme.value === 'dark'));
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const search = formatView(view.value);
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (search !== location.search) history.replaceState(null, '', `${location.pathname}${search}`);
    }, WRITE_DELAY_MS);
  });
  effect(() => {
    document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
    storeTheme(theme.value);
  });
  return {
    view,
    theme,
    isDark,
    reducedMotion: mediaSignal('(prefers-reduced-motion: reduce)'),
    narrow: mediaSignal('(max-width: 860px)'),
    patch(change) {
      view.value = { ...view.value, ...change };
    },
  };
}

function mediaSignal(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  // Lives as long as the page.
  list.addEventListener('change', () => {
    matches.value = list.matches;
  });
  return matches;
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    // Storage may be forbidden: then the system decides.
    return 'system';
  }
}

function storeTheme(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, theme);
  } catch {
    // As above; the choice then lasts until the page is closed.
  }
}
