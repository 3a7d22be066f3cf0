/**
 * The one table of settings: type, default, unit, description. Environment names are derived from the path
 * (`server.port` → `SWARMCAST_SERVER_PORT`, plus the short ones and the seeds' in aliases.ts).
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { DIALECT_NAMES, SERVER_TYPES } from '../../model/server.ts';
import { LOG_COMPONENTS, LOG_LEVELS } from '../../model/log-level.ts';
import { ROLES } from '../../model/role.ts';
import { LOG_LEVEL_PATTERN } from '../telemetry/log-levels.ts';
import { serverIdsSchema, swarmKeysSchema } from '../auth/identity.ts';
import { SHOWABLE_FIELDS } from '../auth/showable-fields.ts';
import { mappedOperations } from './mapped-operations.ts';

const ms = (fallback: number, what: string, min = 1) =>
  z.int().min(min).max(86_400_000).default(fallback).describe(`${what} (ms)`);
const count = (fallback: number, max: number, what: string, min = 1) =>
  z.int().min(min).max(max).default(fallback).describe(what);
const serverId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1–64 letters, digits, dots, dashes or underscores')
  .describe('Unique name of the server in this gateway');

const common = {
  id: serverId,
  type: z.enum(SERVER_TYPES).default('other').describe('Kind of server, as client filters name it'),
  dialect: z
    .enum(['auto', ...DIALECT_NAMES])
    .default('auto')
    .describe('How it speaks of agents; auto: found out from its name and tools'),
  simulated: z.boolean().default(false).describe('True for our own simulator: shown as such everywhere'),
  poll_interval_ms: z.int().min(50).max(3_600_000).optional().describe('Fastest poll; default: the dialect knows (ms)'),
  api_key: z
    .string()
    .optional()
    .describe('Presented with auth.authenticate right after the handshake: { env: NAME } or { file: PATH }'),
  bootstrap: z
    .array(z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()).default({}) }))
    .max(200)
    .default([])
    .describe('Tool calls made once after each connect, for servers whose process the gateway owns'),
  mapping: z
    .strictObject({
      list_tool: z.string().describe('Tool that lists agents'),
      list_args: z.record(z.string(), z.unknown()).default({}),
      agents_path: z.string().default('agents').describe('Dotted path to the array of agents in the reply'),
      id: z.string().default('id').describe('Dotted path of each field within an agent'),
      name: z.string().default('name'),
      agent_type: z.string().default('type'),
      status: z.string().default('status'),
      swarm: z.string().default('swarm_id'),
      operations: mappedOperations,
    })
    .optional()
    .describe('Generic dialect: where agents are found in the replies'),
} as const;

const tlsSchema = z.strictObject({
  ca: z.string().optional().describe("PEM of the authorities to trust instead of the system's: { file: PATH }"),
  server_name: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe('Name that the certificate must be for; default: the host'),
  cert: z.string().optional().describe('PEM of the client certificate, with its chain: { file: PATH }'),
  key: z.string().optional().describe('PEM of its key: { file: PATH } or { env: NAME }'),
  key_passphrase: z.string().optional().describe('Of an encrypted key: { env: NAME } or { file: PATH }'),
});
/** How a server is trusted, and how it knows the gateway; texts in PEM form. */
export type ServerTls = z.infer<typeof tlsSchema>;

const headerValue = z.string().regex(/^[\t\u0020-\u007e]*$/, 'must be visible ASCII on one line');

/** One MCP server. */
export const serverSchema = z.discriminatedUnion('transport', [
  z.strictObject({
    ...common,
    transport: z.literal('tcp'),
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(1).max(65_535).default(9500),
    endpoints: z
      .array(z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) }))
      .max(64)
      .optional()
      .describe('More addresses of the same server: connections are shared among all'),
    tls: z
      .union([z.boolean(), tlsSchema])
      .default(false)
      .describe('TLS; certificates are always verified. true: against the authorities of the system'),
  }),
  z.strictObject({
    ...common,
    transport: z.literal('stdio'),
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z
      .record(z.string(), z.string())
      .default({})
      .describe('Added to a minimal environment; values may be { env: NAME } or { file: PATH }'),
    cwd: z.string().optional().describe('Default: a scratch directory of its own'),
    project: z.string().optional().describe('claude-flow: the project directory whose .claude-flow files are watched'),
  }),
  z.strictObject({
    ...common,
    transport: z.literal('http'),
    url: z.url({ protocol: /^https?$/ }),
    bearer: headerValue
      .optional()
      .describe('Sent as Authorization: Bearer with every request: { env: NAME } or { file: PATH }'),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header'), headerValue)
      .default({})
      .describe('Sent with every request; values may be { env: NAME } or { file: PATH } (secret)'),
    tls: tlsSchema.optional().describe('For https; certificates are always verified'),
  }),
]);
export type ServerConfig = z.infer<typeof serverSchema>;

