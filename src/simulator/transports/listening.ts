import type { TelemetryEvent } from '../telemetry.ts';
import type { Fault } from '../faults.ts';

/** An open face: what the simulator does with it, whatever the transport. */
export interface Listening extends AsyncDisposable {
  /** 0 for stdio. */
  readonly port: number;
  readonly endpoint: string;
  /** Faults that this transport cannot show. */
  readonly unsupported: ReadonlySet<Fault['kind']>;
  /** Writes events to every connection, asked for or not. */
  flood(events: readonly TelemetryEvent[]): void;
  freeze(): void;
  thaw(): void;
  /** Open connections are dead for ever; new ones work. */
  goHalfOpen(): void;
  /** Ends all connections and refuses new ones for `ms`, then listens again at the same place. */
  restart(ms: number): void;
  /** Ends everything at once, as a dying process would. */
  cut(): void;
}
