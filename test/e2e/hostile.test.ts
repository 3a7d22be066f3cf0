/**
 * What the page does with text that attacks it. The gateway screens what servers say; here the texts are put into its
 * messages on their way to the page, so that nothing but the page stands between them and the browser.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import type { AgentRecord, ServerRecord, SwarmRecord } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import type { ServerMessage } from '../../src/protocol/server-messages.ts';
import { ALARM, HOSTILE_TEXTS } from '../corpus/hostile-text.ts';
import { launchBrowser, openPage } from '../support/browser.ts';
import { RawPeer } from '../integration/hub/upstream/raw-peer.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { hostileServer, NAMED, VALUES } from '../support/hostile-server.ts';
import type { PageDocument } from '../support/page-globals.ts';

declare const document: PageDocument;

interface Counts {
  alarms: number;
  violations: string[];
}

const TEXTS = HOSTILE_TEXTS.map(({ text }) => text);
const textOf = (n: number): string => TEXTS[n % TEXTS.length] ?? '';

let browser: Browser;
let gateway: Gateway;
let simulator: AsyncDisposable;

beforeAll(async () => {
  const desk = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0, agents: TEXTS.length });
  simulator = desk.simulator;
  [browser, gateway] = await Promise.all([launchBrowser(), openTestGateway({ servers: [desk.server] })]);
  // The page is told all at once: what comes later is not poisoned.
  await vi.waitFor(
    async () => {
      const { count } = (await (await fetch(`${gateway.url}/api/bots/agents`)).json()) as { count: number };
      expect(count).toBeGreaterThanOrEqual(TEXTS.length);
    },
    { timeout: 30_000, interval: 200 },
  );
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

function poisonedAgent(agent: AgentRecord, n: number): AgentRecord {
  const text = textOf(n);
  return {
    ...agent,
    name: text,
    type: text,
    status_raw: text,
    current_task: text,
    model: text,
    capabilities: [text],
  };
}

/** A server of each text, and a swarm of it. */
function poisonedServers(server: ServerRecord, swarm: SwarmRecord): [ServerRecord[], SwarmRecord[]] {
  const servers = TEXTS.map((text, n): ServerRecord => {
    const evidence = { ...server.health.evidence, consecutive_failures: 1, last_error: text, method: text };
    return {
      ...server,
      ref: 2_000_000 + n,
      id: text,
      name: text,
      version: text,
      endpoint: text,
      health: { ...server.health, state: 'degraded', reason: text, evidence },
    };
  });
  const swarms = TEXTS.map((text, n): SwarmRecord => ({
    ...swarm,
    ref: 3_000_000 + n,
    id: text,
    key: `${text}/${text}`,
    server_id: text,
    topology: text as SwarmRecord['topology'],
  }));
  return [servers, swarms];
}

/** The messages that the page gets in place of one of the gateway's. */
function poisoned(message: ServerMessage): ServerMessage[] {
  switch (message.type) {
    // They would tell the page that its state is not the gateway's.
    case 'heartbeat':
      return [];
    case 'snapshot': {
      const agents = message.payload.agents.map(poisonedAgent);
      const errors = TEXTS.map((text): ServerMessage => ({
        type: 'error',
        timestamp: message.timestamp,
        payload: { code: 'internal', message: text },
      }));
      return [{ ...message, payload: { ...message.payload, agents } }, ...errors];
    }
    case 'discovery': {
      const { payload } = message;
      const [server, swarm] = [payload.servers[0], payload.swarms[0]];
      if (server === undefined || swarm === undefined) return [message];
      const [servers, swarms] = poisonedServers(server, swarm);
      const all = { servers: [...payload.servers, ...servers], swarms: [...payload.swarms, ...swarms] };
      return [{ ...message, payload: { ...payload, ...all, degradation_level: 'partial' } }];
    }
    default:
      return [message];
  }
}

/** Counts alarms and violations, and puts the texts into the gateway's messages. */
async function prepare(page: Page): Promise<void> {
  await listen(page);
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((data) => {
      if (typeof data !== 'string') socket.send(data);
      else for (const each of poisoned(JSON.parse(data) as ServerMessage)) socket.send(JSON.stringify(each));
    });
  });
}

