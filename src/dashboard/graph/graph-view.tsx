/** The graph with its labels, legend and controls. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { App } from '../app-context.ts';
import { useApp } from '../app-context.ts';
import { displayText, plural } from '../format.ts';
import { matches, wordsOf } from '../table/agent-rows.ts';
import { STRIDE } from './agent-field.ts';
import { DARK_SCENE, LIGHT_SCENE } from './graph-theme.ts';
import type { Emphasis } from './emphasis.ts';
import type { DrawnFrame } from './graph-controller.ts';
import { GraphController } from './graph-controller.ts';
import { labelsOf } from './graph-labels.ts';
import { Hand } from './hand.ts';
import { LabelLayer } from './label-layer.ts';
import { Legend } from './legend.tsx';
import { QUALITY_STEPS } from './quality-governor.ts';

/** Labels follow at most this often while nothing but agents moves. */
const LABELS_EVERY_MS = 30;

export function GraphView(): JSX.Element {
  const app = useApp();
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const controller = useRef<GraphController | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const hovered = useSignal<number | undefined>(undefined);
  const ready = useSignal(0);

  useEffect(() => {
    if (host.current === null || canvas.current === null || labels.current === null) return undefined;
    try {
      const mounted = mount(app, host.current, canvas.current, labels.current, hovered);
      controller.current = mounted.graph;
      ready.value++;
      return () => {
        controller.current = undefined;
        mounted.stop();
      };
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }, []);

  useFollowing(app, ready, hovered, () => controller.current);

  if (failure.value !== undefined) return <NoGraph reason={failure.value} />;
  return (
    <section class="graph" aria-label="Graph">
      <div class="graph-top">
        <div
          ref={host}
          class="graph-stage"
          tabIndex={0}
          role="application"
          aria-roledescription="graph of agents"
          aria-label={summary(app)}
          aria-describedby="graph-keys"
          onKeyDown={(event) => {
            if (controller.current !== undefined && onKey(event, controller.current, app)) event.preventDefault();
          }}
        >
          <canvas ref={canvas} aria-hidden="true" />
          <div ref={labels} class="labels" aria-hidden="true" />
        </div>
        <p id="graph-keys" class="visually-hidden">
          Arrow keys select the next agent in that direction; shift and arrow keys move the picture; plus and minus
          zoom; F fits everything; Enter goes to the selected agent; Escape clears. The table shows the same agents.
        </p>
        <Empty />
        <Controls graph={() => controller.current} />
      </div>
      <Legend />
    </section>
  );
}

/** The graph follows the page's theme, search, selection and isolation. `ready` counts mounts. */
function useFollowing(
  app: App,
  ready: Signal<number>,
  hovered: Signal<number | undefined>,
  graphOf: () => GraphController | undefined,
): void {
  useSignalEffect(() => {
    if (ready.value > 0) graphOf()?.setTheme(app.store.isDark.value ? DARK_SCENE : LIGHT_SCENE);
  });
  useSignalEffect(() => {
    if (ready.value > 0) graphOf()?.setCalm(app.store.reducedMotion.value);
  });
  const emphasis = useComputed<Emphasis>(() => {
    const words = wordsOf(app.store.view.value.query);
    return {
      swarm: app.isolated.value?.ref,
      matches: words.length === 0 ? undefined : (agent) => matches(agent, words),
      selected: app.selected.value?.ref,
      hovered: hovered.value,
    };
  });
  useSignalEffect(() => {
    if (ready.value > 0) graphOf()?.setEmphasis(emphasis.value);
  });
  const selectedRef = useComputed(() => app.selected.value?.ref);
  useSignalEffect(() => {
    const ref = selectedRef.value;
    const graph = ready.value > 0 ? graphOf() : undefined;
    if (graph === undefined) return;
    if (app.following.value && ref !== undefined) graph.follow(ref);
    else {
      graph.follow(undefined);
      if (ref !== undefined) graph.reveal(ref);
    }
  });
}

function mount(
  app: App,
  host: HTMLDivElement,
  canvas: HTMLCanvasElement,
  labelHost: HTMLDivElement,
  hovered: { value: number | undefined },
): { graph: GraphController; stop: () => void } {
  const { session } = app;
  const layer = new LabelLayer(labelHost);
  let labelsAt = 0;
  const onDraw = (frame: DrawnFrame): void => {
    host.dataset['agents'] = String(frame.agents);
    host.dataset['frames'] = String(frame.drawn);
    host.dataset['quality'] = String(frame.qualityStep);
    host.dataset['camera'] = frame.camera.join(' ');
    const drawing = app.drawing.peek();
    if (drawing?.step !== frame.qualityStep || Math.abs(drawing.frameMs - frame.frameMs) > 1) {
      app.drawing.value = { step: frame.qualityStep, steps: QUALITY_STEPS.length, frameMs: frame.frameMs };
    }
    const now = performance.now();
    if (now - labelsAt < LABELS_EVERY_MS) return;
    labelsAt = now;
    const { projector, width, height } = frame;
    const wanted = labelsOf({
      state: session.client.state,
      field: graph.field,
      projector,
      width,
      height,
      emphasis: graph.emphasis,
      hueOf: (server) => graph.hueOf(server),
    });
    layer.show(wanted, width, height);
  };
  const graph = new GraphController({ canvas, client: session.client, delayMs: () => session.delayMs, onDraw });
  const observer = new ResizeObserver(() => {
    graph.resize(host.clientWidth, host.clientHeight);
  });
  observer.observe(host);
  graph.resize(host.clientWidth, host.clientHeight);
  // Read-only, for who watches the page from outside, as tests do: fills `detail` with where each agent is drawn, by key.
  const tellPlaces = (event: Event): void => {
    const into = (event as CustomEvent<Record<string, readonly number[]>>).detail;
    for (const [index, ref] of graph.field.refs.entries()) {
      // It is nowhere yet.
      if (graph.field.data[index * STRIDE + 3] === 0) continue;
      const key = session.client.state.agents.get(ref)?.key;
      if (key !== undefined) into[key] = [...graph.field.data.subarray(index * STRIDE, index * STRIDE + 3)];
    }
  };
  host.addEventListener('swarmcast:places', tellPlaces);
  const hand = new Hand(host, graph.rig, {
    moved: () => {
      movedByHand(graph, app);
    },
    hovered: (point) => {
      hovered.value = point === undefined ? undefined : graph.pickAt(point.x, point.y);
      host.dataset['over'] = String(hovered.value !== undefined);
    },
    pressed: (point) => {
      const ref = graph.pickAt(point.x, point.y);
      app.select(ref === undefined ? undefined : session.client.state.agents.get(ref));
    },
    pressedTwice: (point) => {
      const ref = graph.pickAt(point.x, point.y);
      if (ref !== undefined) graph.approach(ref);
    },
  });
  return {
    graph,
    stop: () => {
      host.removeEventListener('swarmcast:places', tellPlaces);
      hand[Symbol.dispose]();
      observer.disconnect();
      graph[Symbol.dispose]();
      app.drawing.value = undefined;
    },
  };
}

/** From now on nothing but hands moves the picture. */
function movedByHand(graph: GraphController, app: App): void {
  app.following.value = false;
  graph.handMoved();
}

const WAYS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

function onKey(event: KeyboardEvent, graph: GraphController, app: App): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const way = WAYS[event.key];
  return way === undefined ? onCommandKey(event.key, graph, app) : onArrow(way, event.shiftKey, graph, app);
}

