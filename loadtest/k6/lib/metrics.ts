/** What all scenarios measure, and the thresholds that all of them have. */
import { Counter, Rate, Trend } from 'k6/metrics';
import { SETTINGS } from './settings.ts';

export const frames = new Counter('sc_frames');
export const frameBytes = new Counter('sc_frame_bytes');
export const messages = new Counter('sc_messages');
/** Frames per second of a client over the nominal rate of its mode. */
export const rateRatio = new Trend('sc_rate_ratio');
/** Share of a client's intervals between frames that lasted longer than twice the period of its mode. */
export const gapShare = new Trend('sc_gap_share');
/** Receive time minus the frame's own, of every 60th frame (whole ms: k6 has no finer clock). */
export const frameAge = new Trend('sc_frame_age_ms', true);
export const hashesChecked = new Counter('sc_hashes_checked');
export const hashesWrong = new Counter('sc_hashes_wrong');
export const undecodable = new Counter('sc_undecodable');
/** `error` messages. */
export const refused = new Counter('sc_refused');
/** Connections that opened. */
export const opened = new Rate('sc_opened');
/** Connections that the gateway ended. */
export const cut = new Counter('sc_cut');
export const modeChanges = new Counter('sc_mode_changes');

/** Hashes, decoding and connections: nothing may be wrong. */
export const CORRECT = {
  sc_hashes_wrong: ['count==0'],
  sc_hashes_checked: ['count>0'],
  sc_undecodable: ['count==0'],
  sc_refused: ['count==0'],
  sc_opened: ['rate>0.999'],
  sc_cut: ['count==0'],
};

/** Rates and gaps while nothing but watching goes on. */
export const STEADY: Record<string, string[]> = SETTINGS.judgesRates
  ? { sc_rate_ratio: ['avg>0.95', 'avg<1.05', 'p(5)>0.9'], sc_gap_share: ['avg<0.02'] }
  : {};

/** Of every summary. */
export const SUMMARY = ['avg', 'min', 'med', 'p(5)', 'p(95)', 'p(99)', 'max'];
