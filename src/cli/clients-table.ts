/** What `swarmcast clients` prints for people. */
import type { ClientInfo } from '../feed/feed.ts';
import type { CostReport } from '../http/client-costs.ts';
import { cleanText } from '../model/text.ts';

/** The answer of `GET /api/clients`. */
export interface ClientsBody {
  total: number;
  edges: { edge_id: number; total: number }[];
  cap: string | null;
  clients: (ClientInfo & { edge_id: number })[];
  next: string | null;
}

/** The answer of `GET /api/clients/cost`. */
export type CostBody = CostReport;

const HEAD = ['ID', 'EDGE', 'MODE', 'HZ', 'BYTES/S', 'BUFFERED', 'AGE', 'SKIPS', 'VIEW'];

export function clientLines(body: ClientsBody): string[] {
  const cap = body.cap === null ? 'no cap' : `capped at ${body.cap}`;
  const shown = body.clients.length < body.total ? ` (${body.clients.length} shown)` : '';
  const rows = body.clients.map((client) => [
    client.id,
    String(client.edge_id),
    modeText(client),
    client.effective_rate_hz === null ? '–' : String(client.effective_rate_hz),
    bytes(client.bytes_per_second),
    bytes(client.buffered_bytes),
    age(client.age_ms),
    String(client.skips),
    client.view ?? '–',
  ]);
  return [`${body.total} clients${shown} on ${body.edges.length} edges · ${cap}`, ...table([HEAD, ...rows])];
}

export function costLines(body: CostBody): string[] {
  const tick =
    body.per_tick === null
      ? 'no tick in this time'
      : `a tick: ${body.per_tick.frames.toFixed(1)} frames, ${bytes(body.per_tick.bytes)}, ${body.per_tick.us.toFixed(0)} µs`;
  const rows = body.costs.map((line) => [
    line.mode,
    line.view,
    line.turns_per_second.toFixed(0),
    line.frames_per_second.toFixed(0),
    bytes(line.frame_bytes_per_second),
    line.messages_per_second.toFixed(0),
    bytes(line.message_bytes_per_second),
    line.us_per_turn === null ? '–' : line.us_per_turn.toFixed(1),
  ]);
  const clients = Object.entries(body.clients_by_mode).map(([mode, count]) => `${mode} ${count}`);
  return [
    `${clients.join(', ')} · ${(body.turn_share * 100).toFixed(1)} % of a core on ${body.edges} edges · ${tick}`,
    ...table([['MODE', 'VIEW', 'TURNS/S', 'FRAMES/S', 'BYTES/S', 'MESSAGES/S', 'BYTES/S', 'µS/TURN'], ...rows]),
  ];
}

function modeText(client: ClientInfo): string {
  if (client.mode === null) return client.phase;
  const slowed = client.wanted_mode === client.mode ? '' : ` (wants ${client.wanted_mode ?? 'nothing'})`;
  return `${client.mode}${slowed}${client.behind ? ' behind' : ''}`;
}

function bytes(count: number): string {
  if (count < 1_000) return `${Math.round(count)} B`;
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

function age(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

/** Columns as wide as their widest cell. Filter values are a client's own text: they are cleaned. */
function table(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map((cell) => cleanText(cell)));
  const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)));
  return clean.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