const upstreamSchema = z.strictObject({
  connect_timeout_ms: ms(3_000, 'Longest wait for a connection and the MCP handshake'),
  request_timeout_ms: ms(15_000, 'Longest wait for one reply'),
  reconnect_min_ms: ms(250, 'First delay before a reconnect; doubles with jitter'),
  reconnect_max_ms: ms(10_000, 'Longest delay before a reconnect'),
  telemetry_interval_ms: ms(100, 'Interval asked for in telemetry.subscribe', 10),
  telemetry_buffer: count(1_000, 1_000_000, 'buffer_size asked for in telemetry.subscribe'),
  max_line_bytes: count(10_485_760, 268_435_456, 'Longest line accepted from a TCP or stdio server', 1_024),
  heartbeat_interval_ms: ms(30_000, 'TCP keep-alive and longest silence of a pushing server before it is asked'),
  pool_size: count(10, 64, 'Connections per server at most; stdio servers always have one'),
  pool_min: count(1, 64, 'Connections per server that are kept open'),
  pool_idle_ms: ms(30_000, 'A connection above pool_min that carried nothing for this long is closed', 10),
  requests_per_second: count(100, 1_000_000, 'Requests per second and server; more wait. 0: no limit', 0),
  max_in_flight: count(1_000, 100_000, 'Requests in flight per server'),
  max_queued: count(1_000, 100_000, 'Requests per server that wait for their turn; more are refused', 0),
  batch_size: count(10, 1_000, 'Calls of one poll that go in one batch, where a server takes batches. 1: never'),
  batch_wait_ms: ms(50, 'Longest wait of such a call for the others', 1),
  api_key: z.string().optional().describe('Default api_key of servers (secret)'),
  allow_link_local: z
    .boolean()
    .default(false)
    .describe('Also connect to link-local addresses, and to those at which clouds tell a machine its credentials'),
});

