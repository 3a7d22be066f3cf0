/** What every component needs, passed down as one value. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { AgentRecord, SwarmRecord } from '../client/client.ts';
import type { DashboardSession } from './session/dashboard-session.ts';
import type { Operator } from './session/operator.ts';
import type { SignIn } from './session/sign-in.ts';
import type { ViewStore } from './view/view-store.ts';

export interface App {
  session: DashboardSession;
  signIn: SignIn;
  store: ViewStore;
  operator: Operator;
  /** The selected agent's record, followed through reconnects by its key; undefined also while it is not in the view. */
  selected: ReadonlySignal<AgentRecord | undefined>;
  isolated: ReadonlySignal<SwarmRecord | undefined>;
  /** Ref of the agent that the graph keeps in the middle. */
  following: Signal<boolean>;
  /** How the picture is drawn, for the connection panel. */
  drawing: Signal<Drawing | undefined>;
  select(agent: AgentRecord | undefined): void;
  isolate(swarm: SwarmRecord | undefined): void;
}

export interface Drawing {
  /** Step of quality given up, 0 the best; and how many there are. */
  step: number;
  steps: number;
  /** Median time between frames while moving; 0: not measured yet. */
  frameMs: number;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('used outside of the app');
  return app;
}
