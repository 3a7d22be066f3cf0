// Time per tick of one swarm, all engines kept hot, and of a thousand small swarms.
import { contest } from './contest.mjs';
import { ringOfCliques, swarmGraph } from './graphs.mjs';
import { createOurPool, createOurs } from './our-engine.mjs';
import { createD3Peer, createNgraphPeer } from './peers.mjs';

/** Above this, peers get few ticks: one costs a second and more. */
const LARGE = 20_000;
/** Our engine sorts its bodies anew often while a swarm unfolds; after so many ticks it is past that. */
const UNFOLD_TICKS = 150;

/**
 * @param {{ quick: boolean, log: (line: string) => void }} options
 * @returns rows { section, graph, n, links, engine, ms, p90, times, rounds, disturbed }; times: ngraph's ms by its own
 */
export function measureTicks({ quick, log }) {
  const rows = [];
  const sizes = quick ? [50, 200, 1_000, 5_000, 20_000] : [50, 200, 1_000, 5_000, 20_000, 100_000];
  for (const n of sizes) rows.push(...measureSwarm(swarmGraph(n), quick, log));
  const cliques = quick ? [1_000] : [200, 1_000, 5_000, 20_000];
  for (const n of cliques) rows.push(...measureSwarm(ringOfCliques(n), quick, log));
  return rows;
}

function measureSwarm(graph, quick, log) {
  log(`${graph.name} of ${graph.count}`);
  const ours = [false, true].map((eachStep) => createOurs(graph, { hot: true, eachStep }));
  const peers = [createNgraphPeer(graph), createD3Peer(graph, { hot: true })];
  const large = graph.count >= LARGE;
  const outcome = contest([...ours.map((one) => ({ ...one, warmTicks: UNFOLD_TICKS })), ...peers], {
    rounds: quick ? 5 : large ? 5 : 11,
    warmMs: quick ? 150 : 1_000,
    limitMs: quick ? 2_000 : large ? 30_000 : 8_000,
  });
  return rowsOf('tick', outcome, { graph: graph.name, n: graph.count, links: graph.from.length });
}

/** A thousand swarms of fifty: one pool against as many layouts. Rows as of {@link measureTicks}, ms for all swarms. */
export function measurePool({ quick, log }) {
  const swarms = 1_000;
  log(`pool of ${swarms} swarms`);
  const graphs = Array.from({ length: swarms }, (_, k) => swarmGraph(50, 1 + (k % 50)));
  const pools = [false, true].map((eachStep) => ({ ...createOurPool(graphs, eachStep), warmTicks: UNFOLD_TICKS }));
  const contestants = [...pools, together('ngraph', graphs.map(createNgraphPeer))];
  if (!quick) {
    const simulations = graphs.map((graph) => createD3Peer(graph, { hot: true }));
    contestants.push(together('d3-force-3d', simulations));
  }
  const outcome = contest(contestants, { rounds: quick ? 5 : 11, warmMs: quick ? 300 : 1_000, limitMs: 10_000 });
  const links = graphs.reduce((sum, graph) => sum + graph.from.length, 0);
  return rowsOf('pool', outcome, { graph: `${swarms} × swarm`, n: 50, links });
}

function together(name, layouts) {
  return {
    name,
    tick() {
      for (const layout of layouts) layout.tick();
    },
  };
}

function rowsOf(section, { results, rounds, of, disturbed }, about) {
  const ngraph = results.find(({ engine }) => engine === 'ngraph');
  return results.map((result) => ({
    section,
    ...about,
    ...result,
    times: ngraph.ms / result.ms,
    rounds: `${rounds}/${of}`,
    disturbed,
  }));
}
