/** Messages from client to gateway: `{type, id?, payload?}`. */
import { z } from 'zod';
import { filterPatchSchema } from './filters.ts';
import { modeSchema } from './modes.ts';

export const PROTOCOL_VERSION = 1;
/** Largest message a client may send. */
export const MAX_CLIENT_MESSAGE_BYTES = 65_536;
export const SUBPROTOCOLS = ['swarmcast.v1.json', 'swarmcast.v1.msgpack'] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

const POSITION_FORMATS = ['q16', 'f32', 'raw28', 'none'] as const;
/** `raw28`, the seeds' record, has no header and is therefore for the JSON coding only. */
export type PositionFormat = (typeof POSITION_FORMATS)[number];

const requestId = z.union([z.string().max(128), z.int()]);
/** Chosen by the client; echoed in `ok` and `error`. */
export type RequestId = z.infer<typeof requestId>;

const cursor = z.string().max(64);

/** Payload schemas by message type. */
export const clientPayloads = {
  hello: z.strictObject({
    protocol: z.literal(PROTOCOL_VERSION).optional(),
    positions: z.enum(POSITION_FORMATS).optional(),
    mode: modeSchema.optional(),
    filters: filterPatchSchema.optional(),
    resume: z.strictObject({ cursor }).optional(),
  }),
  update_filters: filterPatchSchema,
  /** The seeds' spelling `performance_mode` is the type; its payload names the mode. */
  performance_mode: z.strictObject({ mode: modeSchema }),
  heartbeat: z.strictObject({}).loose(),
  discover: z.strictObject({}),
  request_update: z.strictObject({}),
  resync: z.strictObject({}),
  ack: z.strictObject({ tick: z.int().nonnegative() }),
  /** A control operation; its name and input are checked by the hub (operations/). */
  command: z.strictObject({ operation: z.string().max(64), input: z.record(z.string(), z.unknown()).optional() }),
  /** A newer token of the same subject. */
  renew: z.strictObject({ token: z.string().min(1).max(8_192) }),
} as const;
export type ClientMessageType = keyof typeof clientPayloads;
export const CLIENT_MESSAGE_TYPES = Object.keys(clientPayloads) as ClientMessageType[];

export type ClientPayload<T extends ClientMessageType> = z.infer<(typeof clientPayloads)[T]>;
export type ClientMessage = {
  [T in ClientMessageType]: { type: T; id?: RequestId | undefined; payload: ClientPayload<T> };
}[ClientMessageType];

/** The envelope, checked before the payload. A missing payload means `{}`. */
export const clientEnvelope = z.looseObject({
  type: z.string().max(64),
  id: requestId.optional(),
  payload: z.unknown().optional(),
});
