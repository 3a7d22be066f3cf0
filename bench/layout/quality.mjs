// How good the pictures are: 300 ticks from hot to cold, then stress and spread of link lengths; and how far the
// approximated forces are from the exact ones.
import { restarted, ringOfCliques, swarmGraph } from './graphs.mjs';
import { forceError, linkLengthSpread, median, stress } from './metrics.mjs';
import { createOurs, METHODS, repulsionAt } from './our-engine.mjs';
import { createD3Peer, createNgraphPeer } from './peers.mjs';

const TICKS = 300;

/**
 * @param {{ quick: boolean, log: (line: string) => void }} options
 * @returns rows { section, graph, n, engine, starts, stress, spread }: medians over the starts, which all engines share
 */
export function measureQuality({ quick, log }) {
  const cases = quick
    ? [
        [swarmGraph(200), 3],
        [swarmGraph(1_000), 1],
        [ringOfCliques(200), 3],
      ]
    : [
        [swarmGraph(50), 15],
        [swarmGraph(200), 9],
        [swarmGraph(1_000), 3],
        [swarmGraph(5_000), 1],
        [ringOfCliques(200), 9],
        [ringOfCliques(1_000), 3],
      ];
  return cases.flatMap(([graph, starts]) => {
    log(`quality: ${graph.name} of ${graph.count}`);
    return contestants().map(({ name, create }) => {
      const outcomes = Array.from({ length: starts }, (_, k) => layOut(create, restarted(graph, k + 1), k + 1));
      const of = (measure) => median(outcomes.map((outcome) => outcome[measure]));
      return {
        section: 'quality',
        graph: graph.name,
        n: graph.count,
        engine: name,
        starts,
        stress: of('stress'),
        spread: of('spread'),
      };
    });
  });
}

function contestants() {
  return [
    ...METHODS.map(({ name, ...options }) => ({
      name,
      create: (graph, seed) => createOurs(graph, { ...options, seed }),
    })),
    { name: 'ngraph', create: createNgraphPeer },
    { name: 'd3-force-3d', create: (graph) => createD3Peer(graph, { hot: false }) },
  ];
}

function layOut(create, graph, seed) {
  const layout = create(graph, seed);
  for (let k = 0; k < TICKS; k++) layout.tick();
  const positions = layout.positions();
  return { stress: stress(graph, positions), spread: linkLengthSpread(graph, positions) };
}

/**
 * Repulsion as approximated against the exact sum, at the same places: those of a finished layout.
 * @returns rows { section, graph, n, error }
 */
export function measureForceError({ quick, log }) {
  const sizes = quick ? [1_000, 5_000] : [200, 1_000, 5_000, 20_000];
  return sizes.map((n) => {
    log(`force error: ${n}`);
    const graph = swarmGraph(n);
    const layout = createOurs(graph, { method: 'fmm' });
    for (let k = 0; k < TICKS; k++) layout.tick();
    const places = layout.positions();
    const error = forceError(repulsionAt(graph, places, 'fmm'), repulsionAt(graph, places, 'symmetric'));
    return { section: 'force error', graph: graph.name, n, error };
  });
}
