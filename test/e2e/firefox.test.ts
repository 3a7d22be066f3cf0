import { expect, test } from 'vitest';
import { launchFirefox } from '../support/firefox.ts';
import { openTestGateway } from '../support/gateway.ts';
import { hasVirtualDisplay } from '../support/virtual-display.ts';

const AGENTS = "Number(document.querySelector('.graph-stage')?.dataset.agents ?? 0)";
const FRAMES = "Number(document.querySelector('.graph-stage')?.dataset.frames ?? 0)";
const ROWS = "Number(document.querySelector('.grid')?.dataset.rows ?? 0)";
const VIOLATIONS = 'document.documentElement.dataset.violations';

test('Firefox: the page opens, agents are drawn and listed, filters and search work, nothing goes wrong', async () => {
  await using gateway = await openTestGateway({ 'simulate.agents': 8 });
  await using page = await launchFirefox();
  await page.goto(`${gateway.url}/?view=both&panel=filters`);
  await page.text(
    `(${VIOLATIONS} = '', document.addEventListener('securitypolicyviolation', (event) => (${VIOLATIONS} += event.violatedDirective + ' ')))`,
  );
  await page.until('agents in the table', `${ROWS} > 40`);
  // A virtual display brings WebGL 2 with it; without one Firefox may have none: then the page has to say so.
  const hasWebGl = (await page.text("document.createElement('canvas').getContext('webgl2') !== null")) === 'true';
  expect(hasWebGl || !hasVirtualDisplay).toBe(true);
  if (hasWebGl) {
    await page.until('agents in the graph', `${AGENTS} > 40`);
    const drawn = Number(await page.text(FRAMES));
    await page.until('a picture that goes on', `${FRAMES} > ${drawn}`);
  } else
    await page.until('what is missing', "document.querySelector('.graph-missing')?.textContent.includes('no WebGL 2')");
  // A page that can't keep up is slowed by the gateway.
  await page.until('a live connection', "/Live · \\d+ Hz/.test(document.querySelector('.connection').textContent)");
  const all = Number(await page.text(ROWS));
  await page.text(
    "[...document.querySelectorAll('.choice')].find((choice) => choice.textContent.trim() === 'daa').click()",
  );
  await page.until('the filter', `${ROWS} > 0 && ${ROWS} < ${all / 2}`);
  await page.until('the filter in the address', "location.search.includes('server=daa')");
  // By keys: search, and the first that is found.
  await page.type('/daa\uE007');
  await page.until('details', "document.querySelector('.details h2') !== null");
  expect(await page.text(VIOLATIONS)).toBe('');
  // Firefox and three say why there is no WebGL; nothing else may be said.
  expect(page.troubles.filter((trouble) => hasWebGl || !/WebGL|webgl/.test(trouble))).toEqual([]);
  if (!hasWebGl) return;
  // With its labels alone this part of the page compresses to a third of that (seen: 26 of 94 KB).
  expect((await page.screenshot('.graph-stage')).byteLength).toBeGreaterThan(40_000);
}, 150_000);
