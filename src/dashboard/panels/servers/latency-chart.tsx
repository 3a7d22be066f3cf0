/** How long a server took to answer, over time. The chart is loaded and drawn once it comes into sight. */
import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { useApp } from '../../app-context.ts';
import { clockTime, digits, plural } from '../../format.ts';
import type { Latencies } from '../../session/latency-history.ts';
import { quantile } from '../../session/latency-history.ts';

const HEIGHT = 92;
/** Shortest stretch of time that the chart spans. */
const MIN_SPAN_SECONDS = 30;

interface Point {
  atMs: number;
  latencyMs: number;
}

export function LatencyChart({ server }: { server: string }): JSX.Element {
  const { session, store } = useApp();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const pointed = useSignal<Point | undefined>(undefined);
  // The history changes in place.
  void session.revision.value;
  const latencies = session.latencies.of(server);
  const count = latencies.atMs.length;
  const newestMs = latencies.atMs.at(-1);
  const isDark = store.isDark.value;
  useEffect(() => {
    if (host.current === null) return undefined;
    return drawWhenSeen(host.current, () => session.latencies.of(server), pointed, plot);
  }, [server, isDark]);
  useEffect(() => {
    plot.current?.setData(dataOf(session.latencies.of(server)));
  }, [count, newestMs]);
  return (
    <figure class="latency">
      <figcaption>{pointed.value === undefined ? summary(latencies) : pointText(pointed.value)}</figcaption>
      <div
        ref={host}
        class="latency-chart"
        role="img"
        aria-label={`Latency of the last ${plural(count, 'answer')}: ${summary(latencies)}`}
      />
    </figure>
  );
}

function summary({ latencyMs }: Latencies): string {
  const [median, high, last] = [quantile(latencyMs, 0.5), quantile(latencyMs, 0.95), latencyMs.at(-1)];
  if (median === undefined || high === undefined || last === undefined) return 'No latency was measured yet.';
  return `${time(last)} now · median ${time(median)} · p95 ${time(high)}`;
}

function time(ms: number): string {
  return ms < 1_000 ? `${digits(ms)} ms` : `${digits(ms / 1_000)} s`;
}

function pointText({ atMs, latencyMs }: Point): string {
  return `${time(latencyMs)} at ${clockTime(atMs)}`;
}

/** uPlot wants seconds. */
function dataOf({ atMs, latencyMs }: Latencies): uPlot.AlignedData {
  return [atMs.map((ms) => ms / 1_000), [...latencyMs]];
}

/** Returns what undoes it. */
function drawWhenSeen(
  host: HTMLElement,
  read: () => Latencies,
  pointed: Signal<Point | undefined>,
  plot: { current: uPlot | undefined },
): () => void {
  let gone = false;
  const draw = async (): Promise<void> => {
    const { default: Plot } = await import('uplot');
    if (gone) return;
    plot.current = new Plot(optionsOf(host, read, pointed), dataOf(read()), host);
  };
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    draw().catch(reportError);
  });
  seen.observe(host);
  const sized = new ResizeObserver(() => {
    plot.current?.setSize({ width: host.clientWidth, height: HEIGHT });
  });
  sized.observe(host);
  return () => {
    gone = true;
    seen.disconnect();
    sized.disconnect();
    plot.current?.destroy();
    plot.current = undefined;
    pointed.value = undefined;
  };
}

function optionsOf(host: HTMLElement, read: () => Latencies, pointed: Signal<Point | undefined>): uPlot.Options {
  const style = getComputedStyle(host);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--quiet'),
    font: `10.5px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [6, 26, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, fill: color('--accent') } },
    scales: { x: { range: () => spanOf(read()) }, y: { range: fromZero } },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 2,
        space: 70,
        grid: { show: false },
        values: (_, at) => at.map((s) => clockTime(s * 1_000)),
      },
      { ...axis, size: 52, gap: 4, space: 26, values: (_, at) => at.map((ms) => (ms === 0 ? '' : time(ms))) },
    ],
    series: [
      {},
      {
        stroke: color('--accent'),
        width: 1.4,
        fill: color('--accent-soft'),
        // One value alone makes no line.
        points: { show: () => read().atMs.length === 1, size: 6, fill: color('--accent') },
      },
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx } }) => {
          const { atMs, latencyMs } = read();
          const [at, latency] = [atMs[idx ?? -1], latencyMs[idx ?? -1]];
          pointed.value = at === undefined || latency === undefined ? undefined : { atMs: at, latencyMs: latency };
        },
      ],
    },
  };
}

/** In seconds. Of one value alone uPlot would make a day. */
function spanOf({ atMs }: Latencies): [number, number] {
  const end = (atMs.at(-1) ?? 0) / 1_000;
  return [Math.min((atMs[0] ?? 0) / 1_000, end - MIN_SPAN_SECONDS), end];
}

function fromZero(_: uPlot, __: number, max: number): [number, number] {
  // Before the first value there is no maximum.
  return [0, Number.isFinite(max) && max > 0 ? max * 1.15 : 1];
}
