import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { connectSwarmcast } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import { drawnAgents, launchBrowser, openPage } from '../support/browser.ts';
import type { PageDocument } from '../support/page-globals.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { restartablePort } from '../support/restartable-port.ts';
import { until } from '../support/until.ts';

declare const document: PageDocument;
declare const CustomEvent: new (type: string, options: { detail: object }) => object;
declare const requestAnimationFrame: (callback: (now: number) => void) => number;

const KEY = 'an-operator-key-of-these-tests';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});

/** A gateway with one server of no known kind, whose world only these tests change. */
async function openQuietWorld(agents = 6): Promise<AsyncDisposable & { gateway: Gateway }> {
  const { simulator, server } = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0, agents });
  const gateway = await openTestGateway({ servers: [server] });
  await knownAgents(gateway, agents);
  return {
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

/** Waits until nothing moves: neither agents nor the camera. Resolves with where the camera looks. */
async function atRest(page: Page): Promise<string | null> {
  const stage = page.locator('.graph-stage');
  for (;;) {
    const camera = await stage.getAttribute('data-camera');
    const { all } = await farthestOver(page, 1_000, []);
    if (all < 0.02 && (await stage.getAttribute('data-camera')) === camera) return camera;
  }
}

/** Selects another agent than the present one by arrow keys: there is one in one of these directions. */
async function selectAnother(page: Page): Promise<void> {
  const heading = page.locator('.details h2');
  const first = await heading.innerText();
  await page.locator('.graph-stage').focus();
  await until('another agent', async () => {
    for (const key of ['ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowDown']) {
      await page.keyboard.press(key);
      if ((await heading.innerText()) !== first) return true;
    }
    return false;
  });
}

/** Where each agent is drawn, by key, in world units. */
function placesOf(page: Page): Promise<Record<string, [number, number, number]>> {
  return page.evaluate(() => {
    const places = {};
    document.querySelector('.graph-stage')?.dispatchEvent(new CustomEvent('swarmcast:places', { detail: places }));
    return places;
  });
}

interface Farthest {
  all: number;
  /** Of the agents whose key begins so. */
  bySwarm: Record<string, number>;
  frames: number;
}

/**
 * Looks at every drawn frame for so long, from the moment that so many agents are drawn: the longest way that one agent went
 * from one to the next that shows another picture, per 100 ms of the time between them: of half a second at most, which a
 * busy machine may take to draw. Those that come meanwhile don't count.
 */
function farthestOver(page: Page, ms: number, swarms: string[], agents = 0): Promise<Farthest> {
  return page.evaluate(
    ([forMs, keys, count]) =>
      new Promise<Farthest>((resolve) => {
        type Places = Record<string, [number, number, number]>;
        const stage = document.querySelector('.graph-stage');
        const found: Farthest = { all: 0, bySwarm: Object.fromEntries(keys.map((key) => [key, 0])), frames: 0 };
        let begun: number | undefined;
        const newcomers = new Set<string>();
        let [last, lastAt]: [Places, number] = [{}, performance.now()];
        const look = (now: number): void => {
          const elapsedMs = Math.min(500, Math.max(100, now - lastAt));
          const places: Places = {};
          stage?.dispatchEvent(new CustomEvent('swarmcast:places', { detail: places }));
          if (found.frames > 0) for (const key of Object.keys(places)) if (!(key in last)) newcomers.add(key);
          for (const [key, at] of Object.entries(places)) {
            const was = last[key];
            if (was === undefined || newcomers.has(key)) continue;
            const way = (Math.hypot(at[0] - was[0], at[1] - was[1], at[2] - was[2]) * 100) / elapsedMs;
            found.all = Math.max(found.all, way);
            const swarm = keys.find((one) => key.startsWith(`${one}/`));
            if (swarm !== undefined) found.bySwarm[swarm] = Math.max(found.bySwarm[swarm] ?? 0, way);
          }
          if (JSON.stringify(places) !== JSON.stringify(last)) [last, lastAt] = [places, now];
          found.frames++;
          if (Object.keys(places).length >= count) begun ??= now;
          if (begun === undefined || now - begun < forMs) requestAnimationFrame(look);
          else resolve(found);
        };
        requestAnimationFrame(look);
      }),
    [ms, swarms, agents] as const,
  );
}

/** Longest distance between two. */
function sizeOf(places: readonly [number, number, number][]): number {
  return Math.max(...places.flatMap((a) => places.map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]))));
}

