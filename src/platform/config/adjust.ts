/** Settings that operators change in a running gateway, without its files: levels of the log, and limits. */
import { LOG_COMPONENTS, type LogComponent, type LogLevel } from '../../model/log-level.ts';
import { levelOf } from '../telemetry/log-levels.ts';
import { isLive, valueAt } from './change.ts';
import { configSchema, type Config } from './schema.ts';
import { settingsTable, type Setting } from './settings-table.ts';
import { nearest } from './suggest.ts';

/** Without `component`: of all of them. */
interface LevelAdjustment {
  kind: 'level';
  level: LogLevel;
  component: LogComponent | undefined;
}
interface LimitAdjustment {
  kind: 'limit';
  limit: string;
  value: number;
}
export type Adjustment = LevelAdjustment | LimitAdjustment;

type Levels = Record<LogComponent, LogLevel>;
/** What held and what holds now. */
interface Adjusted<V> {
  before: V;
  now: V;
}
export type AdjustAnswer =
  | ({ outcome: 'level' } & Adjusted<Levels>)
  | { outcome: 'limit'; before: number | null; now: number }
  | { outcome: 'refused'; message: string };

/** The configuration with the change; undefined where it is refused. */
export interface AdjustedConfig {
  config: Config | undefined;
  answer: AdjustAnswer;
}

/** `config` stays as it is. */
export function adjust(config: Config, adjustment: Adjustment): AdjustedConfig {
  return adjustment.kind === 'level' ? withLevel(config, adjustment) : withLimit(config, adjustment);
}

function withLevel(config: Config, { level, component }: LevelAdjustment): AdjustedConfig {
  const { levels } = config.log;
  // The last entry of a component wins: those before it are of no use.
  const others = levels.filter((entry) => !entry.startsWith(`${component}=`));
  const log =
    component === undefined
      ? { ...config.log, level, levels: [] }
      : { ...config.log, levels: [...others, `${component}=${level}`] };
  return {
    config: { ...config, log },
    answer: { outcome: 'level', before: levelsOf(config.log), now: levelsOf(log) },
  };
}

function levelsOf(log: Config['log']): Levels {
  return Object.fromEntries(LOG_COMPONENTS.map((component) => [component, levelOf(component, log)])) as Levels;
}

function withLimit(config: Config, { limit, value }: LimitAdjustment): AdjustedConfig {
  const settings = limits();
  const setting = settings.find(({ path }) => path === limit);
  if (setting === undefined) {
    const names = settings.map(({ path }) => path);
    const message = `"${limit}" is no limit that can be changed here${nearest(limit, names)}; allowed: ${names.join(', ')}`;
    return { config: undefined, answer: { outcome: 'refused', message } };
  }
  const [section = '', key = ''] = limit.split('.');
  const sections = configSchema.shape as Record<string, { safeParse(value: unknown): { success: boolean } }>;
  const next = { ...(valueAt(config, section) as object), [key]: value };
  if (sections[section]?.safeParse(next).success !== true) {
    const message = `${limit}: ${value} is refused; allowed: ${setting.allowed ?? 'a number'} (${setting.description})`;
    return { config: undefined, answer: { outcome: 'refused', message } };
  }
  const before = valueAt(config, limit);
  return {
    config: { ...config, [section]: next },
    answer: { outcome: 'limit', before: typeof before === 'number' ? before : null, now: value },
  };
}

/** Numbers that hold at once. A switch is no limit: what it opens is decided where the configuration is. */
function limits(): Setting[] {
  return settingsTable().filter(
    ({ path, kind }) => LIMITED.some((section) => path.startsWith(section)) && isLive(path) && kind in NUMBERS,
  );
}

const LIMITED = ['control.', 'resilience.', 'upstream.'];
const NUMBERS = { integer: true, number: true };
