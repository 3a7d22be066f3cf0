/**
 * How an agent looks: shape from its type, colour from its success (as the gateway computed it), ring and fill from its
 * status. Nothing rests on colour alone. Pure.
 */
import type { AgentRecord } from '../../client/client.ts';

const SHAPES = ['circle', 'square', 'diamond', 'triangle', 'pentagon', 'hexagon', 'plus', 'star'] as const;
export type Shape = (typeof SHAPES)[number];
type Status = AgentRecord['status'];

/** In the order that the shader counts them. */
export const STATUSES: readonly Status[] = ['idle', 'busy', 'active', 'error', 'offline', 'unknown'];

/** Types that the orchestrators share. Others get a shape by their name, the same in every session. */
const SHAPE_OF_TYPE: Readonly<Record<string, Shape>> = {
  coordinator: 'star',
  queen: 'star',
  researcher: 'circle',
  coder: 'square',
  analyst: 'hexagon',
  tester: 'triangle',
  reviewer: 'pentagon',
  architect: 'diamond',
  optimizer: 'plus',
  documenter: 'diamond',
};

/** An agent without a type is a circle. */
export function shapeOf(type: string | undefined): Shape {
  if (type === undefined) return 'circle';
  const folded = type.toLowerCase();
  const known = Object.hasOwn(SHAPE_OF_TYPE, folded) ? SHAPE_OF_TYPE[folded] : undefined;
  if (known !== undefined) return known;
  let hash = 0;
  for (let i = 0; i < folded.length; i++) hash = (Math.imul(hash, 31) + folded.charCodeAt(i)) | 0;
  return SHAPES[Math.abs(hash) % SHAPES.length] ?? 'circle';
}

/** Red, green, blue, each 0–255. */
export type Rgb = readonly [number, number, number];

/** An agent whose success is not known: a grey that stands apart from all four colours of success. */
export const UNKNOWN_COLOR: Rgb = [142, 160, 178];

/** `#rrggbb`; anything else counts as unknown. */
export function parseColor(color: string | undefined): Rgb {
  const match = color === undefined ? null : /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (match === null) return UNKNOWN_COLOR;
  const [, red = '0', green = '0', blue = '0'] = match;
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

/** What the colours of success mean, best first. */
export const SUCCESS_LEGEND: readonly { color: string; text: string }[] = [
  { color: '#009e73', text: 'success ≥ 95 %' },
  { color: '#f0e442', text: '≥ 85 %' },
  { color: '#e69f00', text: '≥ 70 %' },
  { color: '#d55e00', text: 'below 70 %' },
  { color: '#8ea0b2', text: 'not reported' },
];

/** World units; agents without a reported throughput get the size of a middling one. */
const UNKNOWN_SIZE = 7;

export interface Look {
  /** Radius, world units. */
  radius: number;
  /** Index in {@link SHAPES}. */
  shape: number;
  /** Index in {@link STATUSES}. */
  status: number;
  color: Rgb;
  /** 0: does not pulse. Only agents at work do. */
  pulseHz: number;
  stale: boolean;
}

export function lookOf(agent: AgentRecord): Look {
  const isAtWork = agent.status === 'busy' || agent.status === 'active';
  return {
    radius: (agent.visual?.size ?? UNKNOWN_SIZE) * 0.6,
    shape: SHAPES.indexOf(shapeOf(agent.type)),
    status: Math.max(0, STATUSES.indexOf(agent.status)),
    color: parseColor(agent.visual?.color),
    pulseHz: isAtWork && agent.stale !== true ? (agent.visual?.pulse_hz ?? 0) : 0,
    stale: agent.stale === true,
  };
}

/** Hues that mark servers. They stand apart from the colours of success, and a label always names the server too. */
export const SERVER_HUES: readonly string[] = ['#56b4e9', '#cc79a7', '#9d8df1', '#6fb8b0', '#b3916b', '#7f94a8'];