async function knownAgents(gateway: Gateway, count: number): Promise<void> {
  for (;;) {
    const reply = (await (await fetch(`${gateway.url}/api/bots/agents`)).json()) as { count: number };
    if (reply.count >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('an agent joins', () => {
  test('it appears in graph, table and events; the camera stays; search finds it; its details say what is known', async () => {
    await using world = await openQuietWorld();
    const { gateway } = world;
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: 6 });
    const { page, troubles } = opened;
    const camera = await atRest(page);
    await gateway.callTool('desk', 'create_agent', { type: 'reviewer', name: 'Newcomer Nell' });
    await drawnAgents(page, (count) => count === 7);
    await page.locator('.events').getByText('Newcomer Nell joined').waitFor();
    expect(await atRest(page)).toBe(camera);

    await page.keyboard.press('/');
    await page.keyboard.type('nell rev');
    await page.getByText('1 found').waitFor();
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary', { name: 'Details of the selected agent' });
    await details.getByRole('heading', { name: 'Newcomer Nell' }).waitFor();
    expect(await details.innerText()).toMatch(/Type\s+reviewer\s+simulated/);
    await details.getByRole('button', { name: /more that the server did not report/ }).click();
    await until('what is absent', async () => /Success\s+–\s+absent/.test(await details.innerText()));
    await page.locator('.grid-row[aria-selected=true]', { hasText: 'Newcomer Nell' }).waitFor();
    await page.locator('.labels').getByText('Newcomer Nell').waitFor();

    // A pointer over it shows who it is; where it is drawn is told by its label.
    const name = page.locator('.label-marked', { hasText: 'Newcomer Nell' });
    await atRest(page);
    const label = await name.boundingBox();
    if (label === null) throw new Error('no label');
    await page.getByRole('searchbox').fill('');
    await selectAnother(page);
    await name.waitFor({ state: 'detached' });
    const [x, y] = [label.x + label.width / 2, label.y + label.height + 16];
    await page.mouse.move(x, y);
    await name.waitFor();
    await page.mouse.click(x, y);
    await details.getByRole('heading', { name: 'Newcomer Nell' }).waitFor();

    // What happened can be filtered.
    await page.getByRole('button', { name: 'Joined', exact: true }).click();
    await page.locator('.events').getByText('Newcomer Nell joined').waitFor({ state: 'detached' });
    expect(troubles).toEqual([]);
  });
});

describe('an agent is followed', () => {
  test('the camera stays with it until a hand moves the picture', async () => {
    await using world = await openQuietWorld();
    await using opened = await openPage(browser, `${world.gateway.url}/?view=both`, { agents: 6 });
    const { page, troubles } = opened;
    await atRest(page);
    await page.locator('.grid').focus();
    await page.keyboard.press('Enter');
    // The address holds it a moment later.
    const key = await until('the selected agent', () => new URL(page.url()).searchParams.get('agent') ?? undefined);
    const follow = page.getByRole('button', { name: 'Follow' });
    await follow.click();
    const looksAtIt = async (): Promise<boolean> => {
      const camera = (await page.locator('.graph-stage').getAttribute('data-camera'))?.split(' ').map(Number) ?? [];
      const at = (await placesOf(page))[key] ?? [];
      return at.length === 3 && at.every((value, axis) => Math.abs(value - (camera[axis] ?? NaN)) < 1);
    };
    await until('the camera looks at it', looksAtIt);
    await page.locator('.graph-stage').focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await page.getByRole('button', { name: 'Follow', pressed: false }).waitFor();
    await until('the camera was moved', async () => !(await looksAtIt()));
    expect(troubles).toEqual([]);
  });
});

describe('others stay where they are', () => {
  test('one that joins moves nobody in other swarms, its own swarm without jumps, and the camera not at all', async () => {
    const { simulator, server } = await openTestServer('desk', {
      face: 'seed',
      eventsPerSecond: 0,
      agents: 12,
      swarms: 2,
    });
    await using gateway = await openTestGateway({ servers: [server], 'server.operator_key': KEY });
    await using opened = await openPage(browser, `${gateway.url}/?mode=high_frequency`, { agents: 24 });
    const { page, troubles } = opened;
    const camera = await atRest(page);
    const client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, token: KEY });
    await client.whenLive();
    const swarms = [...client.state.swarms.values()];
    const joined = swarms[0]?.key ?? '';
    const before = await placesOf(page);
    const moving = farthestOver(
      page,
      5_000,
      swarms.map(({ key }) => key),
      25,
    );
    await client.command('agent.spawn', { swarm_id: joined, type: 'reviewer', name: 'Newcomer Nell' });
    const moved = await moving;
    expect(Object.keys(await placesOf(page))).toHaveLength(25);
    const size = sizeOf(Object.entries(before).flatMap(([key, at]) => (key.startsWith(`${joined}/`) ? [at] : [])));
    // A twentieth of the swarm's width in a tenth of a second is a glide, not a jump (seen: a 100th to a 200th).
    expect(moved.bySwarm[joined]).toBeLessThan(size / 20);
    expect(moved.frames).toBeGreaterThan(10);
    for (const { key } of swarms.slice(1)) expect(moved.bySwarm[key]).toBeLessThan(0.05);
    expect(await page.locator('.graph-stage').getAttribute('data-camera')).toBe(camera);
    expect(troubles).toEqual([]);
    await client.close();
    await simulator[Symbol.asyncDispose]();
  }, 240_000);
});

