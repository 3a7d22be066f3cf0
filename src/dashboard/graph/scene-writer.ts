/** Writes what the client's state looks like into the scene's buffers: agents, links, and the circles of swarms. */
import type { LinkRecord, SwarmcastClient } from '../../client/client.ts';
import { RING_GAP } from './agent-field.ts';
import type { AgentField } from './agent-field.ts';
import { lookOf, parseColor, SERVER_HUES } from './agent-look.ts';
import type { Emphasis } from './emphasis.ts';
import { isEmphasised } from './emphasis.ts';
import type { GraphScene } from './graph-scene.ts';
import { writeRgb } from './graph-scene.ts';

/** Links drawn at most; communication first. */
const MAX_LINKS = 60_000;
/** What is not emphasised keeps this share of its opacity. */
const DIMMED = 0.1;
const DIMMED_LINK = 0.12;

export class SceneWriter {
  readonly #client: SwarmcastClient;
  readonly #field: AgentField;
  readonly #scene: GraphScene;
  /** Of the gateway's clock: what the scene counts its seconds from. */
  readonly #epochMs: number;

  constructor(client: SwarmcastClient, field: AgentField, scene: GraphScene, epochMs: number) {
    this.#client = client;
    this.#field = field;
    this.#scene = scene;
    this.#epochMs = epochMs;
  }

  /** The agent at this index of the field is not dimmed. */
  isEmphasised(index: number, emphasis: Emphasis): boolean {
    const agent = this.#client.state.agents.get(this.#field.refs[index] ?? -1);
    return agent !== undefined && isEmphasised(agent, emphasis);
  }

  /** True when one of them pulses. */
  writeLooks(emphasis: Emphasis): boolean {
    const { agents: layer } = this.#scene;
    const { agents } = this.#client.state;
    layer.count = this.#field.size;
    const [look, color, state] = [layer.array('uLook'), layer.array('uColor'), layer.array('uState')];
    let pulses = false;
    for (const [i, ref] of this.#field.refs.entries()) {
      const agent = agents.get(ref);
      if (agent === undefined) continue;
      const { radius, shape, status, color: rgb, pulseHz, stale } = lookOf(agent);
      look[i * 4] = radius;
      look[i * 4 + 1] = shape;
      look[i * 4 + 2] = status;
      look[i * 4 + 3] = isEmphasised(agent, emphasis) ? 1 : DIMMED;
      writeRgb(color, i * 4, rgb);
      color[i * 4 + 3] = stale ? 1 : 0;
      state[i * 4] = pulseHz;
      state[i * 4 + 1] = ref === emphasis.selected ? 2 : ref === emphasis.hovered ? 1 : 0;
      if (pulseHz > 0) pulses = true;
    }
    layer.changed('uLook', 'uColor', 'uState');
    return pulses;
  }

  /** True when one of them fades with time; those of topology stay as they are. */
  writeLinks(emphasis: Emphasis): boolean {
    const { links } = this.#client.state;
    const layer = this.#scene.links;
    layer.reserve(Math.min(MAX_LINKS, links.size));
    const buffers = { ends: layer.array('uEnds'), weight: layer.array('uWeight') };
    let count = 0;
    let fades = false;
    for (const kind of ['communication', 'topology'] as const) {
      for (const link of links.values()) {
        if (link.kind !== kind || count >= MAX_LINKS || !this.#writeLink(buffers, count, link, emphasis)) continue;
        count++;
        if (kind === 'communication') fades = true;
      }
    }
    layer.count = count;
    layer.changed('uEnds', 'uWeight');
    return fades;
  }

  #writeLink(
    { ends, weight }: Record<'ends' | 'weight', Float32Array>,
    at: number,
    link: LinkRecord,
    emphasis: Emphasis,
  ): boolean {
    const [a, b] = [this.#field.indexOf(link.from), this.#field.indexOf(link.to)];
    if (a === undefined || b === undefined) return false;
    const { selected } = emphasis;
    const touches = selected !== undefined && (link.from === selected || link.to === selected);
    const isDimmed = !this.isEmphasised(a, emphasis) || !this.isEmphasised(b, emphasis);
    ends[at * 4] = a;
    ends[at * 4 + 1] = b;
    ends[at * 4 + 2] = link.kind === 'topology' ? 0 : 1;
    ends[at * 4 + 3] = isDimmed ? DIMMED_LINK : touches ? 1.9 : 1;
    weight[at * 4] = link.weight ?? 0;
    weight[at * 4 + 1] = ((link.at_ms ?? 0) - this.#epochMs) / 1_000;
    weight[at * 4 + 2] = (link.half_life_ms ?? 0) / 1_000;
    return true;
  }

  writeRings(emphasis: Emphasis): void {
    const layer = this.#scene.rings;
    layer.count = this.#field.swarms.size;
    const [balls, tints] = [layer.array('uBall'), layer.array('uTint')];
    let i = 0;
    for (const { ref, x, y, z, radius, shown, server } of this.#field.swarms.values()) {
      balls.set([x, y, z, radius + RING_GAP], i * 4);
      writeRgb(tints, i * 4, parseColor(this.hueOf(server)));
      tints[i * 4 + 3] = shown * (emphasis.swarm === undefined || emphasis.swarm === ref ? 1 : DIMMED_LINK);
      i++;
    }
    layer.changed('uBall', 'uTint');
  }

  /** The hue that marks a server: by its place among the servers' names. */
  hueOf(server: string): string {
    const ids = [...this.#client.state.servers.values()].map(({ id }) => id).toSorted();
    return SERVER_HUES[Math.max(0, ids.indexOf(server)) % SERVER_HUES.length] ?? '#7f94a8';
  }
}
