/** `swarmcast token`: makes API keys and JSON Web Tokens, hashes keys, and tells what is in a token. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { API_KEY_PREFIX, createApiKey, hashApiKey } from '../platform/auth/api-keys.ts';
import { createAuthenticator } from '../platform/auth/authenticator.ts';
import { ROLES, type Role } from '../model/role.ts';
import type { Limits } from '../platform/auth/identity.ts';
import { SHOWABLE_FIELDS, type ShowableField } from '../platform/auth/showable-fields.ts';
import { signToken } from '../platform/auth/sign-token.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig } from '../platform/config/load.ts';
import { yamlText } from '../platform/config/yaml-text.ts';
import { EXIT, UsageError, type CommandIo } from './command.ts';

const HELP = `swarmcast token — make API keys and tokens, and look into them

Usage: swarmcast token create --id NAME [--role ROLE] [limits] [--expires TIME]
       swarmcast token create --jwt --subject NAME --key-file FILE [--role ROLE] [limits] [--ttl SECONDS] [--audience A]
       swarmcast token inspect TOKEN|- [-c FILE]
       swarmcast token hash KEY|-

create makes an API key of 256 random bits. The key is printed once, and the entry for auth.keys of the configuration,
which holds its hash alone. With --jwt it signs a JSON Web Token: --key-file holds a secret of 32 bytes or more (HS256)
or a private key in PEM form (RS256, ES256, ES384, ES512, EdDSA).
inspect tells what a token says and, with -c, whether a gateway of that configuration accepts it. - reads standard input.
hash prints the SHA-256 of a key, as auth.keys wants it.

      --id NAME        name of the key in logs and in the audit log
      --subject NAME   who the bearer of a JSON Web Token is
      --role ROLE      ${ROLES.join(', ')} (default viewer)
      --server ID      only this server is shown; may be repeated, as may the next two
      --swarm KEY      only this swarm, server/swarm
      --field NAME     only these fields beyond identity: ${SHOWABLE_FIELDS.join(', ')}
      --expires TIME   of a key, e.g. 2027-01-31T00:00:00Z
      --ttl SECONDS    of a JSON Web Token (default 3600)
      --audience A     of a JSON Web Token (default swarmcast)
  -c, --config FILE    configuration of the gateway
      --json           print JSON

Exit codes: 0 done, 1 inspect -c: not accepted, 2 bad flags.

  swarmcast token create --id ci --role operator
  swarmcast token create --id wall --swarm claude-flow/main --field name --field positions
`;

const FLAGS = {
  id: { type: 'string' },
  jwt: { type: 'boolean' },
  subject: { type: 'string' },
  'key-file': { type: 'string' },
  role: { type: 'string' },
  server: { type: 'string', multiple: true },
  swarm: { type: 'string', multiple: true },
  field: { type: 'string', multiple: true },
  expires: { type: 'string' },
  ttl: { type: 'string' },
  audience: { type: 'string' },
  config: { type: 'string', short: 'c', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>>['values'];

/** Exit code 1: the configuration's gateway would refuse the token. @throws {@link UsageError} for bad flags. */
export async function token(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: FLAGS, strict: true, allowPositionals: true });
  const [verb, given, ...rest] = positionals;
  if (values.help === true || verb === undefined) {
    io.stdout.write(HELP);
    return values.help === true ? EXIT.ok : EXIT.usage;
  }
  if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`);
  switch (verb) {
    case 'create':
      if (given !== undefined) throw new UsageError('create takes flags only; --id names the key');
      io.stdout.write(values.jwt === true ? `${await createJwt(values)}\n` : createKey(values));
      return EXIT.ok;
    case 'hash':
      io.stdout.write(`${hashApiKey(textOf(given, 'a key'))}\n`);
      return EXIT.ok;
    case 'inspect':
      return await inspect(textOf(given, 'a token'), values, io);
    default:
      throw new UsageError(`token ${verb}: must be create, inspect or hash`);
  }
}

function createKey(flags: Flags): string {
  const { id, expires } = flags;
  if (id === undefined) throw new UsageError('create needs --id NAME (or --jwt --subject NAME --key-file FILE)');
  if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
    throw new UsageError(`--expires ${expires}: must be a time such as 2027-01-31T00:00:00Z`);
  }
  const key = createApiKey();
  const expiry = expires === undefined ? {} : { expires_at: new Date(expires).toISOString() };
  const entry = { id, sha256: hashApiKey(key), role: roleOf(flags), ...limitsOf(flags), ...expiry };
  if (flags.json === true) return `${JSON.stringify({ key, entry })}\n`;
  return `key (shown only now): ${key}\n\nfor the configuration of the gateway:\n\n${yamlText({ auth: { keys: [entry] } })}`;
}

async function createJwt(flags: Flags): Promise<string> {
  const { subject, audience = 'swarmcast', ttl = '3600' } = flags;
  const file = flags['key-file'];
  if (subject === undefined || file === undefined)
    throw new UsageError('--jwt needs --subject NAME and --key-file FILE');
  const lifetimeS = Number(ttl);
  if (!Number.isInteger(lifetimeS) || lifetimeS < 1) throw new UsageError(`--ttl ${ttl}: must be a number of seconds`);
  const contents = { subject, role: roleOf(flags), limits: limitsOf(flags), audience, lifetimeS };
  try {
    return await signToken(contents, readFileSync(file, 'utf8').trim(), systemClock);
  } catch (cause) {
    throw new UsageError(`--key-file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function inspect(text: string, flags: Flags, io: CommandIo): Promise<number> {
  const contents = text.startsWith(API_KEY_PREFIX) ? { kind: 'API key', sha256: hashApiKey(text) } : decode(text);
  const verdict = flags.config === undefined ? undefined : await verdictOf(text, flags.config);
  const found = { ...contents, ...(verdict === undefined ? {} : { verdict }) };
  io.stdout.write(flags.json === true ? `${JSON.stringify(found)}\n` : yamlText(found));
  return verdict?.kind === 'refused' ? EXIT.failed : EXIT.ok;
}

