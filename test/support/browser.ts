/** A real headless Chromium, and pages that record whatever goes wrong in them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** The system's browser; another one by CHROMIUM. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface WatchedPage extends AsyncDisposable {
  page: Page;
  /** Errors of the console (Content-Security-Policy violations are among them), uncaught ones, and dialogs. */
  troubles: string[];
  /** Binary WebSocket messages received: frames of positions; with when, ms. */
  frames: { atMs: number; bytes: number }[];
  /** WebSocket connections opened. */
  sockets: () => number;
}

/** Opens an address and waits until agents are drawn (or `agents` 0: until the page is there). `prepare`: before it is opened. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { agents?: number; prepare?: (page: Page) => Promise<void> } = {},
): Promise<WatchedPage> {
  const { agents = 1, prepare, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...contextOptions });
  context.setDefaultTimeout(ANSWER_WITHIN_MS);
  const page = await context.newPage();
  const troubles: string[] = [];
  const frames: WatchedPage['frames'] = [];
  let sockets = 0;
  page.on('console', (message) => {
    // A lost connection is an error of the console too; the tests that cause one expect it.
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => undefined);
  });
  page.on('websocket', (socket) => {
    sockets++;
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload !== 'string') frames.push({ atMs: performance.now(), bytes: payload.length });
    });
  });
  const watched: WatchedPage = {
    page,
    troubles,
    frames,
    sockets: () => sockets,
    [Symbol.asyncDispose]: () => context.close(),
  };
  try {
    await prepare?.(page);
    await page.goto(url);
    if (agents > 0) await drawnAgents(page, (count) => count >= agents);
  } catch (error) {
    await context.close();
    throw error;
  }
  return watched;
}

/** Signs in, by the form that is open or by the button that opens it, and waits until the gateway has answered. */
export async function signIn(page: Page, token: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  if (!(await dialog.isVisible())) await page.getByRole('button', { name: 'Sign in' }).click();
  await dialog.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
  await Promise.race([dialog.waitFor({ state: 'detached' }), dialog.getByRole('alert').waitFor()]);
}

/** Software rendering on a busy machine is slow. */
const DRAWN_WITHIN_MS = 90_000;
const ANSWER_WITHIN_MS = 60_000;

/** Waits until the graph draws as many agents as `accepts` wants. */
export async function drawnAgents(page: Page, accepts: (count: number) => boolean): Promise<number> {
  const stage = page.locator('.graph-stage');
  const deadline = Date.now() + DRAWN_WITHIN_MS;
  for (;;) {
    const count = Number((await stage.getAttribute('data-agents', { timeout: DRAWN_WITHIN_MS })) ?? -1);
    if (accepts(count)) return count;
    if (Date.now() > deadline) throw new Error(`the graph drew ${count} agents for ${DRAWN_WITHIN_MS} ms`);
    await page.waitForTimeout(50);
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Accessibility violations that axe finds on the page as it stands: `rule: element`. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} (${failureSummary.slice(0, 300)})`),
    );
  });
}
