/**
 * Pictures of the dashboard, light and dark, wide and narrow, with about 30, 1,000 and 10,000 simulated agents, for people
 * to look at. Usage: node scripts/screenshots.mjs [directory] [--agents 30,1000,10000]. The browser is CHROMIUM or /usr/bin/chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values, positionals } = parseArgs({
  options: { agents: { type: 'string', default: '30,1000,10000' } },
  allowPositionals: true,
});
const out = positionals[0] ?? '.cache/pictures';
const SIZES = [
  { name: 'wide', width: 1440, height: 900 },
  { name: 'narrow', width: 390, height: 844 },
];
/** Agents in all → swarms and agents per simulated server. */
const WORLDS = { 30: [1, 10], 1000: [8, 42], 10000: [40, 84] };

async function startGateway(agents, further = []) {
  const [swarms, perSwarm] = WORLDS[agents] ?? [2, Math.ceil(agents / 6)];
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const settings = [`simulate.swarms=${swarms}`, `simulate.agents=${perSwarm}`, ...further];
  const flags = settings.flatMap((setting) => ['--set', setting]);
  const child = spawn(process.execPath, [main, 'start', '--json', '-p', '0', '--log-level', 'silent', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url, operator_key: key } = JSON.parse(line).listening;
  return { child, url, key };
}

async function stop(child) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function signIn(page, key, save) {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Token').fill(key);
  await save('sign-in');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** The operator's panel, part by part. */
async function shootOperator(page, save) {
  await page.locator('.costs').waitFor();
  await save('operator');
  const operator = page.locator('.operator');
  await operator.getByRole('button', { name: 'Control' }).click();
  await operator.getByLabel('Type').fill('reviewer');
  await operator.getByLabel('Name').fill('Newcomer Nell');
  await save('control');
  await operator.getByRole('button', { name: 'Spawn…' }).click();
  await save('confirmation');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.locator('[data-report=done], [data-report=failed]').waitFor();
  await save('report');
  for (const [subject, form] of [
    ['Swarms', 'Create'],
    ['Swarms', 'Dissolve'],
    ['Servers', 'Add'],
    ['Servers', 'Remove'],
  ]) {
    await operator.getByRole('button', { name: subject, exact: true }).click();
    await operator.getByRole('button', { name: form, exact: true }).click();
    await save(`${subject}-${form}`.toLowerCase());
  }
  await operator.getByRole('button', { name: 'Audit' }).click();
  await page.locator('.audit-lines li').first().waitFor();
  await save('audit');
}

/** What somebody sees who comes without a token to a gateway that asks for one. */
async function shootClosed(browser, { url }, size, colorScheme) {
  const context = await browser.newContext({ viewport: { width: size.width, height: size.height }, colorScheme });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('dialog').waitFor();
  await page.getByLabel('Token').fill('no token');
  await page.keyboard.press('Enter');
  await page.locator('.modal .problem').waitFor();
  await page.screenshot({ path: `${out}/closed-${size.name}-${colorScheme}.png` });
  await context.close();
}

async function shoot(browser, { url, key }, agents, size, colorScheme) {
  const context = await browser.newContext({ viewport: { width: size.width, height: size.height }, colorScheme });
  const page = await context.newPage();
  const name = `${agents}-${size.name}-${colorScheme}`;
  const save = (what) => page.screenshot({ path: `${out}/${name}-${what}.png` });
  await page.goto(url);
  await page.waitForFunction(
    (count) => Number(document.querySelector('.graph-stage')?.dataset.agents ?? 0) > count * 0.7,
    Number(agents),
    { timeout: 120_000 },
  );
  // Many arrive over seconds, and are laid out and drawn in software meanwhile.
  await page.waitForTimeout(Number(agents) >= 10_000 ? 20_000 : 6_000);
  await save('graph');
  if (size.name === 'wide') {
    await page.getByRole('button', { name: 'Both' }).click();
    await page.getByRole('tab', { name: 'Connection' }).click();
    await page.waitForTimeout(2_500);
    // Agents come and go: this one is looked at while it is there.
    await page.locator('.grid-body .grid-row').nth(3).click();
    await page.waitForTimeout(700);
    await save('both');
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('tab', { name: /Filters/ }).click();
    await page.waitForTimeout(500);
    await save('table');
    await signIn(page, key, save);
    await page.getByRole('tab', { name: 'Operator' }).click();
    await shootOperator(page, save);
  } else {
    for (const tab of ['Table', 'Servers', 'Filters', 'Traffic', 'Events']) {
      await page.getByRole('navigation').getByRole('button', { name: tab }).click();
      await page.waitForTimeout(400);
      await save(tab.toLowerCase());
    }
    await signIn(page, key, save);
    await page.getByRole('navigation').getByRole('button', { name: 'Operator' }).click();
    await shootOperator(page, save);
    await page.getByRole('navigation').getByRole('button', { name: 'Table' }).click();
    await page.locator('.grid-body .grid-row').nth(2).click();
    await page.getByRole('navigation').getByRole('button', { name: 'Graph' }).click();
    await page.waitForTimeout(1_500);
    await save('details');
  }
  console.log(name, await page.evaluate(() => ({ ...document.querySelector('.graph-stage')?.dataset })));
  await context.close();
}

await mkdir(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const EACH = SIZES.flatMap((size) => ['dark', 'light'].map((scheme) => [size, scheme]));
try {
  const closed = await startGateway(30, ['auth.anonymous=off']);
  try {
    for (const [size, scheme] of EACH) await shootClosed(browser, closed, size, scheme);
  } finally {
    await stop(closed.child);
  }
  for (const agents of values.agents.split(',')) {
    const gateway = await startGateway(agents);
    try {
      for (const [size, scheme] of EACH) await shoot(browser, gateway, agents, size, scheme);
    } finally {
      await stop(gateway.child);
    }
  }
} finally {
  await browser.close();
}
