/**
 * A dialect knows how one kind of server speaks of its agents: what to ask, and what the answers mean. Dialects do no
 * I/O and read no clock; they are deterministic. What they must remember between calls (known swarms, a topology that
 * only one reply ever told) lives in the {@link DialectSession}, one per connection.
 */
import type { Observation } from '../../../model/observation.ts';
import type { DialectName, ServerType } from '../../../model/server.ts';
import type { Call } from './call.ts';
import type { OperationMapping } from './operation-mapping.ts';

export type { Call };

/** What is known of a peer after the handshake and `tools/list`. */
export interface PeerDescription {
  name: string | undefined;
  version: string | undefined;
  protocolVersion: string | undefined;
  /** Empty where the peer lists none. */
  tools: ReadonlySet<string>;
}

/** The answer: the unwrapped payload, or the error in the server's words. */
export type Outcome =
  /** `payload`: JSON of the text content (or structuredContent, or the bare result); text that is not JSON stays text. */
  { ok: true; payload: unknown } | { ok: false; code: number | undefined; message: string };

/** fast: state that people watch (default 250 ms–1 s). slow: the rest (5–10 s). */
export type Cadence = 'fast' | 'slow';

export interface DialectSession {
  /**
   * True where all that `readPush` returns is bounded and screened as it is read, so that {@link cleanObservations} would
   * leave it as it is: what comes at full rate is then not looked through a second time. Shown by a property test.
   */
  readonly pushesAreClean?: boolean;
  /** Entries that it remembers between calls, all of them bounded; absent: none beyond the last lists. */
  readonly remembered?: number;
  /** Calls to make once after each connect, in order. Failures are not fatal. */
  warmUp(): Call[];
  /** Calls of this round, in order, at least one for `fast`: the first is also the health probe. */
  plan(cadence: Cadence): Call[];
  /** What an answer means. Also given the replies to writes that this gateway made itself (bootstrap, control). */
  read(call: Call, outcome: Outcome, atMs: number): Observation[];
  /** A pushed event: a JSON-RPC notification `{method, params}`, or the seeds' bare `{type, timestamp, data}`. */
  readPush(event: unknown, atMs: number): Observation[];
  /** A line of stdout that is not protocol (ruv-swarm's log is its only event stream). */
  readNoise(line: string, atMs: number): Observation[];
}

export interface DialectTiming {
  fastMs: number;
  slowMs: number;
  /** Poll slower when a round trip takes longer than this. */
  slowRoundTripMs: number;
}

export interface Dialect {
  readonly name: DialectName;
  /** The type to show where the configuration says `other`. */
  readonly serverType: ServerType;
  readonly timing: DialectTiming;
  /** The JSON-RPC method that asks for pushed events, with params; absent: polls only. */
  subscribe?(options: { intervalMs: number; bufferSize: number }): Call;
  /** Its servers may know the seeds' method `batch`; absent: they are never asked. */
  readonly batches?: boolean;
  /** 0 (no) to 1 (certain). `auto` takes the highest; generic answers 0.01 when it sees an agent-like tool. */
  matches(peer: PeerDescription): number;
  open(peer: PeerDescription): DialectSession;
  /** The control operations that this kind of server can carry out, and how; absent: none. */
  readonly operations?: OperationMapping;
  /** What a payload that is no error refuses all the same, in the server's words; undefined where it does not. */
  readonly refusal?: (payload: unknown) => string | undefined;
}
