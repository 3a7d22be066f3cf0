import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import type { Gateway } from '../../src/gateway.ts';
import { axeViolations, drawnAgents, launchBrowser, openPage } from '../support/browser.ts';
import type { PageDocument } from '../support/page-globals.ts';
import { openTestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

declare const document: PageDocument;
declare const location: { search: string };

let browser: Browser;
let gateway: Gateway;

beforeAll(async () => {
  [browser, gateway] = await Promise.all([launchBrowser(), openTestGateway({ 'simulate.agents': 8 })]);
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

describe('the page with the default simulators', () => {
  test('graph, table and gateway count the same agents; simulated is said; nothing goes wrong', async () => {
    await using opened = await openPage(browser, gateway.url, { agents: 40 });
    const { page, troubles } = opened;
    await page.locator('.top-bar .badge-simulated').getByText('SIMULATED', { exact: true }).waitFor();
    await until('three servers', async () => (await page.locator('.server').count()) === 3);
    await page.getByRole('button', { name: 'Both' }).click();
    // The simulated world changes all the time: all three are read until they agree.
    await page.waitForFunction(() => {
      const drawn = document.querySelector('.graph-stage')?.dataset['agents'];
      const rows = document.querySelector('.grid')?.dataset['rows'];
      return drawn !== undefined && drawn === rows && Number(drawn) > 40;
    });
    const picture = await page.locator('.graph-stage').screenshot();
    // An empty picture of this size compresses to far less.
    expect(picture.byteLength).toBeGreaterThan(8_000);
    expect(troubles).toEqual([]);
  });

  test('a mode is followed by what arrives, on demand sends nothing until asked', async () => {
    await using opened = await openPage(browser, `${gateway.url}/?panel=connection`, { agents: 40 });
    const { page, frames, troubles } = opened;
    const perSecond = async (seconds: number): Promise<number> => {
      const before = frames.length;
      await page.waitForTimeout(seconds * 1_000);
      return (frames.length - before) / seconds;
    };
    const choose = async (name: string, effective: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByTestId('effective-rate').getByText(effective, { exact: true }).waitFor();
    };
    // What another mode had under way may still arrive, and a busy machine may hold some back: until it is so.
    const arrive = (what: string, accepts: (rate: number) => boolean, seconds: number) =>
      until(what, async () => accepts(await perSecond(seconds)), 45_000);
    await arrive('some a second', (rate) => rate > 2 && rate < 15, 2);
    await choose('60 Hz', '60 Hz');
    await arrive('more than 10 Hz could be', (rate) => rate > 15, 2);
    await choose('1 Hz', '1 Hz');
    await arrive('about one a second', (rate) => rate >= 0.5 && rate < 2, 4);
    await choose('On demand', 'on demand');
    await arrive('nothing', (rate) => rate === 0, 2);
    const before = frames.length;
    await page.getByRole('button', { name: 'Update now' }).click();
    await until('frames on demand', () => frames.length > before);
    // The link carries the mode.
    await page.waitForFunction(() => location.search.includes('mode=on_demand'));
    await page.getByTestId('mode-reason').getByText('You asked').waitFor();
    expect(troubles).toEqual([]);
  });

  test('filters: the gateway sends less; a link brings the same view; clearing brings all back', async () => {
    await using opened = await openPage(browser, `${gateway.url}/?panel=filters`, { agents: 40 });
    const { page, troubles } = opened;
    const all = await drawnAgents(page, (count) => count > 40);
    await page.getByRole('checkbox', { name: 'daa', exact: true }).first().check();
    await drawnAgents(page, (count) => count > 0 && count < all / 2);
    await page.waitForFunction(() => location.search.includes('server=daa'));
    const link = page.url();
    expect(link).not.toContain('token');
    const second = await openPage(browser, link, { agents: 1 });
    await drawnAgents(second.page, (count) => count > 0 && count < all / 2);
    await second.page.getByRole('checkbox', { name: 'daa', exact: true, checked: true }).first().waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await drawnAgents(page, (count) => count > all / 2);
    // What a filter hides has not left.
    await page.locator('.events').getByText('hidden').first().waitFor();
    expect([...troubles, ...second.troubles]).toEqual([]);
  });

  test('a swarm alone; an unknown agent in a link; an old link with nonsense', async () => {
    await using opened = await openPage(
      browser,
      `${gateway.url}/?view=both&agent=no%2Fsuch%2Fagent&mode=warp&sort=-evil`,
      {
        agents: 40,
      },
    );
    const { page, troubles } = opened;
    await page.getByText('This agent is not in the view').waitFor();
    await page.locator('.swarm').first().click();
    await page.getByRole('button', { name: /^Only .* show all swarms again$/ }).waitFor();
    await page.waitForFunction(() => Number(document.querySelector('.grid')?.dataset['rows']) < 20);
    expect(troubles).toEqual([]);
  });

  test('motion unwanted: once a second, and the picture rests in between', async () => {
    await using opened = await openPage(browser, `${gateway.url}/?panel=connection`, {
      agents: 40,
      reducedMotion: 'reduce',
    });
    const { page, troubles } = opened;
    await page.getByTestId('effective-rate').getByText('1 Hz', { exact: true }).waitFor();
    const stage = page.locator('.graph-stage');
    await page.waitForTimeout(1_500);
    const drawn: number[] = [];
    // Agents that come and go are faded in and out meanwhile: not in all of these.
    for (let n = 0; n < 4; n++) {
      const before = Number(await stage.getAttribute('data-frames'));
      await page.waitForTimeout(2_000);
      drawn.push(Number(await stage.getAttribute('data-frames')) - before);
    }
    expect(Math.max(...drawn)).toBeGreaterThan(0);
    expect(Math.min(...drawn)).toBeLessThan(90);
    expect(troubles).toEqual([]);
  });

  test.each(['dark', 'light'] as const)('axe finds nothing on any screen, %s', async (colorScheme) => {
    const found: string[] = [];
    await using opened = await openPage(browser, gateway.url, { agents: 40, colorScheme });
    const { page } = opened;
    const check = async (screen: string): Promise<void> => {
      for (const violation of await axeViolations(page)) found.push(`${screen}: ${violation}`);
    };
    await check('graph, servers');
    await page.getByRole('tab', { name: 'Filters' }).click();
    await page.getByRole('button', { name: 'Both' }).click();
    // Not every server leaves something out.
    const more = page.getByRole('button', { name: /more that the server did not report/ });
    for (let row = 2; row < 12 && (await more.count()) === 0; row++) {
      await page.locator('.grid-body .grid-row').nth(row).click();
      await page.locator('.details dl').first().waitFor();
    }
    await more.click();
    await check('both, filters, details');
    await page.getByRole('tab', { name: 'Connection' }).click();
    await page.getByRole('button', { name: 'Table' }).click();
    await check('table, connection');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('navigation').waitFor();
    for (const tab of ['Graph', 'Table', 'Servers', 'Filters', 'Traffic', 'Events']) {
      await page.getByRole('navigation').getByRole('button', { name: tab }).click();
      await check(`narrow, ${tab}`);
    }
    expect(found).toEqual([]);
  });
});