async function listen(page: Page): Promise<void> {
  await page.addInitScript((alarm) => {
    const counts: Counts = { alarms: 0, violations: [] };
    Object.assign(globalThis, { counts, [alarm]: () => counts.alarms++ });
    document.addEventListener('securitypolicyviolation', (event) => counts.violations.push(event.effectiveDirective));
  }, ALARM);
}

const countsOf = (page: Page) => page.evaluate(() => (globalThis as unknown as { counts: Counts }).counts);

/** Elements that a text brought with it. */
function foreignElements(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      document.querySelectorAll(
        'img, iframe, object, embed, video, audio, marquee, base, style, template, math, script:not([src]), svg script, body form form, [onerror], [onload], [onclick], [onmouseover], [onfocus], [style*="javascript"], a[href]',
      ).length,
  );
}

describe('hostile texts', () => {
  test('are text in graph, table, details, events, servers, banner, filters and search: nothing runs, nothing is built of them', async () => {
    expect(TEXTS.length).toBeGreaterThanOrEqual(200);
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: TEXTS.length, prepare });
    const { page, troubles } = opened;
    const allThere = (count: number) => document.querySelectorAll('.server').length > count;
    await page.waitForFunction(allThere, TEXTS.length, { timeout: 90_000 });
    await page.locator('.banner').getByText('is degraded').waitFor();
    await page.locator('.side').getByText(`<script>${ALARM}()</script>`).first().waitFor();
    expect(await foreignElements(page)).toBe(0);
    // One after the other: in the details, with a label in the graph.
    const shown = new Set<string>();
    await page.locator('.grid').focus();
    await page.keyboard.press('Home');
    for (let n = 0; n < TEXTS.length; n++) {
      await page.keyboard.press('Enter');
      shown.add(await page.locator('.details').innerText());
      await page.keyboard.press('ArrowDown');
    }
    // Some differ only in what is shown as replaced or is cut.
    expect(shown.size).toBeGreaterThan(TEXTS.length * 0.9);
    expect(await foreignElements(page)).toBe(0);
    for (const tab of ['Filters', 'Connection']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await foreignElements(page)).toBe(0);
    }
    for (const n of [0, 12, 40, 99, 150]) {
      await page.getByRole('searchbox').fill(textOf(n).slice(0, 200));
      await page.keyboard.press('Enter');
    }
    const body = await page.locator('body').innerText();
    // Direction marks and controls are shown as replaced, not obeyed.
    expect(body).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
    for (const control of ['\u001b', '\u0007']) expect(body).not.toContain(control);
    await page.locator('.events').getByText('The gateway says').first().waitFor();
    expect(new URL(page.url()).origin).toBe(gateway.url);
    expect(await page.title()).toBe('Swarmcast');
    expect(await countsOf(page)).toEqual({ alarms: 0, violations: [] });
    expect(troubles).toEqual([]);
    // The alarm would have been heard.
    await page.evaluate((alarm) => (globalThis as unknown as Record<string, () => void>)[alarm]?.(), ALARM);
    expect((await countsOf(page)).alarms).toBe(1);
  }, 240_000);

  test('of a server that says them, and values of every wrong type, through the whole gateway: the page lives on and shows its agents', async () => {
    await using raw = await RawPeer.start(hostileServer());
    const server = { id: 'hostile', transport: 'tcp', port: raw.port, dialect: 'seed', poll_interval_ms: 500 };
    await using ward = await openTestGateway({ servers: [server], 'world.stale_after_ms': 60_000 });
    await using opened = await openPage(browser, `${ward.url}/?view=both&sort=swarm`, {
      agents: NAMED,
      prepare: listen,
    });
    const { page, troubles } = opened;
    const details = page.locator('.details');
    // Sorted by keys, so that of value-3 and value-30 the former is the first that is found.
    for (const { label } of VALUES) {
      await page.getByRole('searchbox').fill(`swarm-1/${label}`);
      await page.getByText(/^[1-9]\d* found$/).waitFor();
      await page.keyboard.press('Enter');
      await details.getByText(label, { exact: true }).first().waitFor();
    }
    expect(await details.innerText()).not.toContain('[object Object]');
    for (const tab of ['Filters', 'Connection', 'Servers']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await foreignElements(page)).toBe(0);
    }
    await page.locator('.connection[data-status=live]').waitFor();
    expect(await page.locator('body').innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
    expect(await countsOf(page)).toEqual({ alarms: 0, violations: [] });
    expect(troubles).toEqual([]);
  }, 240_000);
});
