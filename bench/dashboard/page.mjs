// The page itself, as the built gateway serves it, in headless Chromium: what arriving messages cost the main thread, what
// drawing costs it in script, how often it draws, and how memory grows. Rendering is in software there: the time that
// drawing takes beyond script is the frame interval's, and says nothing about a machine with a graphics card.
import { launchBrowser } from '../../test/support/browser.ts';
import { startGateway, stopGateway } from './gateway.mjs';

/** Arriving, shaders, first layout. */
const WARM_UP_MS = 12_000;

/** One row of figures, and what draws. */
export async function measurePage({ agents, seconds }) {
  const gateway = await startGateway(agents);
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.addInitScript(instrument);
    await page.goto(`${gateway.url}/?mode=high_frequency&panel=connection`);
    await page.waitForFunction(
      (wanted) => Number(document.querySelector('.graph-stage')?.dataset.agents ?? 0) >= wanted * 0.8,
      agents,
      { timeout: 60_000 },
    );
    await page.waitForTimeout(WARM_UP_MS);
    return await measure(page, seconds);
  } finally {
    await browser.close();
    await stopGateway(gateway);
  }
}

async function measure(page, seconds) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const heapBefore = await heapMegabytes(devtools);
  const before = await counters(page, devtools);
  await page.evaluate(() => globalThis.swarmcastBench.reset());
  await page.waitForTimeout(seconds * 1_000);
  const taken = await page.evaluate(() => globalThis.swarmcastBench.read());
  const after = await counters(page, devtools);
  const heapAfter = await heapMegabytes(devtools);
  const elapsed = after.Timestamp - before.Timestamp;
  const spent = (name) => after[name] - before[name];
  const frames = taken.frames.length;
  if (frames === 0) throw new Error('no frame arrived');
  const drawn = after.drawn - before.drawn;
  return {
    renderer: taken.renderer,
    page: {
      agents: after.agents,
      seconds: elapsed,
      frames_arrived_per_s: frames / elapsed,
      frame_ms_median: quantile(taken.frames, 0.5),
      frame_ms_p95: quantile(taken.frames, 0.95),
      messages_per_s: taken.texts.length / elapsed,
      incoming_ms_a_frame: (sum(taken.frames) + sum(taken.texts)) / frames,
      drawn_per_s: drawn / elapsed,
      quality_step: after.quality,
      draw_script_ms_a_frame: sum(taken.draws) / Math.max(1, drawn),
      draw_script_ms_p95: quantile(
        taken.draws.filter((ms) => ms > 0.15),
        0.95,
      ),
      main_thread_busy: spent('TaskDuration') / elapsed,
      script_share: spent('ScriptDuration') / elapsed,
      layout_and_style_share: (spent('LayoutDuration') + spent('RecalcStyleDuration')) / elapsed,
      heap_mb_before: heapBefore,
      heap_mb_after: heapAfter,
    },
  };
}

/** Runs in the page before its scripts: times every socket listener and every frame callback. */
function instrument() {
  const taken = { frames: [], texts: [], draws: [] };
  // Within, since the browser is given this function alone.
  // oxlint-disable-next-line unicorn/consistent-function-scoping
  const timed = (list, work) => {
    const begun = performance.now();
    work();
    list.push(performance.now() - begun);
  };
  const listen = Reflect.get(WebSocket.prototype, 'addEventListener');
  WebSocket.prototype.addEventListener = function timedListen(type, listener, options) {
    if (type !== 'message') return listen.call(this, type, listener, options);
    const measured = (event) =>
      timed(typeof event.data === 'string' ? taken.texts : taken.frames, () => listener.call(this, event));
    return listen.call(this, type, measured, options);
  };
  const { requestAnimationFrame } = globalThis;
  globalThis.requestAnimationFrame = (callback) =>
    requestAnimationFrame((now) => timed(taken.draws, () => callback(now)));
  globalThis.swarmcastBench = {
    reset: () => {
      for (const list of Object.values(taken)) list.length = 0;
    },
    read: () => {
      const gl = document.createElement('canvas').getContext('webgl2');
      const extension = gl?.getExtension('WEBGL_debug_renderer_info');
      const renderer = extension ? gl.getParameter(extension.UNMASKED_RENDERER_WEBGL) : 'renderer not told';
      return { ...taken, renderer };
    },
  };
}

async function counters(page, devtools) {
  const { metrics } = await devtools.send('Performance.getMetrics');
  const drawn = await page.evaluate(() => ({ ...document.querySelector('.graph-stage')?.dataset }));
  return {
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
    drawn: Number(drawn.frames),
    quality: Number(drawn.quality),
    agents: Number(drawn.agents),
  };
}

async function heapMegabytes(devtools) {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function quantile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)];
}
