import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import type { Gateway } from '../../src/gateway.ts';
import { axeViolations, drawnAgents, launchBrowser, openPage, signIn } from '../support/browser.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const KEY = 'an-operator-key-of-these-tests';

/** By what they are for. */
const FORMS = {
  Agents: ['Spawn', 'Message', 'Terminate'],
  Swarms: ['Create', 'Task', 'Message', 'Dissolve'],
  Servers: ['Add', 'Drain', 'Resume', 'Remove'],
};

let browser: Browser;
let gateway: Gateway;
const simulators: AsyncDisposable[] = [];

beforeAll(async () => {
  const [hive, shelf] = await Promise.all([
    openTestServer('hive', { face: 'seed', eventsPerSecond: 0 }),
    openTestServer('shelf', { face: 'generic', eventsPerSecond: 0 }),
  ]);
  simulators.push(hive.simulator, shelf.simulator);
  [browser, gateway] = await Promise.all([
    launchBrowser(),
    openTestGateway({ servers: [hive.server, shelf.server], 'server.operator_key': KEY }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  for (const simulator of simulators) await simulator[Symbol.asyncDispose]();
});

const field = (page: Page, name: string) => page.locator('.control').getByLabel(name, { exact: true });
const choose = (page: Page, name: string): Promise<void> =>
  page.locator('.operator').getByRole('button', { name, exact: true }).click();

async function openControl(page: Page): Promise<void> {
  await signIn(page, KEY);
  await page.getByRole('tab', { name: 'Operator' }).click();
  await choose(page, 'Control');
}

async function chooseSwarm(page: Page, server: string): Promise<void> {
  const label = await until(`a swarm of ${server}`, async () =>
    (await field(page, 'Swarm').locator('option').allTextContents()).find((key) => key.startsWith(server)),
  );
  await field(page, 'Swarm').selectOption({ label });
}

/** Confirms what the dialog shows, after having read it. */
async function confirm(page: Page, shows: readonly string[]): Promise<void> {
  const dialog = page.getByRole('dialog');
  for (const text of shows) expect(await dialog.innerText()).toContain(text);
  await dialog.getByRole('button', { name: 'Confirm' }).click();
}

/** Text of the report, once there is one of that operation. */
async function reported(page: Page, kind: 'done' | 'failed', operation: string): Promise<string> {
  const report = page.locator(`[data-report=${kind}][data-operation="${operation}"]`);
  await report.waitFor();
  return report.innerText();
}

describe('operators have servers do things', () => {
  test('spawn: it appears; message and task: what the server said; terminate: it goes; the audit has it all', async () => {
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: 12 });
    const { page, troubles } = opened;
    await openControl(page);
    await chooseSwarm(page, 'hive/');
    await field(page, 'Type').fill('reviewer');
    await field(page, 'Name, if any').fill('Newcomer Nell');
    await choose(page, 'Spawn…');
    // Nothing is done before it is confirmed.
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await page.locator('[data-report=done]').count()).toBe(0);
    await choose(page, 'Spawn…');
    await confirm(page, ['Start a reviewer in hive/', 'agent.spawn', 'Newcomer Nell']);
    expect(await reported(page, 'done', 'agent.spawn')).toMatch(
      /agent\.spawn: done by hive \(simulated\) in [\d.]+ ms\.[^]*agent_id/,
    );
    await drawnAgents(page, (count) => count === 13);
    await page.locator('.events').getByText('Newcomer Nell joined').waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('newcomer nell');
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary', { name: 'Details of the selected agent' });
    await details.getByRole('button', { name: 'Message…' }).click();
    await until('the selected agent', async () => (await field(page, 'Agent').inputValue()).startsWith('hive/'));
    await field(page, 'Message').fill('<b>review</b> this');
    await choose(page, 'Send…');
    await confirm(page, ['Send this to hive/', '<b>review</b> this']);
    await reported(page, 'done', 'agent.message');

    await choose(page, 'Swarms');
    await choose(page, 'Task');
    await field(page, 'Task').fill('look at everything');
    await choose(page, 'Orchestrate…');
    await confirm(page, ['look at everything', 'medium']);
    expect(await reported(page, 'done', 'task.orchestrate')).toContain('task_id');

    await details.getByRole('button', { name: 'Terminate…' }).click();
    await choose(page, 'Terminate…');
    await page.getByRole('dialog').getByText('This cannot be undone.').waitFor();
    await confirm(page, ['agent.terminate']);
    await reported(page, 'done', 'agent.terminate');
    await drawnAgents(page, (count) => count === 12);
    await page.locator('.events').getByText('Newcomer Nell left').waitFor();

    await choose(page, 'Audit');
    for (const operation of ['agent.spawn', 'agent.message', 'task.orchestrate', 'agent.terminate']) {
      await page.locator(`[data-operation="${operation}"][data-outcome=ok]`, { hasText: 'operator-key' }).waitFor();
    }
    // Contents of messages are nobody's business.
    expect(await page.locator('.audit').innerText()).not.toContain('<b>');
    expect(troubles).toEqual([]);
  });

  test('swarms: created with agents and a task, told something, dissolved', async () => {
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: 12 });
    const { page, troubles } = opened;
    await openControl(page);
    await choose(page, 'Swarms');
    await field(page, 'Server').selectOption('hive');
    await field(page, 'Topology').selectOption('ring');
    await field(page, 'First agents, if any').fill('coder, coder tester');
    await field(page, 'First task, if any').fill('look around');
    await choose(page, 'Create…');
    await confirm(page, ['Create a ring swarm on hive?', 'swarm.init', 'look around']);
    const said = await reported(page, 'done', 'swarm.init');
    expect(said).toContain('task_id');
    const swarm = /swarm_id\s+(\S+)/.exec(said)?.[1] ?? '';
    await drawnAgents(page, (count) => count === 15);
    await page.locator('.events').getByText(`Swarm hive/${swarm} created`).waitFor();

    await choose(page, 'Message');
    await chooseSwarm(page, `hive/${swarm}`);
    await field(page, 'Message').fill('<i>to</i> all of you');
    await choose(page, 'Send…');
    await confirm(page, [`Send this to all of hive/${swarm}?`, '<i>to</i> all of you']);
    await reported(page, 'done', 'swarm.coordinate');

    await choose(page, 'Dissolve');
    await chooseSwarm(page, `hive/${swarm}`);
    await choose(page, 'Dissolve…');
    await confirm(page, [`End hive/${swarm} and all of its agents (3 shown here)? This cannot be undone.`]);
    await reported(page, 'done', 'swarm.dissolve');
    await page.locator('.events').getByText(`Swarm hive/${swarm} dissolved`).waitFor();
    await drawnAgents(page, (count) => count === 12);
    expect(troubles).toEqual([]);
  });

  test('servers: one more is watched, drained, watched again, and no more', async () => {
    const attic = await openTestServer('attic', { face: 'generic', eventsPerSecond: 0 });
    await using opened = await openPage(browser, gateway.url, { agents: 12 });
    const { page, troubles } = opened;
    await openControl(page);
    await choose(page, 'Servers');
    const add = page.getByRole('button', { name: 'Add…' });
    await field(page, 'Name').fill('hive');
    for (const wrong of ['no port', '0', '65536']) {
      await field(page, 'Port').fill(wrong);
      await until(`${wrong} is no port`, () => add.isDisabled());
    }
    await field(page, 'Port').fill(String(attic.simulator.port));
    await choose(page, 'Add…');
    await confirm(page, ['Watch hive too?']);
    expect(await reported(page, 'failed', 'server.add')).toContain('hive');
    await field(page, 'Name').fill('attic');
    await choose(page, 'Add…');
    await confirm(page, ['server.add', String(attic.simulator.port)]);
    expect(await reported(page, 'done', 'server.add')).toMatch(/done by the gateway[^]*until the gateway ends/);
    await drawnAgents(page, (count) => count === 18);

    await page.getByRole('tab', { name: 'Servers' }).click();
    const card = page.locator('.server[data-server=attic]');
    await card.getByRole('button', { name: 'Drain…' }).click();
    expect(await field(page, 'Server').inputValue()).toBe('attic');
    await choose(page, 'Drain…');
    await confirm(page, ['Ask attic nothing more?']);
    await reported(page, 'done', 'server.drain');
    await page.locator('.banner').getByText('attic is down: drained by an operator').waitFor();
    await choose(page, 'Resume');
    await choose(page, 'Resume…');
    await confirm(page, ['Watch attic again?']);
    await reported(page, 'done', 'server.resume');
    await page.locator('.banner').waitFor({ state: 'detached' });
    await choose(page, 'Remove');
    await choose(page, 'Remove…');
    await confirm(page, ['Watch attic no more?']);
    await reported(page, 'done', 'server.remove');
    await drawnAgents(page, (count) => count === 12);
    await page.getByRole('tab', { name: 'Servers' }).click();
    await card.waitFor({ state: 'detached' });
    expect(troubles).toEqual([]);
    await attic.simulator[Symbol.asyncDispose]();
  });

  test('what a server cannot do, or does not know, is said in its words and stands in the audit', async () => {
    await using opened = await openPage(browser, gateway.url, { agents: 12 });
    const { page, troubles } = opened;
    await openControl(page);
    await chooseSwarm(page, 'shelf/');
    await field(page, 'Type').fill('coder');
    await choose(page, 'Spawn…');
    await confirm(page, ['shelf/']);
    expect(await reported(page, 'failed', 'agent.spawn')).toMatch(/Not done\.[^]*unsupported_by_server[^]*detail/);
    await choose(page, 'Terminate');
    await field(page, 'Agent').fill('hive/no-such-swarm/nobody');
    await choose(page, 'Terminate…');
    await confirm(page, ['hive/no-such-swarm/nobody']);
    expect(await reported(page, 'failed', 'agent.terminate')).toContain('no_such_');
    await choose(page, 'Audit');
    await page.locator('[data-outcome=unsupported_by_server]').first().waitFor();
    expect(troubles).toEqual([]);
  });

  test.each(['dark', 'light'] as const)('axe finds nothing on these screens, %s', async (colorScheme) => {
    await using opened = await openPage(browser, gateway.url, { agents: 12, colorScheme });
    const { page } = opened;
    const found: string[] = [];
    const check = async (screen: string): Promise<void> => {
      for (const violation of await axeViolations(page)) found.push(`${screen}: ${violation}`);
    };
    await page.getByRole('button', { name: 'Sign in' }).click();
    await check('sign-in');
    await openControl(page);
    await field(page, 'Type').fill('coder');
    for (const [subject, forms] of Object.entries(FORMS)) {
      await choose(page, subject);
      for (const form of forms) {
        await choose(page, form);
        await check(`${subject}, ${form}`);
      }
    }
    await choose(page, 'Agents');
    await choose(page, 'Terminate');
    await field(page, 'Agent').fill('nobody');
    await choose(page, 'Terminate…');
    await check('confirmation');
    await confirm(page, ['nobody']);
    await reported(page, 'failed', 'agent.terminate');
    await check('report');
    await choose(page, 'Audit');
    await page.locator('.audit-lines li').first().waitFor();
    await check('audit');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('navigation').getByRole('button', { name: 'Operator' }).click();
    await check('narrow, operator');
    expect(found).toEqual([]);
  });
});
