/** Update modes: how often a client is sent what changed. */
import { z } from 'zod';

export const MODES = ['high_frequency', 'normal', 'low_frequency', 'on_demand'] as const;
export type Mode = (typeof MODES)[number];

// The seeds write HighFrequency, older pages high-frequency; all mean the same.
export const modeSchema = z.preprocess(
  (value) => (typeof value === 'string' ? canonicalMode(value) : value),
  z.enum(MODES).meta({ id: 'Mode' }),
);

/** Nominal rate. 0: nothing is sent until the client asks. */
export const MODE_HZ: Readonly<Record<Mode, number>> = {
  high_frequency: 60,
  normal: 10,
  low_frequency: 1,
  on_demand: 0,
};

export const DEFAULT_MODE: Mode = 'normal';

/** Why a mode changed. */
export type ModeReason = 'client' | 'operator' | 'slow_client' | 'recovered' | 'server_limit';

function canonicalMode(value: string): string {
  const folded = value.toLowerCase().replaceAll(/[-_ ]/g, '');
  return MODES.find((mode) => mode.replaceAll('_', '') === folded) ?? value;
}
