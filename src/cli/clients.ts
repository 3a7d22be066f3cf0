/** `swarmcast clients`: an operator's look at who is connected, and the brake. */
import { parseArgs } from 'node:util';
import { MODES, modeSchema, type Mode } from '../protocol/modes.ts';
import {
  askGateway,
  baseUrl,
  configuredKey,
  DEFAULT_URL,
  escapeControls,
  RefusedError,
  type Target,
} from './ask-gateway.ts';
import { clientLines, costLines, type ClientsBody, type CostBody } from './clients-table.ts';
import { EXIT, UsageError, type CommandIo } from './command.ts';

const HELP = `swarmcast clients — who is connected, in which mode, at what cost; slow them down

Usage: swarmcast clients [list] [options]     all clients, those that came first at the top
       swarmcast clients set ID MODE          one client's mode; its own next choice replaces it
       swarmcast clients cap MODE             nobody faster than MODE, newcomers neither
       swarmcast clients uncap                everybody as they asked
       swarmcast clients cost                 frames, bytes and time per mode, measured over a second

  MODE                 high_frequency (60 Hz), normal (10 Hz), low_frequency (1 Hz); set: on_demand too
      --url URL        of the gateway (default http://127.0.0.1:8080)
      --key KEY        an operator's key or token; default: SWARMCAST_TOKEN, else server.operator_key (environment
                       SWARMCAST_OPERATOR_KEY). A gateway on loopback without one prints the key of its run when it starts
      --limit N        list: clients at most (default 1000)
      --json           print JSON

Changes hold within one tick, and each client is told why (mode_changed: operator or server_limit).
Exit codes: 0 done, 1 no gateway or refused, 2 bad flags.
`;

const DEFAULT_LIMIT = 1_000;
const PAGE = 500;

const FLAGS = {
  url: { type: 'string' },
  key: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} for bad flags. */
export async function clients(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: FLAGS, allowPositionals: true });
  if (values.help === true) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  const run = chooseAction(positionals, listLimit(values.limit));
  const gateway = { url: baseUrl(values.url ?? DEFAULT_URL), key: values.key ?? configuredKey(), signal: io.signal };
  try {
    const { body, lines } = await run(gateway);
    io.stdout.write(values.json === true ? `${escapeControls(JSON.stringify(body))}\n` : `${lines().join('\n')}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    io.stderr.write(`swarmcast clients: ${error.message}\n`);
    return EXIT.failed;
  }
}

/** What was answered, and how a person reads it. */
interface Outcome {
  body: unknown;
  lines: () => string[];
}
type Action = (target: Target) => Promise<Outcome>;

interface ModeBody {
  id: string;
  mode: string;
  effective_rate_hz: number;
  capped: boolean;
}

function chooseAction(words: readonly string[], limit: number): Action {
  const [verb = 'list', ...rest] = words;
  const expect = (count: number, usage: string): void => {
    if (rest.length !== count) throw new UsageError(`usage: swarmcast clients ${usage}`);
  };
  switch (verb) {
    case 'list':
      expect(0, 'list');
      return (target) => list(target, limit);
    case 'set': {
      expect(2, 'set ID MODE');
      const [id = '', text = ''] = rest;
      return (target) => setMode(target, id, toMode(text, MODES));
    }
    case 'cap': {
      expect(1, 'cap MODE');
      const mode = toMode(rest[0] ?? '', ['high_frequency', 'normal', 'low_frequency']);
      return (target) => setCap(target, mode);
    }
    case 'uncap':
      expect(0, 'uncap');
      return liftCap;
    case 'cost':
      expect(0, 'cost');
      return cost;
    default:
      throw new UsageError(`there is no "clients ${verb}"; allowed: list, set, cap, uncap, cost`);
  }
}

async function list(target: Target, limit: number): Promise<Outcome> {
  const all: ClientsBody = { total: 0, edges: [], cap: null, clients: [], next: null };
  do {
    const size = Math.min(PAGE, limit - all.clients.length);
    const after = all.next === null ? '' : `&after=${all.next}`;
    const page = (await call(target, 'GET', `?limit=${size}${after}`)) as ClientsBody;
    Object.assign(all, page, { clients: [...all.clients, ...page.clients] });
  } while (all.next !== null && all.clients.length < limit);
  return { body: all, lines: () => clientLines(all) };
}

async function setMode(target: Target, id: string, mode: Mode): Promise<Outcome> {
  const body = (await call(target, 'POST', `/${encodeURIComponent(id)}/mode`, { mode })) as ModeBody;
  const why = body.capped ? ` (asked: ${mode}; a cap holds)` : '';
  return { body, lines: () => [`${body.id} is served in ${body.mode}, ${body.effective_rate_hz} Hz${why}`] };
}

async function setCap(target: Target, mode: Mode): Promise<Outcome> {
  const body = (await call(target, 'PUT', '/cap', { mode })) as { changed: number; effective_rate_hz: number };
  return {
    body,
    lines: () => [`nobody is served above ${body.effective_rate_hz} Hz; ${body.changed} clients were slowed down`],
  };
}

async function liftCap(target: Target): Promise<Outcome> {
  const body = (await call(target, 'DELETE', '/cap')) as { changed: number };
  return { body, lines: () => [`no cap holds; ${body.changed} clients are served in another mode`] };
}

async function cost(target: Target): Promise<Outcome> {
  const body = (await call(target, 'GET', '/cost')) as CostBody;
  return { body, lines: () => costLines(body) };
}

/** @throws {@link RefusedError} when nothing answers, or it says no. */
async function call(target: Target, method: string, path: string, body?: object): Promise<unknown> {
  if (target.key === undefined) {
    throw new RefusedError(
      'no operator key: give --key, or set SWARMCAST_OPERATOR_KEY; the gateway prints one at start',
    );
  }
  return askGateway(target, method, `/api/clients${path}`, body);
}

function listLimit(text: string | undefined): number {
  const limit = Number(text ?? DEFAULT_LIMIT);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000) return limit;
  throw new UsageError(`--limit ${text}: must be a whole number from 1 to 1000000`);
}

function toMode<M extends Mode>(text: string, allowed: readonly M[]): M {
  const parsed = modeSchema.safeParse(text);
  const mode = allowed.find((one) => parsed.success && one === parsed.data);
  if (mode === undefined) throw new UsageError(`mode ${text}: must be one of ${allowed.join(', ')}`);
  return mode;
}
