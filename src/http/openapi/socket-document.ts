/** The AsyncAPI 3 document of the socket: messages to the gateway by their zod schemas, those from it by its types. */
import { z } from 'zod';
import { clientPayloads, CLIENT_MESSAGE_TYPES, SUBPROTOCOLS } from '../../protocol/client-messages.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { OPERATION_NAMES, OPERATIONS } from '../../protocol/operations/operations.ts';
import { WIRE_SCHEMAS } from './wire-schemas.ts';

type Schema = Record<string, unknown>;

const ID: Schema = {
  oneOf: [{ type: 'string', maxLength: 128 }, { type: 'integer' }],
  description: 'Chosen by the client; the answer has it. A request without one is answered only by errors',
};
const TIMESTAMP: Schema = { type: 'integer', description: 'ms since 1970' };
const CURSOR: Schema = { type: 'string', description: 'Opaque: where the client stands after this message' };
/** Messages after which a client stands elsewhere. */
const WITH_CURSOR = new Set([
  'discovery',
  'snapshot',
  'agent_update',
  'topology_update',
  'task_update',
  'performance_update',
  'neural_update',
  'message_flow',
  'swarm_event',
  'health_update',
]);

const DESCRIPTION = `The live graph of agents, and what clients ask for. PROTOCOL.md in the repository says how state, cursor and hash work
together, and the layout of binary frames. A connection is closed with one of these codes: ${Object.entries(CLOSE_CODES)
  .map(([name, code]) => `${code} ${name.toLowerCase()}`)
  .join(', ')}.`;

export function asyncApiDocument(version: string): object {
  const shared: Record<string, Schema> = {};
  const toGateway = CLIENT_MESSAGE_TYPES.map((type) => [`client_${type}`, clientMessage(type, shared)] as const);
  const { payloads, schemas } = WIRE_SCHEMAS;
  const fromGateway = Object.entries(payloads).map(
    ([type, payload]) => [`server_${type}`, serverMessage(type, payload)] as const,
  );
  const messages = Object.fromEntries([...toGateway, ...fromGateway, ['server_frame', FRAME] as const]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Swarmcast socket',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      gateway: {
        host: 'localhost:8080',
        pathname: '/ws',
        protocol: 'ws',
        description: `Subprotocols: ${SUBPROTOCOLS.join(', ')}; a token goes into the Authorization header or beside them as bearer.<token>`,
      },
    },
    channels: {
      stream: {
        address: '/ws',
        description: 'One connection, both ways',
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      ask: operation(
        'receive',
        'What a client sends',
        toGateway.map(([name]) => name),
      ),
      tell: operation('send', 'What the gateway sends', [...fromGateway.map(([name]) => name), 'server_frame']),
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      messages,
      schemas: { ...schemas, ...shared },
    },
  };
}

const FRAME = {
  name: 'frame',
  title: 'Positions of one tick',
  contentType: 'application/octet-stream',
  summary: 'Binary, little-endian; its first byte is 0x01. The layout is in PROTOCOL.md, Positions',
  payload: { type: 'string', format: 'binary' },
};

function operation(action: 'send' | 'receive', summary: string, messages: readonly string[]) {
  return {
    action,
    summary,
    // Anonymous viewers are allowed where the configuration says so.
    security: [{ $ref: '#/components/securitySchemes/bearer' }],
    channel: { $ref: '#/channels/stream' },
    messages: messages.map((name) => ({ $ref: `#/channels/stream/messages/${name}` })),
  };
}

function clientMessage(type: keyof typeof clientPayloads, shared: Record<string, Schema>) {
  const payload = type === 'command' ? commandSchema(shared) : plain(clientPayloads[type], shared);
  return {
    name: type,
    title: `${type}, from a client`,
    payload: {
      type: 'object',
      required: ['type'],
      properties: { type: { const: type }, id: ID, payload },
    },
  };
}

/** One form for each operation. */
function commandSchema(shared: Record<string, Schema>): Schema {
  const forms = OPERATION_NAMES.map((name) => ({
    type: 'object',
    description: OPERATIONS[name].summary,
    required: ['operation'],
    properties: { operation: { const: name }, input: plain(OPERATIONS[name].input, shared) },
  }));
  return { oneOf: forms };
}

function serverMessage(type: string, payload: Schema) {
  return {
    name: type,
    title: `${type}, from the gateway`,
    payload: {
      type: 'object',
      required: ['type', 'timestamp', 'payload'],
      properties: {
        type: { const: type },
        timestamp: TIMESTAMP,
        ...(WITH_CURSOR.has(type) ? { cursor: CURSOR } : {}),
        payload,
      },
    },
  };
}

/** A schema as it is sent; named parts go to `shared`, where references of the document lead. */
function plain(schema: z.ZodType, shared: Record<string, Schema>): Schema {
  const { $defs, $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Schema;
  for (const [name, part] of Object.entries(($defs ?? {}) as Record<string, Schema>)) shared[name] = pointing(part);
  return pointing(rest);
}

function pointing(schema: Schema): Schema {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as Schema;
}