/** `1.2.3.4`, `1.2.3.4:53`, `::1`, `[::1]:53` */
function isAddressWithPort(text: string): boolean {
  const bare = /^\[(.+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([^:]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  return isIP(bare) !== 0;
}

const discoverySchema = z.strictObject({
  file: z.string().optional().describe('YAML or JSON file with a list of servers; watched, its changes apply at once'),
  dns: z
    .array(z.string().regex(/^[A-Za-z0-9._-]{1,253}:\d{1,5}$/, 'must be host:port'))
    .max(64)
    .default([])
    .describe('host:port of servers whose name is resolved again and again; all its addresses are one server'),
  dns_servers: z
    .array(z.string().refine(isAddressWithPort, 'must be an IP address, with :port where it is not 53'))
    .max(8)
    .default([])
    .describe('DNS servers that resolve those names, as address or address:port; none: as the system does'),
  registry: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('MCP registry; its /v0.1/servers is read. Off by default'),
  registry_allow_private: z
    .boolean()
    .default(false)
    .describe('Also take private and loopback addresses from the registry'),
  refresh_ms: ms(10_000, 'How often names, file and registry are looked at', 100),
  max_servers: count(1_000, 10_000, 'Servers taken from discovery at most'),
});

const ratio = (fallback: number, what: string) => z.number().positive().max(1).default(fallback).describe(what);

const resilienceSchema = z.strictObject({
  failure_threshold: count(3, 1_000, 'Failures in a row that open the circuit of a server'),
  error_rate: ratio(0.4, 'Share of failed requests within the window above which the circuit opens'),
  window_ms: ms(30_000, 'Time over which the share of failures is taken', 100),
  minimum_requests: count(5, 10_000, 'Requests within the window before their share of failures counts'),
  recovery_ms: ms(10_000, 'An open circuit refuses everything this long, then lets a few requests try', 10),
  success_threshold: count(2, 100, 'Requests that must succeed to close the circuit again'),
  retry_attempts: count(3, 10, 'Attempts of a request that is safe to repeat; 1: no retries'),
  retry_min_ms: ms(100, 'Delay before the first retry; doubles'),
  retry_max_ms: ms(5_000, 'Longest delay before a retry'),
  retry_jitter: z.number().min(0).max(1).default(0.5).describe('Share of a retry delay that is drawn at random'),
  healthy_threshold: count(2, 100, 'Successes in a row after which a server that had failed is healthy again'),
  unhealthy_threshold: count(3, 100, 'Failures in a row after which a server is unhealthy; when silent, reconnected'),
  adaptive: z
    .boolean()
    .default(true)
    .describe('Fit retry delays, circuit and pool to latency and error rate, in bounds'),
});

const worldSchema = z.strictObject({
  stale_after_ms: ms(10_000, 'Silence after which an agent is stale'),
  remove_after_ms: ms(60_000, 'Silence after which a stale agent is removed'),
  communication_half_life_ms: ms(30_000, 'Half-life of communication weights'),
  communication_floor: z
    .number()
    .positive()
    .max(1)
    .default(0.05)
    .describe('Decayed weight below which a link is removed'),
  max_agents: count(100_000, 4_000_000, 'Agents held at most; more are refused and counted'),
  max_links: count(400_000, 16_000_000, 'Links held at most'),
  max_tasks: count(50_000, 4_000_000, 'Tasks held at most; the oldest finished go first'),
  message_history: count(10_000, 1_000_000, 'Messages kept for late questions', 0),
  flush_interval_ms: ms(4, 'Batches of changes are at least this far apart', 1),
});

const layoutSchema = z.strictObject({
  threads: count(1, 16, 'Worker threads'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Same seed and events, same positions'),
});

const edgeSchema = z.strictObject({
  threads: count(1, 64, 'Threads that serve clients on the one port; the first is the main thread'),
  tls: z
    .strictObject({
      cert: z.string().min(1).optional().describe('PEM file of the certificate, with its chain after it: https, wss'),
      key: z.string().min(1).optional().describe('PEM file of its private key'),
      passphrase: z.string().min(1).optional().describe('Opens the key (secret)'),
      passphrase_file: z.string().min(1).optional().describe('File that holds it'),
    })
    .prefault({}),
});

const clientsSchema = z.strictObject({
  max_clients: count(15_000, 1_000_000, 'Connected clients per edge'),
  max_clients_per_address: count(1_000, 1_000_000, 'Connected clients per edge and address (loopback is not counted)'),
  max_clients_per_user: count(1_000, 1_000_000, 'Connected clients per edge and user that has a token'),
  upgrades_per_second: count(50, 1_000_000, 'New connections per second, edge and address, on average'),
  upgrade_burst: count(500, 1_000_000, 'New connections of an address at once'),
  max_views: count(10_000, 1_000_000, 'Distinct views per edge'),
  hello_timeout_ms: ms(250, 'Silence after which a client without hello gets the defaults'),
  idle_timeout_ms: ms(60_000, 'A client not heard of for this long (pong counts) is closed', 1_000),
  heartbeat_interval_ms: ms(5_000, 'Heartbeats with state_hash to clients', 100),
  ping_interval_ms: ms(5_000, 'WebSocket pings', 200),
  messages_per_second: count(50, 100_000, 'Messages a client may send per second, on average'),
  message_burst: count(200, 1_000_000, 'Messages a client may send at once'),
  discover_per_minute: count(10, 100_000, 'Discovery requests per client and minute'),
  soft_limit_bytes: count(131_072, 1_073_741_824, 'Buffered bytes above which a client is skipped'),
  hard_limit_bytes: count(8_388_608, 1_073_741_824, 'Buffered bytes at which a client is closed'),
  compress_from_bytes: count(
    0,
    1_073_741_824,
    'JSON messages of this size and more are compressed for clients that can; 0: none (it costs 15 times the CPU of sending)',
    0,
  ),
  tombstones: count(100_000, 10_000_000, 'Removed entities remembered for resume'),
  message_history: count(10_000, 1_000_000, 'Agent messages remembered for clients slower than the hub'),
});

const controlSchema = z.strictObject({
  reads_per_minute: count(600, 1_000_000, 'Control operations that only read, per subject and minute'),
  writes_per_minute: count(120, 1_000_000, 'Control operations that change something, per subject and minute'),
  deadline_ms: ms(20_000, 'Longest wait of whoever asked for an operation', 100),
});

const auditSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .optional()
    .describe('File that audit entries are appended to, one JSON object a line; without one they go to stderr'),
  entries_kept: count(1_000, 100_000, 'Newest audit entries held in memory for GET /api/audit'),
});

const apiKeySchema = z.strictObject({
  id: serverId.describe('Name of the key, shown in logs and in the audit log'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits: swarmcast token hash')
    .describe('Hash of the key, as swarmcast token create prints it; the key itself is kept nowhere'),
  role: z.enum(ROLES).default('viewer'),
  servers: serverIdsSchema.optional().describe('Only these servers are shown'),
  swarms: swarmKeysSchema.optional().describe('Only these swarms (server/swarm) are shown'),
  fields: z.array(z.enum(SHOWABLE_FIELDS)).optional().describe('Only these fields are shown beyond identity'),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  revoked: z.boolean().default(false).describe('Refused, and told so'),
});

const jwtSchema = z.strictObject({
  secret: z.string().min(32).optional().describe('Shared secret of HS256 tokens, 32 characters or more (secret)'),
  secret_file: z.string().optional().describe('File that holds the shared secret'),
  public_key_file: z.string().optional().describe('PEM public key: RSA (RS, PS), EC (ES) or Ed25519 (EdDSA)'),
  jwks_file: z.string().optional().describe('JSON Web Key Set of public keys'),
  jwks_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('JSON Web Key Set of an identity provider; off by default'),
  jwks_cooldown_ms: ms(30_000, 'Shortest time between two fetches for a key that is not known'),
  jwks_max_age_ms: ms(600_000, 'Longest time for which fetched keys are used'),
  audience: z.array(z.string().min(1)).min(1).max(16).default(['swarmcast']).describe('aud must name one of these'),
  issuer: z.array(z.string().min(1)).max(16).default([]).describe('iss must be one of these; empty: any'),
  clock_skew_ms: ms(30_000, 'Difference between our clock and that of the issuer that is forgiven', 0),
});

const authSchema = z.strictObject({
  anonymous: z
    .enum(['auto', 'viewer', 'operator', 'off'])
    .default('auto')
    .describe('Who needs no token; auto: viewers, while bound to loopback and no other way to log in is configured'),
  allow_unauthenticated_network: z
    .boolean()
    .default(false)
    .describe('Accept that everybody who reaches a wider address sees everything'),
  keys: z.array(apiKeySchema).max(1_000).default([]).describe('API keys, hashed'),
  jwt: jwtSchema.prefault({}),
});

const telemetrySchema = z.strictObject({
  otlp_endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('OpenTelemetry receiver (OTLP over HTTP), e.g. http://127.0.0.1:4318; without one nothing is traced'),
  trace_ratio: z.number().min(0).max(1).default(1).describe('Share of calls to MCP servers that are traced'),
});

/** The whole configuration. */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to bind; loopback by default'),
      port: z.int().min(0).max(65_535).default(8080).describe('Port of WebSocket and HTTP; 0: any free one'),
      allowed_origins: z
        .array(z.string())
        .max(100)
        .default([])
        .describe('Origins of pages that may connect, exactly as browsers send them; the own origin always may'),
      trusted_proxies: z
        .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
        .max(64)
        .default([])
        .describe('Addresses or networks of proxies whose X-Forwarded-For is believed'),
      http_requests_per_second: count(100, 1_000_000, 'HTTP requests per second, edge and address'),
      operator_key: z
        .string()
        .min(16)
        .max(256)
        .regex(/^\S+$/, 'must not contain white space')
        .optional()
        .describe('Opens /api/clients (secret); without one a key is made and printed at start when bound to loopback'),
      drain_delay_ms: ms(
        0,
        'At a stop, /readyz says no this long while clients are still taken: time for load balancers to notice',
        0,
      ),
      shutdown_deadline_ms: ms(5_000, 'Then, longest wait until clients have taken what was sent to them'),
    })
    .prefault({}),
  auth: authSchema.prefault({}),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is written'),
      levels: z
        .array(
          z
            .string()
            .regex(
              LOG_LEVEL_PATTERN,
              `must be component=level, of ${LOG_COMPONENTS.join(', ')} and ${LOG_LEVELS.join(', ')}`,
            ),
        )
        .max(32)
        .default([])
        .describe('Levels of components, as component=level; a level alone replaces log.level'),
      format: z.enum(['auto', 'json', 'pretty']).default('auto').describe('auto: pretty on a terminal, JSON elsewhere'),
    })
    .prefault({}),
  servers: z.array(serverSchema).max(1_000).default([]).describe('MCP servers; none: simulators are started'),
  simulate: z
    .strictObject({
      enabled: z.enum(['auto', 'always', 'never']).default('auto').describe('auto: only when no server is configured'),
      swarms: count(2, 10_000, 'Swarms per simulated server'),
      agents: count(12, 100_000, 'Agents per swarm'),
      events_per_second: count(40, 1_000_000, 'Changes per second and simulated server'),
      seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Same seed, same world'),
    })
    .prefault({}),
  discovery: discoverySchema.prefault({}),
  upstream: upstreamSchema.prefault({}),
  resilience: resilienceSchema.prefault({}),
  world: worldSchema.prefault({}),
  layout: layoutSchema.prefault({}),
  edge: edgeSchema.prefault({}),
  telemetry: telemetrySchema.prefault({}),
  clients: clientsSchema.prefault({}),
  control: controlSchema.prefault({}),
  audit: auditSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;
export type AuthConfig = Config['auth'];
export type TlsConfig = Config['edge']['tls'];
export type UpstreamConfig = Config['upstream'];
export type DiscoveryConfig = Config['discovery'];
export type ResilienceConfig = Config['resilience'];
export type WorldConfig = Config['world'];
export type ClientsConfig = Config['clients'];
export type ControlConfig = Config['control'];
export type AuditConfig = Config['audit'];
