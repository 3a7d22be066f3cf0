/** Modes as people read them, fastest first. */
import type { Mode } from '../../client/client.ts';

export const MODE_TEXT: Readonly<Record<Mode, string>> = {
  high_frequency: '60 Hz',
  normal: '10 Hz',
  low_frequency: '1 Hz',
  on_demand: 'On demand',
};

export const MODES = Object.keys(MODE_TEXT) as Mode[];
