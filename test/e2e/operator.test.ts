import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import { axeViolations, launchBrowser, openPage, signIn } from '../support/browser.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { restartablePort } from '../support/restartable-port.ts';
import { until } from '../support/until.ts';

const KEY = 'an-operator-key-of-these-tests';

let browser: Browser;
let gateway: Gateway;
let simulator: AsyncDisposable;

beforeAll(async () => {
  const desk = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0 });
  simulator = desk.simulator;
  [browser, gateway] = await Promise.all([
    launchBrowser(),
    openTestGateway({ servers: [desk.server], 'server.operator_key': KEY }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

async function openPanel(page: Page): Promise<void> {
  await signIn(page, KEY);
  await page.getByRole('tab', { name: 'Operator' }).click();
}

async function connect(): Promise<SwarmcastClient> {
  const client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  await client.whenLive();
  return client;
}

describe('the operator panel', () => {
  test('caps all and lifts it; sets one client; shows mode, rate, buffers and cost of each', async () => {
    await using other = await connect();
    await using opened = await openPage(browser, `${gateway.url}/?mode=high_frequency`);
    const { page, troubles } = opened;
    const id = other.welcome?.client_id ?? '';
    await openPanel(page);
    const line = page.locator(`.client[data-client="${id}"]`);
    await line.waitFor();
    await page.locator('.client', { hasText: 'THIS PAGE' }).waitFor();
    await page.locator(`.client[data-client="${id}"][data-mode=high_frequency]`).waitFor();
    await line.getByText(/\d B\/s · .* waiting · for /).waitFor();

    const reasons: string[] = [];
    other.on('mode', ({ reason }) => reasons.push(reason));
    await page.getByRole('button', { name: 'At most 1 Hz' }).click();
    await until('the other client is capped', () => other.effective?.mode === 'low_frequency');
    await page.getByRole('status').getByText('Nobody above 1 Hz now. 2 clients changed rate.').waitFor();
    await page.locator('.client[data-mode=low_frequency]').nth(1).waitFor();
    await line.getByText('chosen: 60 Hz').waitFor();
    await page.getByRole('button', { name: 'At most 1 Hz', pressed: true }).waitFor();
    // A newcomer is held too.
    await using newcomer = await connect();
    await until('the newcomer is held', () => newcomer.effective?.mode === 'low_frequency');

    await page.getByRole('button', { name: 'No cap' }).click();
    await until('the cap is lifted', () => other.effective?.mode === 'high_frequency');
    await line.getByRole('combobox').selectOption({ label: '10 Hz' });
    await until('one client is set', () => other.effective?.mode === 'normal');
    expect(reasons.at(-1)).toBe('operator');
    await until('the newcomer is free', () => newcomer.effective?.mode === 'high_frequency');

    // This page, set by the operator that it is, says why.
    await page.locator('.client', { hasText: 'THIS PAGE' }).getByRole('combobox').selectOption({ label: '1 Hz' });
    await page.locator('.connection').getByText('Live · 1 Hz').waitFor();
    await page.locator('.costs').getByRole('row', { name: /60 Hz/ }).waitFor();
    for (const violation of await axeViolations(page)) troubles.push(violation);
    expect(troubles).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.locator('.client').first().waitFor({ state: 'detached' });
  });
});

describe('operators look after servers', () => {
  test('ask one now, also one that is gone; close the circuit of one that came back', async () => {
    const port = await restartablePort();
    let desk = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0, port });
    await using ward = await openTestGateway({
      servers: [desk.server],
      'server.operator_key': KEY,
      // It would come back by itself, but not within this test.
      'resilience.recovery_ms': 600_000,
    });
    await using opened = await openPage(browser, ward.url);
    const { page } = opened;
    const card = page.locator('.server[data-server=desk]');
    expect(await card.getByRole('button', { name: 'Probe now' }).count()).toBe(0);
    await openPanel(page);
    await page.locator('.client').first().waitFor();
    await page.getByRole('tab', { name: 'Servers' }).click();
    await card.getByRole('button', { name: 'Probe now' }).click();
    await card.getByText(/^Answered .+ in [\d.]+ ms\.$/).waitFor();

    await desk.simulator[Symbol.asyncDispose]();
    await card.locator('[data-circuit=open]').waitFor({ timeout: 60_000 });
    await card.getByRole('button', { name: 'Probe now' }).click();
    await card.getByText(/^Not asked: .*circuit is open.* It tries in \d+ min\.$/).waitFor();
    desk = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0, port });
    await card.getByRole('button', { name: 'Reset circuit' }).click();
    await card.getByText('The circuit is closed.').waitFor();
    await card.locator('[data-circuit=closed]').waitFor();
    await page.locator('.server[data-server=desk][data-health=healthy]').waitFor({ timeout: 40_000 });
    await desk.simulator[Symbol.asyncDispose]();
  }, 240_000);
});
