/** Entry of the page: connects to the gateway that served it, and shows what it tells. */
import { computed, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { render } from 'preact';
import { App } from './app.tsx';
import type { App as AppValue, Drawing } from './app-context.ts';
import { AppContext } from './app-context.ts';
import { findAgent, findSwarm } from './session/find.ts';
import { DashboardSession } from './session/dashboard-session.ts';
import { Operator } from './session/operator.ts';
import { SignIn } from './session/sign-in.ts';
import { createViewStore } from './view/view-store.ts';

const store = createViewStore();
const gateway = new URL('.', location.href);
const stream = new URL('ws', gateway);
stream.protocol = stream.protocol === 'https:' ? 'wss:' : 'ws:';

const signIn = new SignIn((token) => {
  const { mode, filters } = store.view.peek();
  return new DashboardSession({
    url: stream.href,
    token,
    // Where motion is unwanted, once a second is often enough, unless the link says otherwise.
    mode: mode ?? (store.reducedMotion.peek() ? 'low_frequency' : 'normal'),
    filters,
  });
});

/** Everything of one session: another one finds nothing of it. */
function appOf(session: DashboardSession): AppValue {
  const agentOf = findAgent(session.client);
  const swarmOf = findSwarm(session.client);
  const app: AppValue = {
    session,
    signIn,
    store,
    operator: new Operator(gateway.href, session, () => signIn.token),
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
      app.following.value = false;
      store.patch({ isolated: swarm?.key });
    },
  };
  return app;
}

let sessions = 0;
const current = computed(() => ({ app: appOf(signIn.session.value), number: ++sessions }));

function Page(): JSX.Element {
  const { app, number } = current.value;
  return (
    <AppContext.Provider key={number} value={app}>
      <App />
    </AppContext.Provider>
  );
}

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
root.textContent = '';
render(<Page />, root);
