// How soon somebody who opens the page sees something: paints as the browser tells them, and agents in the graph, from the
// start of the navigation; each time in a new browser, with nothing cached.
import { launchBrowser } from '../../test/support/browser.ts';
import { startGateway, stopGateway } from './gateway.mjs';

/** Medians and worst, ms. */
export async function measureFirstPaint({ agents, starts }) {
  const gateway = await startGateway(agents);
  const seen = [];
  try {
    for (let start = 0; start < starts; start++) seen.push(await openOnce(gateway.url));
  } finally {
    await stopGateway(gateway);
  }
  const row = { agents, starts };
  for (const name of Object.keys(seen[0])) {
    const sorted = seen.map((times) => times[name]).toSorted((a, b) => a - b);
    row[`${name}_ms_median`] = sorted[Math.floor(sorted.length / 2)];
    row[`${name}_ms_worst`] = sorted.at(-1);
  }
  return row;
}

async function openOnce(url) {
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.addInitScript(observePaints);
    await page.goto(url);
    await page.waitForFunction(() => Number(document.querySelector('.graph-stage')?.dataset.agents ?? 0) > 0);
    return await page.evaluate(() => ({ ...globalThis.swarmcastPaints, first_agents: performance.now() }));
  } finally {
    await browser.close();
  }
}

/** Runs in the page before its scripts. */
function observePaints() {
  globalThis.swarmcastPaints = {};
  const names = { 'first-paint': 'first_paint', 'first-contentful-paint': 'first_content' };
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) globalThis.swarmcastPaints[names[name]] = startTime;
  }).observe({ type: 'paint', buffered: true });
}