describe('by keys alone', () => {
  test('search, table, details, graph, panels', async () => {
    await using world = await openQuietWorld();
    const { gateway } = world;
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: 6 });
    const { page, troubles } = opened;
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('class') ?? '');
    const tabTo = async (name: string): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        if ((await focused()).split(' ').includes(name)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`Tab never reached .${name}`);
    };
    await tabTo('grid');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.locator('.grid-row[aria-selected=true][aria-rowindex="6"]').waitFor();

    await tabTo('graph-stage');
    await atRest(page);
    await selectAnother(page);
    const camera = await atRest(page);
    await page.keyboard.press('+');
    await page.waitForFunction(
      (before) => document.querySelector('.graph-stage')?.dataset['camera'] !== before,
      camera,
    );
    await page.keyboard.press('Escape');
    await page.locator('.details').waitFor({ state: 'detached' });
    // Sorting by its header.
    await page.getByRole('columnheader', { name: 'Type' }).getByRole('button').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.locator('[role=columnheader][aria-sort=descending]', { hasText: 'Type' }).waitFor();
    // Tabs by arrows.
    await page.getByRole('tab', { name: 'Servers' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('checkbox', { name: 'busy' }).waitFor();
    expect(troubles).toEqual([]);
  });
});

describe('a server dies and comes back', () => {
  test('a banner with the reason, its agents fade; then all is well again', async () => {
    const healthy = await openTestServer('steady', { face: 'generic', eventsPerSecond: 0 });
    const port = await restartablePort();
    let ailing = await openTestServer('ailing', { face: 'generic', eventsPerSecond: 0, port });
    const gateway = await openTestGateway({
      servers: [healthy.server, ailing.server],
      // The one that comes back has other agents: the old ones are to go soon.
      'world.stale_after_ms': 5_000,
      'world.remove_after_ms': 20_000,
    });
    await using opened = await openPage(browser, `${gateway.url}/?view=both`, { agents: 12 });
    const { page, troubles } = opened;
    expect(await page.locator('.banner').count()).toBe(0);
    await ailing.simulator[Symbol.asyncDispose]();
    await page.locator('.banner').getByText('Some MCP servers are not well').waitFor({ timeout: 40_000 });
    await page.locator('.banner').getByText('ailing is').waitFor();
    await page
      .getByTestId('switched-off')
      .getByText('Switched off meanwhile, so that they can recover: details of unwell servers.', { exact: true })
      .waitFor();
    const card = page.locator('.server[data-server=ailing]');
    await page.locator('.server[data-server=ailing]:not([data-health=healthy])').waitFor();
    await card
      .locator('[data-circuit=open]')
      .getByText(/opened \d+ times?; (tries again in|its next)/)
      .waitFor({ timeout: 40_000 });
    await page
      .locator('.banner')
      .getByText(/tries again in|its next request|trying now/)
      .waitFor();
    await page.locator('.grid-row[data-stale=true]').first().waitFor({ timeout: 40_000 });
    ailing = await openTestServer('ailing', { face: 'generic', eventsPerSecond: 0, port });
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 40_000 });
    await page.locator('.grid-row[data-stale=true]').first().waitFor({ state: 'detached', timeout: 40_000 });
    await page.locator('.events').getByText('ailing is healthy').first().waitFor();
    await card.locator('[data-circuit=closed]').waitFor();
    await card.locator('.latency-chart canvas').waitFor();
    await card
      .locator('.latency figcaption')
      .getByText(/^[\d.,]+ m?s now · median [\d.,]+ m?s · p95/)
      .waitFor();
    expect(troubles).toEqual([]);
    await gateway[Symbol.asyncDispose]();
    await healthy.simulator[Symbol.asyncDispose]();
    await ailing.simulator[Symbol.asyncDispose]();
  }, 240_000);
});

