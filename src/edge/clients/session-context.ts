import type { Verdict } from '../../platform/auth/identity.ts';
import type { ClientsConfig } from '../../platform/config/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Replica } from '../replica/replica.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import type { ClientCounters } from './client-counters.ts';
import type { Cohorts } from './cohorts.ts';
import type { SendCommand } from './commands.ts';
import type { HashWarmer } from './hash-warmer.ts';
import type { ModeCap } from './mode-ladder.ts';
import type { Pace } from './pace.ts';
import type { Refusals } from './refusals.ts';
import type { Allowance } from './token-bucket.ts';

/** What all sessions of an edge share. */
export interface SessionContext {
  config: ClientsConfig;
  clock: Clock;
  replica: Replica;
  views: ViewRegistry;
  pace: Pace;
  counters: ClientCounters;
  hashes: HashWarmer;
  cohorts: Cohorts;
  /** The fastest mode that anybody is served in now. */
  cap: () => ModeCap | undefined;
  /** Messages and discoveries that a client may send. */
  messages: Allowance;
  discoveries: Allowance;
  /** State that one turn may bring. */
  maxTurnBytes: number;
  /** Who the bearer of a token is. Never rejects. */
  authenticate: (token: string) => Verdict | Promise<Verdict>;
  refusals: Refusals;
  /** Asks the hub to look for servers. */
  discover: () => Promise<{ servers: number }>;
  /** Asks the hub for a control operation. */
  command: SendCommand;
}
