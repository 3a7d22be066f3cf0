import { expect, test } from 'vitest';
import { launchBrowser, openPage } from '../support/browser.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import type { PageDocument } from '../support/page-globals.ts';

declare const document: PageDocument;

const AGENTS = 10_000;

test('ten thousand agents at rest: nothing is drawn; a hand that moves the picture has it drawn again', async () => {
  const { simulator, server } = await openTestServer('desk', {
    face: 'generic',
    eventsPerSecond: 0,
    swarms: 100,
    agents: AGENTS / 100,
  });
  await using gateway = await openTestGateway({ servers: [server] });
  const browser = await launchBrowser();
  // Nothing pulses where motion is unwanted.
  const opened = await openPage(browser, gateway.url, { agents: AGENTS, reducedMotion: 'reduce' });
  const { page } = opened;
  const stage = page.locator('.graph-stage');
  const drawn = async (): Promise<number> => Number(await stage.getAttribute('data-frames'));
  // The layout comes to rest by itself.
  for (let before = -1; before !== (await drawn()); await page.waitForTimeout(4_000)) before = await drawn();
  const atRest = await drawn();
  await page.waitForTimeout(5_000);
  expect(await drawn()).toBe(atRest);
  await stage.focus();
  await page.keyboard.press('+');
  await page.waitForFunction(
    (count) => Number(document.querySelector('.graph-stage')?.dataset['frames']) > count,
    atRest,
  );
  await opened[Symbol.asyncDispose]();
  await browser.close();
  await simulator[Symbol.asyncDispose]();
}, 300_000);
