import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';

interface OtlpBody {
  resourceSpans: {
    scopeSpans: {
      scope: { name: string };
      spans: { name: string; traceId: string; spanId: string; attributes: { key: string; value: unknown }[] }[];
    }[];
  }[];
}

test('calls reach an OTLP receiver as spans, and the server hears of them in _meta', async () => {
  const bodies: OtlpBody[] = [];
  const receiver = createHttpServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(JSON.parse(text) as OtlpBody);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { simulator } = await openTestServer('sim', { face: 'claude-flow' });
  // Between gateway and server, to see what the gateway says.
  let said = '';
  const proxy = createServer((socket) => {
    const onward = connect(simulator.port, '127.0.0.1');
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => undefined).on('close', () => onward.destroy());
    onward.on('error', () => undefined).on('close', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
  try {
    await using gateway = await openTestGateway({
      servers: [{ id: 'sim', transport: 'tcp', host: '127.0.0.1', port: portOf(proxy), simulated: true }],
      'telemetry.otlp_endpoint': `http://127.0.0.1:${portOf(receiver)}/`,
    });
    await vi.waitFor(() => expect(said).toContain('"agent_list"'), { timeout: 10_000 });
    // What has not been sent yet is sent as it stops.
    await gateway[Symbol.asyncDispose]();
    const scopes = bodies.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans));
    expect(new Set(scopes.map(({ scope }) => scope.name))).toEqual(new Set(['swarmcast']));
    const spans = scopes.flatMap((scope) => scope.spans);
    const list = spans.find(({ name }) => name === 'tools/call agent_list');
    expect(list?.attributes).toContainEqual({ key: 'gen_ai.tool.name', value: { stringValue: 'agent_list' } });
    for (const { traceId, spanId } of spans) expect(said).toContain(`"traceparent":"00-${traceId}-${spanId}-01"`);
  } finally {
    proxy.close();
    receiver.closeAllConnections();
    receiver.close();
    await simulator[Symbol.asyncDispose]();
  }
});
