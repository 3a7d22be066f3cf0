// A real MCP server of the official SDK, as a process: node mcp-peer.mjs <stdio|tcp|http> <modern|legacy>
import { createServer } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [, , face, era] = process.argv;

function makeServer() {
  const server = new McpServer({ name: 'contract-peer', version: '1.2.3' });
  server.registerTool(
    'echo',
    { description: 'says it again', inputSchema: z.object({ text: z.string() }) },
    (args) => ({
      content: [{ type: 'text', text: JSON.stringify({ said: args.text }) }],
    }),
  );
  server.registerTool('words', { description: 'plain text', inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: 'no JSON at all' }],
  }));
  server.registerTool('fails', { description: 'reports an error', inputSchema: z.object({}) }, () => ({
    isError: true,
    content: [{ type: 'text', text: 'it went wrong' }],
  }));
  server.registerTool(
    'sleeps',
    { description: 'never answers', inputSchema: z.object({}) },
    () => new Promise(() => {}),
  );
  server.registerTool('exits', { description: 'ends the process', inputSchema: z.object({}) }, () => process.exit(3));
  return server;
}

function serveLines(input, output) {
  const transport = new StdioServerTransport(input, output);
  if (era === 'modern') serveStdio(makeServer, { transport, legacy: 'reject' });
  else void makeServer().connect(transport);
}

if (face === 'stdio') {
  process.stdout.write('hello, I am a banner\n');
  serveLines(process.stdin, process.stdout);
} else if (face === 'tcp') {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serveLines(socket, socket);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
} else {
  const handler = createMcpHandler(makeServer, era === 'modern' ? { legacy: 'reject' } : {});
  const server = createHttpServer((request, response) => void answer(request, response));
  const answer = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = `http://127.0.0.1${request.url}`;
    const body = chunks.length === 0 ? undefined : Buffer.concat(chunks);
    const isProbe = era === 'legacy' && body?.includes('server/discover');
    const reply = isProbe
      ? Response.json({ jsonrpc: '2.0', id: JSON.parse(body).id, error: { code: -32601, message: 'Method not found' } })
      : await handler.fetch(new Request(url, { method: request.method, headers: request.headers, body }));
    response.writeHead(reply.status, Object.fromEntries(reply.headers));
    response.end(Buffer.from(await reply.arrayBuffer()));
  };
  server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
}
