import type { Mode } from '../../protocol/modes.ts';
import type { Backlog } from './backlog.ts';

/** Pings while state and frames go to a client that acknowledges none: what is in flight shows by nothing else. */
const BLIND_MS: Readonly<Record<Mode, number>> = {
  high_frequency: 1_000,
  normal: 2_000,
  low_frequency: 5_000,
  on_demand: 5_000,
};
/** Pings to a client that is held back: its pong is what lets it go on. */
const HELD_MS = 1_000;

/** Time between two pings, at most `longestMs`, which is enough for a client that acknowledges or is sent nothing. */
export function pingIntervalMs(mode: Mode | undefined, isHeld: boolean, backlog: Backlog, longestMs: number): number {
  if (mode === undefined) return longestMs;
  if (isHeld) return Math.min(HELD_MS, longestMs);
  return backlog.acknowledges || !backlog.wantsPing ? longestMs : Math.min(BLIND_MS[mode], longestMs);
}
