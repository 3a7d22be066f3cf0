/** Entry of the page: connects to the gateway that served it, and shows what it tells. */
import { computed, signal } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import type { App as AppValue, Drawing } from './app-context.ts';
import { AppContext } from './app-context.ts';
import { findAgent, findSwarm } from './session/find.ts';
import { DashboardSession } from './session/dashboard-session.ts';
import { Operator } from './session/operator.ts';
import { createViewStore } from './view/view-store.ts';

const store = createViewStore();
const { mode, filters } = store.view.peek();
const url = new URL('ws', location.href);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
url.search = '';
url.hash = '';
// Where motion is unwanted, once a second is often enough, unless the link says otherwise.
const session = new DashboardSession(
  url.href,
  mode ?? (store.reducedMotion.peek() ? 'low_frequency' : 'normal'),
  filters,
);
const agentOf = findAgent(session.client);
const swarmOf = findSwarm(session.client);
const app: AppValue = {
  session,
  store,
  operator: new Operator(new URL('.', location.href).href),
  selected: computed(() => {
    void session.revision.value;
    return agentOf(store.view.value.selected);
  }),
  isolated: computed(() => {
    void session.revision.value;
    return swarmOf(store.view.value.isolated);
  }),
  following: signal(false),
  drawing: signal<Drawing | undefined>(undefined),
  select(agent) {
    if (agent === undefined) app.following.value = false;
    store.patch({ selected: agent?.key });
  },
  isolate(swarm) {
    store.patch({ isolated: swarm?.key });
  },
};

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
root.textContent = '';
render(
  <AppContext.Provider value={app}>
    <App />
  </AppContext.Provider>,
  root,
);