describe('the gateway restarts', () => {
  test('the page says so, keeps what it knows, and comes back by itself', async () => {
    const { simulator, server } = await openTestServer('desk', { face: 'generic', eventsPerSecond: 0 });
    // Chosen by number: only then may the library take a port whose old connections linger.
    const port = await restartablePort();
    let gateway = await openTestGateway({ servers: [server], 'server.port': port });
    await using opened = await openPage(browser, `${gateway.url}/?panel=connection`, { agents: 6 });
    const { page, sockets } = opened;
    await gateway[Symbol.asyncDispose]();
    await page.locator('.banner').getByText('No connection to the gateway').waitFor();
    await drawnAgents(page, (count) => count === 6);
    gateway = await openTestGateway({ servers: [server], 'server.port': port });
    await page.locator('.connection[data-status=live]').waitFor({ timeout: 30_000 });
    await page.locator('.banner').waitFor({ state: 'detached' });
    await drawnAgents(page, (count) => count === 6);
    expect(sockets()).toBeGreaterThan(1);
    await page
      .getByTestId('reconnects')
      .getByText(/^[1-9]/)
      .waitFor();
    await gateway[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });
});

describe('the policy of the page', () => {
  test('code from a string and foreign connections are refused', async () => {
    await using world = await openQuietWorld(1);
    const { gateway } = world;
    await using opened = await openPage(browser, gateway.url);
    const { page } = opened;
    const refused = await page.evaluate(async () => {
      const results: string[] = [];
      const violations: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
      const script = document.createElement('script');
      try {
        script.textContent = 'document.title = "owned"';
        document.body.append(script);
      } catch (error) {
        results.push((error as Error).name);
      }
      try {
        document.body.innerHTML = '<b>owned</b>';
      } catch (error) {
        results.push((error as Error).name);
      }
      await fetch('http://127.0.0.1:9/').catch(() => results.push('fetch'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { results, violations, title: document.title };
    });
    expect(refused.title).toBe('Swarmcast');
    expect(refused.results).toEqual(['TypeError', 'TypeError', 'fetch']);
    expect(refused.violations).toContain('connect-src');
  });
});