function onArrow(way: { x: number; y: number }, pans: boolean, graph: GraphController, app: App): boolean {
  if (pans) {
    graph.rig.pan(way.x * 0.08, -way.y * 0.08);
    movedByHand(graph, app);
    return true;
  }
  const ref = graph.neighbourOf(app.selected.value?.ref, way);
  if (ref !== undefined) app.select(app.session.client.state.agents.get(ref));
  return true;
}

function onCommandKey(key: string, graph: GraphController, app: App): boolean {
  const selected = app.selected.value?.ref;
  if (key === '+' || key === '=' || key === '-') {
    graph.rig.zoom(key === '-' ? 1 / 0.85 : 0.85);
    movedByHand(graph, app);
  } else if (key === 'f' || key === 'F') {
    app.following.value = false;
    graph.fit();
  } else if (key === 'Enter' && selected !== undefined) graph.approach(selected);
  else return false;
  return true;
}

function summary({ session }: App): string {
  void session.revision.value;
  const { agents, swarms, servers } = session.client.state;
  return `Graph of ${plural(agents.size, 'agent')} in ${plural(swarms.size, 'swarm')} of ${plural(servers.size, 'server')}`;
}

function Controls({ graph }: { graph: () => GraphController | undefined }): JSX.Element {
  const app = useApp();
  const zoom = (factor: number) => () => {
    const shown = graph();
    if (shown === undefined) return;
    shown.rig.zoom(factor);
    movedByHand(shown, app);
  };
  const isolated = app.isolated.value;
  return (
    <div class="graph-controls">
      {isolated !== undefined && (
        <button
          type="button"
          class="chip"
          onClick={() => {
            app.isolate(undefined);
          }}
        >
          Only {displayText(isolated.id)} <span aria-hidden="true">×</span>
          <span class="visually-hidden">: show all swarms again</span>
        </button>
      )}
      <div class="button-stack">
        <button type="button" onClick={zoom(0.8)} aria-label="Zoom in" title="Zoom in (+)">
          +
        </button>
        <button type="button" onClick={zoom(1.25)} aria-label="Zoom out" title="Zoom out (−)">
          −
        </button>
        <button
          type="button"
          onClick={() => {
            app.following.value = false;
            graph()?.fit();
          }}
          aria-label="Fit everything"
          title="Fit everything (F)"
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />
          </svg>
        </button>
      </div>
    </div>
  );
}

/** Why the graph is empty, when it is. */
function Empty(): JSX.Element | null {
  const { session, store } = useApp();
  void session.revision.value;
  const { state } = session.client;
  if (state.agents.size > 0) return null;
  const status = session.status.value.status;
  const isFiltered = Object.values(store.view.value.filters).some((values) => values.length > 0);
  let text = 'Connecting to the gateway…';
  if (status === 'live') {
    if (isFiltered) text = 'No agent matches the filters.';
    else if (state.servers.size === 0) text = 'The gateway has no MCP servers yet.';
    else text = `No agents yet: ${plural(state.servers.size, 'server')} reported none.`;
  }
  return <p class="graph-empty">{text}</p>;
}

function NoGraph({ reason }: { reason: string }): JSX.Element {
  return (
    <section class="graph graph-missing" aria-label="Graph">
      <p>
        <strong>The graph can’t be drawn here.</strong> This browser offers no WebGL 2 ({displayText(reason)}). The
        table shows the same agents.
      </p>
    </section>
  );
}
