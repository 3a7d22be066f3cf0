import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../src/cli/simulate.ts';
import { openFaultControl } from '../../../src/simulator/fault-control.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { LinePeer } from '../../support/mcp-client.ts';
import { until } from '../../support/until.ts';

async function open() {
  const simulator = await startSimulator({ face: 'seed', transport: 'tcp', eventsPerSecond: 0 });
  const control = await openFaultControl(simulator, 0);
  const ask = async (method: string, path = '', body?: unknown) => {
    const response = await fetch(control.url + path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { simulator, control, ask };
}

describe('the control port', () => {
  test('orders faults, tells what fired, cancels', async () => {
    const { simulator, control, ask } = await open();
    await using _ = simulator;
    await using __ = control;
    using peer = await LinePeer.connect(simulator.port);
    await peer.call('ping');
    const ordered = await ask('POST', '', { kind: 'never-answer', on: 'agent.list', times: 'all' });
    expect(ordered).toEqual({
      status: 201,
      body: { id: 1, fault: { kind: 'never-answer', on: 'agent.list', times: 'all' }, fired: 0, spent: false },
    });
    peer.send('agent.list');
    await peer.call('ping');
    expect((await ask('GET')).body).toMatchObject({ fired: 1, faults: [{ id: 1, fired: 1 }] });
    expect((await ask('DELETE', '/1')).body).toEqual({ cancelled: 1 });
    expect((await ask('DELETE', '/1')).status).toBe(404);
    await peer.call('agent.list');
    await ask('POST', '', { kind: 'freeze', ms: 60_000 });
    const held = peer.send('ping');
    expect((await ask('DELETE')).body).toEqual({ cancelled: 'all' });
    await peer.answer(held);
    expect((await ask('GET')).body).toMatchObject({ fired: 2, faults: [] });
  });

  test.each([
    { note: 'not JSON', method: 'POST', path: '', body: '{', status: 400 },
    { note: 'no fault', method: 'POST', path: '', body: { kind: 'explode' }, status: 400 },
    { note: 'not over TCP', method: 'POST', path: '', body: { kind: 'rate-limited' }, status: 400 },
    { note: 'too long', method: 'POST', path: '', body: ' '.repeat(70_000), status: 400 },
    { note: 'another method', method: 'PUT', path: '', body: {}, status: 405 },
    { note: 'another path', method: 'GET', path: '/x', body: undefined, status: 404 },
  ])('$note is refused', async ({ method, path, body, status }) => {
    const { simulator, control, ask } = await open();
    await using _ = simulator;
    await using __ = control;
    const reply = await ask(method, path, body);
    expect(reply.status).toBe(status);
    expect(String(reply.body['error']).length).toBeGreaterThan(5);
    expect(simulator.stats.faultsFired).toBe(0);
  });

  test.each([{ origin: 'https://evil.example' }, { host: 'evil.example' }])(
    '%j: not for web pages',
    async (headers) => {
      const { simulator, control } = await open();
      await using _ = simulator;
      await using __ = control;
      const status = await new Promise((resolve, reject) => {
        request(control.url, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(403);
    },
  );
});

describe('simulate', () => {
  function openIo() {
    const out: string[] = [];
    const stop = new AbortController();
    const write = (text: string) => out.push(text);
    return { out, stop, io: { stdout: { write }, stderr: { write }, signal: stop.signal } };
  }

  test('--faults and --control-port: what was ordered happens, and can be asked for', async () => {
    const { out, stop, io } = openIo();
    const done = simulate(['--json', '--control-port', '0', '--faults', 'wrong-id:on=ping,times=2'], io);
    await until('the line', () => out.length > 0);
    const said = JSON.parse(out.join('')) as { listening: { port: number }; control: string };
    using peer = await LinePeer.connect(said.listening.port);
    const lost = [peer.send('ping'), peer.send('ping')];
    await peer.call('ping');
    expect(lost.flatMap((id) => peer.answers(id))).toEqual([]);
    expect(await (await fetch(said.control)).json()).toMatchObject({ fired: 2 });
    stop.abort();
    expect(await done).toBe(0);
  });

  test('the fault exit ends it with its code', async () => {
    expect(await simulate(['--faults', 'exit:code=7,after=20ms'], openIo().io)).toBe(7);
  });

  test('--fault-seed: it misbehaves by itself', async () => {
    const { out, stop, io } = openIo();
    const flags = ['--json', '--control-port', '0', '--fault-seed', '3', '--fault-every', '5'];
    const done = simulate(flags, io);
    await until('the line', () => out.length > 0);
    const said = JSON.parse(out.join('')) as { control: string };
    let fired = 0;
    const deadline = Date.now() + 10_000;
    while (fired < 3 && Date.now() < deadline)
      fired = ((await (await fetch(said.control)).json()) as { fired: number }).fired;
    expect(fired).toBeGreaterThanOrEqual(3);
    stop.abort();
    expect(await done).toBe(0);
  });

  test.each([
    [['--faults', 'explode'], '--faults: "explode" is not one of: never-answer'],
    [['--faults', 'rate-limited'], undefined],
    [['--transport', 'http', '--faults', 'half-open'], '--faults: half-open cannot be shown over http'],
    [['--fault-seed', 'x'], '--fault-seed "x" is not a whole number'],
    [['--control-port', '70000'], '--control-port "70000" is not a whole number'],
  ])('%j is refused', async (argv, message) => {
    await expect(simulate(argv, openIo().io)).rejects.toThrow(message ?? 'cannot be shown over tcp');
  });
});
