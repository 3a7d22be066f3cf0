/**
 * A real Firefox by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks itself: no driver in between. Only
 * what a smoke test needs. It draws on a virtual display where there is one; headless it has no WebGL.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { hasVirtualDisplay, openVirtualDisplay, type VirtualDisplay } from './virtual-display.ts';

/** Software rendering of WebGL, and no calls home. */
const PREFERENCES = {
  'webgl.force-enabled': true,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'toolkit.telemetry.enabled': false,
};
const ANSWER_WITHIN_MS = 60_000;

interface Answer {
  id?: number;
  type: 'success' | 'error' | 'event';
  method?: string;
  params?: { level?: string; text?: string };
  result?: Record<string, unknown>;
  error?: string;
  message?: string;
}

/** The system's Firefox; another one by FIREFOX. */
export async function launchFirefox(): Promise<FirefoxPage> {
  const profile = await mkdtemp(join(tmpdir(), 'swarmcast-firefox-'));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  await writeFile(join(profile, 'user.js'), lines.join(''));
  const display = hasVirtualDisplay ? await openVirtualDisplay() : undefined;
  const child = spawn(
    process.env['FIREFOX'] ?? '/usr/bin/firefox-esr',
    [
      ...(display === undefined ? ['--headless'] : []),
      '--no-remote',
      '--profile',
      profile,
      '--remote-debugging-port',
      '0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile, ...environmentOf(display) } },
  );
  try {
    const socket = new WebSocket(`${await addressOf(child)}/session`);
    await once(socket, 'open');
    const page = new FirefoxPage(child, profile, socket, display);
    await page.open();
    return page;
  } catch (error) {
    child.kill('SIGKILL');
    await display?.[Symbol.asyncDispose]();
    throw error;
  }
}

function environmentOf(display: VirtualDisplay | undefined): Record<string, string> {
  return display === undefined ? {} : { DISPLAY: display.name, MOZ_ENABLE_WAYLAND: '0', LIBGL_ALWAYS_SOFTWARE: '1' };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('Firefox has no stderr');
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('Firefox ended without listening');
}

export class FirefoxPage implements AsyncDisposable {
  /** Errors of the console and of the page's scripts, violations of its policy among them. */
  readonly troubles: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #display: VirtualDisplay | undefined;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #context = '';
  #lastId = 0;

  /** Owns all of them, and ends them. */
  constructor(child: ChildProcess, profile: string, socket: WebSocket, display: VirtualDisplay | undefined) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    this.#display = display;
    child.stderr?.resume();
    socket.on('message', (data: Buffer) => this.#received(JSON.parse(data.toString()) as Answer));
  }

  async open(): Promise<void> {
    await this.#ask('session.new', { capabilities: {} });
    await this.#ask('session.subscribe', { events: ['log.entryAdded'] });
    const tree = (await this.#ask('browsingContext.getTree', {})) as { contexts: { context: string }[] };
    this.#context = tree.contexts[0]?.context ?? '';
    await this.#ask('browsingContext.setViewport', { context: this.#context, viewport: { width: 1440, height: 900 } });
  }

  async goto(url: string): Promise<void> {
    await this.#ask('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** The text that an expression comes to in the page. */
  async text(expression: string): Promise<string> {
    const answer = (await this.#ask('script.evaluate', {
      expression: `String(${expression})`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: { value?: string }; exceptionDetails?: { text: string } };
    if (answer.result?.value === undefined) throw new Error(answer.exceptionDetails?.text ?? 'no value');
    return answer.result.value;
  }

  /** Waits until the expression comes to `true`. */
  async until(what: string, expression: string, deadlineMs = 45_000): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while ((await this.text(expression)) !== 'true') {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A picture of the element, in PNG, with what lies over it. */
  async screenshot(selector: string): Promise<Buffer> {
    const box = JSON.parse(
      await this.text(`JSON.stringify(document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect())`),
    ) as { x: number; y: number; width: number; height: number };
    const { x, y, width, height } = box;
    const { data } = (await this.#ask('browsingContext.captureScreenshot', {
      context: this.#context,
      clip: { type: 'box', x, y, width, height },
    })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  async type(keys: string): Promise<void> {
    const actions = Array.from(keys).flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]);
    await this.#ask('input.performActions', {
      context: this.#context,
      actions: [{ type: 'key', id: 'keyboard', actions }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    await this.#ask('browser.close', {}).catch(() => this.#child.kill('SIGKILL'));
    await ended;
    this.#socket.terminate();
    await this.#display?.[Symbol.asyncDispose]();
    await rm(this.#profile, { recursive: true, force: true });
  }

  #ask(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`Firefox did not answer ${method}`));
      }, ANSWER_WITHIN_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        if (answer.type === 'success') resolve(answer.result ?? {});
        else reject(new Error(`${method}: ${answer.error}: ${answer.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #received(answer: Answer): void {
    if (answer.type === 'event') {
      if (answer.params?.level === 'error') this.troubles.push(answer.params.text ?? 'an error without text');
      return;
    }
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}