async function verdictOf(text: string, files: readonly string[]) {
  const { config } = loadConfig({ files, flags: {} });
  return await (await createAuthenticator({ config, clock: systemClock })).verify(text);
}

/** What a token says of itself; nothing of it is verified. */
function decode(text: string): Record<string, unknown> {
  const [header, claims] = text.split('.');
  try {
    return { kind: 'JSON Web Token, signature not verified', header: readPart(header), claims: readPart(claims) };
  } catch (cause) {
    throw new UsageError('this is neither an API key nor a JSON Web Token', { cause });
  }
}

function readPart(part = ''): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

function roleOf({ role = 'viewer' }: Flags): Role {
  const found = ROLES.find((known) => known === role);
  if (found === undefined) throw new UsageError(`--role ${role}: must be one of ${ROLES.join(', ')}`);
  return found;
}

function limitsOf({ server, swarm, field }: Flags): Limits {
  const wrong = swarm?.find((key) => !/^[^/]+\/./.test(key));
  if (wrong !== undefined) throw new UsageError(`--swarm ${wrong}: must be server/swarm`);
  const fields = field?.map((name): ShowableField => {
    const found = SHOWABLE_FIELDS.find((known) => known === name);
    if (found === undefined) throw new UsageError(`--field ${name}: must be one of ${SHOWABLE_FIELDS.join(', ')}`);
    return found;
  });
  const limits = { servers: server, swarms: swarm, fields };
  return Object.fromEntries(Object.entries(limits).filter(([, list]) => list !== undefined));
}

function textOf(given: string | undefined, what: string): string {
  if (given === undefined) throw new UsageError(`give ${what}, or - for standard input`);
  return given === '-' ? readFileSync(0, 'utf8').trim() : given;
}
