import { expect, test } from 'vitest';
import { launchFirefox } from '../support/firefox.ts';
import { openTestGateway } from '../support/gateway.ts';

const AGENTS = "Number(document.querySelector('.graph-stage')?.dataset.agents ?? 0)";
const ROWS = "Number(document.querySelector('.grid')?.dataset.rows ?? 0)";
const VIOLATIONS = 'document.documentElement.dataset.violations';

test('Firefox: the page opens, agents appear in graph and table, filters and search work, nothing goes wrong', async () => {
  await using gateway = await openTestGateway({ 'simulate.agents': 8 });
  await using page = await launchFirefox();
  await page.goto(`${gateway.url}/?view=both&panel=filters`);
  await page.text(
    `(${VIOLATIONS} = '', document.addEventListener('securitypolicyviolation', (event) => (${VIOLATIONS} += event.violatedDirective + ' ')))`,
  );
  await page.until('agents in the table', `${ROWS} > 40`);
  // Headless machines may have no WebGL 2 for Firefox: then the page has to say so.
  const hasWebGl = (await page.text("document.createElement('canvas').getContext('webgl2') !== null")) === 'true';
  if (hasWebGl) await page.until('agents in the graph', `${AGENTS} > 40`);
  else
    await page.until('what is missing', "document.querySelector('.graph-missing')?.textContent.includes('no WebGL 2')");
  expect(await page.text("document.querySelector('.top-bar .connection').textContent")).toContain('Live · 10 Hz');
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
}, 150_000);
