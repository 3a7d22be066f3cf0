import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import type { Gateway } from '../../src/gateway.ts';
import { hashApiKey } from '../../src/platform/auth/api-keys.ts';
import { axeViolations, drawnAgents, launchBrowser, openPage, signIn } from '../support/browser.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { SECRET, signToken } from '../support/tokens.ts';

interface PageGlobals {
  localStorage: object;
  sessionStorage: object;
  location: { href: string };
}

const VIEWER_KEY = 'swk_viewers_key_of_these_tests_0000';
const OPERATOR_KEY = 'swk_operators_key_of_these_tests_00';
const LIMITED_KEY = 'swk_limited_key_of_these_tests_000';

let browser: Browser;
let gateway: Gateway;
const simulators: AsyncDisposable[] = [];

beforeAll(async () => {
  const [desk, attic] = await Promise.all(
    ['desk', 'attic'].map((id) => openTestServer(id, { face: 'generic', eventsPerSecond: 0 })),
  );
  if (desk === undefined || attic === undefined) throw new Error('no simulators');
  simulators.push(desk.simulator, attic.simulator);
  [browser, gateway] = await Promise.all([
    launchBrowser(),
    openTestGateway({
      servers: [desk.server, attic.server],
      'auth.keys': [
        { id: 'wall', sha256: hashApiKey(VIEWER_KEY) },
        { id: 'ops', sha256: hashApiKey(OPERATOR_KEY), role: 'operator' },
        { id: 'guest', sha256: hashApiKey(LIMITED_KEY), servers: ['desk'] },
      ],
      'auth.jwt.secret': SECRET,
      'auth.jwt.clock_skew_ms': 0,
    }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  for (const simulator of simulators) await simulator[Symbol.asyncDispose]();
});

const openClosed = (query = '') => openPage(browser, `${gateway.url}/${query}`, { agents: 0 });

/** Everything where a page could leave a token behind. */
async function whatIsKept(page: Page): Promise<string> {
  const kept = await page.evaluate(() => {
    const { localStorage, sessionStorage, location } = globalThis as unknown as PageGlobals;
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]);
  });
  return `${kept} ${JSON.stringify(await page.context().cookies())}`;
}

/** Signs in by the form, which the gateway's refusal opens a moment later. */
async function enter(page: Page, token: string): Promise<void> {
  await page.getByRole('dialog').waitFor();
  await signIn(page, token);
}

describe('a gateway that asks for tokens', () => {
  test('shows nothing without one, says why it refuses one, and shows all to one that it knows', async () => {
    await using opened = await openClosed('?panel=connection');
    const { page, troubles } = opened;
    const dialog = page.getByRole('dialog', { name: 'Sign in to Swarmcast' });
    await dialog.waitFor();
    // Coming without a token is no fault, and no reason to go away.
    expect(await dialog.getByRole('alert').count()).toBe(0);
    for (const key of ['Escape', 'Escape', 'Escape']) await page.keyboard.press(key);
    expect(await dialog.isVisible()).toBe(true);
    await page.getByTestId('counts').getByText('0 agents').waitFor();
    for (const violation of await axeViolations(page)) troubles.push(violation);

    await enter(page, 'swk_nobody_knows_this_key_000000000');
    await dialog.getByRole('alert').getByText('This key is not known here').waitFor();
    await enter(page, 'a key with spaces');
    await dialog.getByRole('alert').getByText('characters that none has').waitFor();
    await enter(page, await signToken({ exp: Math.floor(Date.now() / 1_000) - 60 }));
    await dialog.getByRole('alert').getByText('expired').waitFor();

    await enter(page, VIEWER_KEY);
    await drawnAgents(page, (count) => count === 12);
    await page.getByTestId('seen-as').getByText('key:wall, viewer', { exact: true }).waitFor();
    await page.getByTestId('shown-to-you').getByText('everything', { exact: true }).waitFor();
    expect(await page.getByRole('tab', { name: 'Operator' }).count()).toBe(0);
    expect(await whatIsKept(page)).not.toContain(VIEWER_KEY);
    for (const violation of await axeViolations(page)) troubles.push(violation);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog.waitFor();
    await page.getByTestId('counts').getByText('0 agents').waitFor();
    await page.reload();
    await dialog.waitFor();
    expect(troubles).toEqual([]);
  });

  test('shows to each what its token allows; the panel of operators to operators alone', async () => {
    await using opened = await openClosed('?panel=operator');
    const { page, troubles } = opened;
    await enter(page, LIMITED_KEY);
    await drawnAgents(page, (count) => count === 6);
    await page.locator('.server[data-server=desk]').waitFor();
    expect(await page.locator('.server').count()).toBe(1);
    await page.getByRole('tab', { name: 'Connection' }).click();
    await page.getByTestId('shown-to-you').getByText('servers: desk', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await enter(page, OPERATOR_KEY);
    await page.getByRole('tab', { name: 'Operator' }).click();
    await page.locator('.client', { hasText: 'THIS PAGE' }).waitFor();
    expect(await whatIsKept(page)).not.toContain(OPERATOR_KEY);
    expect(troubles).toEqual([]);
  });

  test('a token that ends soon is announced and renewed without interruption; one that ended asks again', async () => {
    await using opened = await openClosed('?panel=connection');
    const { page, sockets, troubles } = opened;
    const now = Math.floor(Date.now() / 1_000);
    await enter(page, await signToken({ iat: now - 60, exp: now + 240 }));
    const banner = page.locator('.banner', { hasText: 'Your sign-in ends soon' });
    await banner.getByText(/^[34] min left\.$/).waitFor();
    const used = sockets();
    const renew = async (token: string): Promise<void> => {
      if ((await page.getByRole('dialog').count()) === 0) await banner.getByRole('button', { name: 'Renew' }).click();
      await enter(page, token);
    };
    await renew(await signToken({ sub: 'eve', iat: now, exp: now + 3_600 }));
    await page.getByRole('dialog').getByRole('alert').getByText('somebody else').waitFor();
    await renew(await signToken({ iat: now, exp: now + 3_600 }));
    await banner.waitFor({ state: 'detached' });
    expect(sockets()).toBe(used);
    await page.getByTestId('seen-as').getByText('ada, viewer', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await enter(page, await signToken({ sub: 'bob', iat: now - 60, exp: Math.floor(Date.now() / 1_000) + 12 }));
    await page.getByTestId('seen-as').getByText('bob').waitFor();
    const dialog = page.getByRole('dialog', { name: 'Sign in to Swarmcast' });
    await dialog.getByRole('alert').getByText('The token has expired and was not renewed').waitFor();
    await enter(page, VIEWER_KEY);
    await page.getByTestId('seen-as').getByText('key:wall').waitFor();
    expect(troubles).toEqual([]);
  });
});

describe('a gateway that lets everybody look', () => {
  test('a token is offered, and a wrong one takes nothing away', async () => {
    const desk = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0 });
    await using open = await openTestGateway({ servers: [desk.server], 'server.operator_key': OPERATOR_KEY });
    await using opened = await openPage(browser, `${open.url}/?panel=operator`, { agents: 6 });
    const { page, troubles } = opened;
    expect(await page.getByRole('tab', { name: 'Operator' }).count()).toBe(0);
    await signIn(page, 'a-wrong-key-that-nobody-has');
    await page.getByRole('dialog').getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('.connection[data-status=live]').waitFor();
    await drawnAgents(page, (count) => count === 6);
    await signIn(page, OPERATOR_KEY);
    await page.locator('.client', { hasText: 'THIS PAGE' }).waitFor();
    expect(troubles).toEqual([]);
    await desk.simulator[Symbol.asyncDispose]();
  });
});
