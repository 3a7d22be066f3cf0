/**
 * Where swarms stand in the picture: those of a server together, servers side by side. The gateway places swarms on a
 * wide grid in order of arrival; moving each as a whole changes nothing within it. A place changes only when swarms come
 * or go or one outgrows its room, so that an agent that joins moves nobody else. Pure.
 */
export interface SwarmRoom {
  ref: number;
  server: string;
  /** World units around the swarm's middle that are to be its own. */
  room: number;
}

interface ServerArea {
  server: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Arrangement {
  /** Middle of each swarm, and the room that it was given. */
  swarms: ReadonlyMap<number, { x: number; y: number; room: number }>;
  areas: readonly ServerArea[];
}

/** Rooms grow in steps of a quarter, from this radius. */
const MIN_ROOM = 40;
const ROOM_STEP = 1.25;
/** A swarm that needs less than this share of its room gets a smaller one. */
const MIN_USE = 0.35;
/** Free space between swarms, and between servers, as shares of a typical room; labels need more above than beside. */
const SWARM_GAP: Gap = { x: 0.35, y: 0.5 };
const SERVER_GAP: Gap = { x: 0.8, y: 1.15 };
/** Between servers at least this share of the picture's height: a name has its size in pixels, however many swarms there are. */
const NAME_SHARE = 0.13;
/** Space that an arrangement takes beside the rooms themselves, about. */
const SLACK = 1.8;

/**
 * The room of a swarm that needs `radius`: the one that it `has`, unless that is too small or far too large; else the smallest
 * step with some space to grow. So that swarms that breathe come to rest.
 */
export function roomFor(radius: number, has = 0): number {
  if (radius <= has && radius >= has * MIN_USE) return has;
  let room = MIN_ROOM;
  while (room < radius * 1.08) room *= ROOM_STEP;
  return room;
}

/** Proportions that servers' areas are tried with; the arrangement that fills the picture best is taken. */
const INNER_ASPECTS = [0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.4];

interface Gap {
  x: number;
  y: number;
}

interface Block<T> {
  item: T;
  width: number;
  height: number;
}

interface Placed<T> extends Block<T> {
  x: number;
  y: number;
  rowHeight: number;
}

/** Arranges the swarms for a picture of the given width / height. The same input gives the same arrangement. */
export function arrange(rooms: readonly SwarmRoom[], aspect: number): Arrangement {
  const byServer = new Map<string, SwarmRoom[]>();
  for (const room of rooms) {
    const list = byServer.get(room.server);
    if (list === undefined) byServer.set(room.server, [room]);
    else list.push(room);
  }
  const typical = rooms.reduce((sum, { room }) => sum + room, 0) / Math.max(1, rooms.length);
  const servers = [...byServer].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const outer = INNER_ASPECTS.map((inner) => arrangeServers(servers, aspect, inner, typical)).reduce((best, tried) =>
    miss(tried, aspect) < miss(best, aspect) ? tried : best,
  );
  const swarms = new Map<number, { x: number; y: number; room: number }>();
  const areas: ServerArea[] = [];
  for (const block of outer.placed) {
    const left = block.x - outer.width / 2;
    const top = outer.height / 2 - block.y;
    areas.push({ server: block.item.server, x: left, y: top, width: block.width, height: block.height });
    for (const cell of block.item.inner.placed) {
      const room = cell.width / 2;
      // In the middle of its row's height.
      swarms.set(cell.item.ref, { x: left + cell.x + room, y: top - cell.y - cell.rowHeight / 2, room });
    }
  }
  return { swarms, areas };
}

function arrangeServers(servers: [string, SwarmRoom[]][], aspect: number, innerAspect: number, typical: number) {
  const blocks = servers.map(([server, list]) => {
    const cells = list
      .toSorted((a, b) => a.ref - b.ref)
      .map((swarm) => ({ item: swarm, width: 2 * swarm.room, height: 2 * swarm.room }));
    const inner = shelves(cells, innerAspect, times(SWARM_GAP, typical));
    return { item: { server, inner }, width: inner.width, height: inner.height };
  });
  const area = servers.flatMap(([, list]) => list).reduce((sum, { room }) => sum + (2 * room) ** 2, 0);
  const gap = times(SERVER_GAP, typical);
  return shelves(blocks, aspect, { x: gap.x, y: Math.max(gap.y, NAME_SHARE * Math.sqrt((area * SLACK) / aspect)) });
}

function times({ x, y }: Gap, factor: number): Gap {
  return { x: x * factor, y: y * factor };
}

/** Rows of blocks, as many as come nearest to the aspect. y counts downwards. */
function shelves<T>(
  blocks: readonly Block<T>[],
  aspect: number,
  gap: Gap,
): { placed: Placed<T>[]; width: number; height: number } {
  let best = inRows(blocks, Infinity, gap);
  let bestMiss = miss(best, aspect);
  const widest = Math.max(0, ...blocks.map(({ width }) => width));
  for (let rows = 2; rows <= Math.min(blocks.length, 64); rows++) {
    const tried = inRows(blocks, Math.max(widest, (totalWidth(blocks, gap) / rows) * 1.02), gap);
    const triedMiss = miss(tried, aspect);
    if (triedMiss < bestMiss) [best, bestMiss] = [tried, triedMiss];
  }
  return best;
}

function totalWidth(blocks: readonly Block<unknown>[], gap: Gap): number {
  return blocks.reduce((sum, { width }) => sum + width + gap.x, 0);
}

/** How much the picture has to shrink for it: the larger of the two sides, in the picture's proportions. */
function miss({ width, height }: { width: number; height: number }, aspect: number): number {
  return Math.max(width / aspect, height);
}

function inRows<T>(blocks: readonly Block<T>[], maxWidth: number, gap: Gap) {
  const placed: Placed<T>[] = [];
  let row: Placed<T>[] = [];
  let [x, y, width] = [0, 0, 0];
  const endRow = (): number => {
    const rowHeight = Math.max(0, ...row.map(({ height }) => height));
    for (const block of row) block.rowHeight = rowHeight;
    row = [];
    return rowHeight;
  };
  for (const block of blocks) {
    if (x > 0 && x + block.width > maxWidth) {
      y += endRow() + gap.y;
      x = 0;
    }
    const there = { ...block, x, y, rowHeight: 0 };
    placed.push(there);
    row.push(there);
    x += block.width + gap.x;
    width = Math.max(width, x - gap.x);
  }
  return { placed, width, height: y + endRow() };
}
