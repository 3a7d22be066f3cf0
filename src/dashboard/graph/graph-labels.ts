/** Which labels a frame wants, from the state and where things are in the picture. */
import type { ClientState } from '../../client/client.ts';
import { displayText } from '../format.ts';
import { agentName } from '../table/agent-rows.ts';
import type { AgentField } from './agent-field.ts';
import { RING_GAP, STRIDE } from './agent-field.ts';
import type { Emphasis } from './emphasis.ts';
import type { Label } from './label-layer.ts';
import type { Projector } from './projection.ts';

/** Pixels per world unit from which agents are named. */
const NAMES_FROM_SCALE = 2.4;
/** Swarms and agents are named only so many at a time; the nearest to the middle of the list go first. */
const MAX_NAMED = 60;

export interface LabelInput {
  state: ClientState;
  field: AgentField;
  projector: Projector;
  width: number;
  height: number;
  emphasis: Emphasis;
  hueOf: (server: string) => string;
}

export function labelsOf(input: LabelInput): Label[] {
  return [...serverLabels(input), ...swarmLabels(input), ...markedLabels(input), ...agentLabels(input)];
}

/** `swarm_17952…m0izyampf`: both ends of a long id, where ids differ. */
export function shortId(id: string): string {
  const text = displayText(id);
  return text.length <= 20 ? text : `${text.slice(0, 9)}…${text.slice(-8)}`;
}

function serverLabels({ state, field, projector, emphasis, hueOf }: LabelInput): Label[] {
  const byId = new Map([...state.servers.values()].map((server) => [server.id, server]));
  const isolated = emphasis.swarm === undefined ? undefined : state.swarms.get(emphasis.swarm)?.server_id;
  return field.areas.flatMap(({ server, x, y, width }) => {
    const at = projector.at(x + width / 2, y, 0);
    if (at === undefined) return [];
    const isSimulated = byId.get(server)?.simulated === true;
    return [
      {
        id: `server ${server}`,
        kind: 'server',
        text: displayText(server),
        ...(isSimulated ? { detail: 'SIMULATED', shortDetail: 'SIM' } : { detail: '' }),
        hue: hueOf(server),
        x: at.x,
        // Above the labels of its swarms, whose circles reach a little beyond the area.
        y: at.y - 24 - RING_GAP * at.scale,
        weight: 1e9,
        dim: isolated !== undefined && isolated !== server,
      },
    ];
  });
}

function swarmLabels({ state, field, projector, emphasis }: LabelInput): Label[] {
  const labels: Label[] = [];
  for (const { ref, x, y, z, radius, count } of field.swarms.values()) {
    const swarm = state.swarms.get(ref);
    const at = projector.at(x, y, z);
    if (swarm === undefined || at === undefined || count === 0) continue;
    const size = (radius + RING_GAP) * at.scale;
    if (size < 26) continue;
    const isWide = size > 70;
    const topology = swarm.topology === undefined || !isWide ? [] : [displayText(swarm.topology)];
    labels.push({
      id: `swarm ${ref}`,
      kind: 'swarm',
      text: isWide ? shortId(swarm.id) : `…${displayText(swarm.id.slice(-6))}`,
      detail: [...topology, String(count)].join(' · '),
      hue: '',
      x: at.x,
      y: at.y - size - 3,
      weight: 1e6 + count,
      dim: emphasis.swarm !== undefined && emphasis.swarm !== ref,
    });
  }
  return labels;
}

function markedLabels(input: LabelInput): Label[] {
  const { selected, hovered } = input.emphasis;
  return [selected, hovered].flatMap((ref, index) => {
    const agent = ref === undefined ? undefined : input.state.agents.get(ref);
    if (agent === undefined || (index === 1 && hovered === selected)) return [];
    const at = placeOf(input, agent.ref);
    if (at === undefined) return [];
    const detail = [agent.type, agent.status, agent.stale === true ? 'stale' : undefined];
    return [
      {
        id: index === 0 ? 'selected' : 'hovered',
        kind: 'marked' as const,
        text: agentName(agent),
        detail: detail.flatMap((word) => (word === undefined ? [] : [displayText(word)])).join(' · '),
        hue: '',
        x: at.x,
        y: at.y - at.radius - 12,
        weight: 1e10 + index,
        dim: false,
      },
    ];
  });
}

function agentLabels(input: LabelInput): Label[] {
  const { field, projector } = input;
  const probe = projector.at(0, 0, 0);
  if (probe === undefined || probe.scale < NAMES_FROM_SCALE) return [];
  const labels: Label[] = [];
  for (const ref of field.refs) {
    if (labels.length === MAX_NAMED) break;
    const label = nameLabel(input, ref);
    if (label !== undefined) labels.push(label);
  }
  return labels;
}

function nameLabel(input: LabelInput, ref: number): Label | undefined {
  const { state, width, height, emphasis } = input;
  const agent = state.agents.get(ref);
  if (agent === undefined || ref === emphasis.selected || ref === emphasis.hovered) return undefined;
  if (emphasis.swarm !== undefined && agent.swarm !== emphasis.swarm) return undefined;
  if (emphasis.matches?.(agent) === false) return undefined;
  const at = placeOf(input, ref);
  if (at === undefined || at.x < 0 || at.x > width || at.y < 0 || at.y > height) return undefined;
  return {
    id: `agent ${ref}`,
    kind: 'agent',
    text: agentName(agent),
    detail: '',
    hue: '',
    x: at.x,
    y: at.y + at.radius + 20,
    weight: agent.lead === true ? 2 : 1,
    dim: false,
  };
}

function placeOf({ state, field, projector }: LabelInput, ref: number) {
  const index = field.indexOf(ref);
  if (index === undefined) return undefined;
  const o = index * STRIDE;
  if ((field.data[o + 3] ?? 0) < 0.05) return undefined;
  const at = projector.at(field.data[o] ?? 0, field.data[o + 1] ?? 0, field.data[o + 2] ?? 0);
  const size = state.agents.get(ref)?.visual?.size ?? 7;
  return at === undefined ? undefined : { x: at.x, y: at.y, radius: size * 0.6 * at.scale };
}
