/**
 * The only file of the simulator that loads the MCP SDK, which costs about 80 ms: it is imported while the listener
 * opens. Both eras are the SDK's work. Methods that MCP does not know come in through its fallback handler; no
 * JSON-RPC is written by hand beside it, but for the seeds' bare events, which are no JSON-RPC at all.
 */
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Dispatcher } from './dispatcher.ts';
import type { Peer } from './faces/face.ts';
import type { LineConnection } from './transports/line-connection.ts';

const INSTRUCTIONS = 'A simulated server (swarmcast simulate). No agent here is real and nothing is executed.';

/** A server of the SDK with the face's tools and methods, for one connection or one request. */
export function createFaceServer(dispatcher: Dispatcher, peer: Peer): Server {
  const { face } = dispatcher;
  const server = new Server(face.serverInfo, { capabilities: face.capabilities, instructions: INSTRUCTIONS });
  server.setRequestHandler('tools/list', () => dispatcher.listTools());
  server.setRequestHandler('tools/call', ({ params }) => dispatcher.callTool(params.name, params.arguments, peer));
  server.fallbackRequestHandler = (request) =>
    Promise.resolve(dispatcher.callMethod(request.method, request.params, peer));
  // The seeds send auth.authenticate without an id; there is nothing to answer then.
  server.fallbackNotificationHandler = ({ method, params }) => {
    if (face.methods.has(method)) dispatcher.callMethod(method, params, peer);
    return Promise.resolve();
  };
  if (face.ping === 'own') server.removeRequestHandler('ping');
  return server;
}

/** Serves one connection of lines, in the era that its first message asks for, until it closes. */
export function serveLines(connection: LineConnection, dispatcher: Dispatcher, peer: Peer): void {
  serveStdio(() => createFaceServer(dispatcher, peer), { transport: connection });
}
