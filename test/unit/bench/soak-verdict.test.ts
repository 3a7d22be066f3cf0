import { expect, test } from 'vitest';

/** A plain module without types of its own. */
interface Verdict {
  judge: (seen: Seen) => { what: string; fine: boolean }[];
}
interface Look {
  at_s: number;
  rss_mb: number;
  threads: number;
  descriptors: number;
  census: {
    thread: number;
    heap_mb: number;
    resources: Record<string, number>;
    objects: Record<string, number>;
  }[];
}
interface Seen {
  looks: Look[];
  full: { kept: Record<string, number>; isFull: boolean };
  state: { clients: number; servers: number; healthy: number };
  done: { faults: number; found: number; clients: number; messages: number };
  servers: number;
}

const folder = '../../../bench/soak';
const { judge } = (await import(`${folder}/verdict.mjs`)) as Verdict;

test('a gateway that wavers is fine', () => {
  expect(failuresOf(soak((look, part) => (look.rss_mb += part % 2)))).toEqual([]);
});

test.each<[what: string, change: (look: Look, part: number) => void]>([
  [
    'main thread: alive',
    (look, part) => {
      main(look).heap_mb += part * 0.3;
    },
  ],
  [
    'process',
    (look, part) => {
      look.rss_mb += part * 5;
    },
  ],
  [
    'threads',
    (look, part) => {
      look.threads += Math.floor(part / 6);
    },
  ],
  [
    'open files',
    (look, part) => {
      look.descriptors += part;
    },
  ],
  [
    'main thread: timers',
    (look, part) => {
      main(look).resources['Timeout'] = 1 + part;
    },
  ],
  [
    'main thread: emitters',
    (look, part) => {
      main(look).objects['emitters'] = 60 + 20 * part;
    },
  ],
])('%s that grows from look to look is told, and nothing else', (what, change) => {
  expect(failuresOf(soak(change))).toEqual([expect.stringContaining(what)]);
});

test('one odd look is no growth', () => {
  const odd = soak((look, part) => {
    if (part === 5) main(look).heap_mb += 20;
  });
  expect(failuresOf(odd)).toEqual([]);
});

test('stores that are not full yet, a thread that came, and a soak without churn are no proof', () => {
  const seen = soak(() => undefined);
  seen.full.isFull = false;
  seen.done.clients = 10;
  seen.looks.at(-1)?.census.push({ thread: 7, heap_mb: 1, resources: {}, objects: {} });
  expect(failuresOf(seen)).toEqual([
    expect.stringContaining('was full'),
    expect.stringContaining('thread 7'),
    expect.stringContaining('it was churn'),
  ]);
});

test('clients that stayed and servers that stayed ill are told', () => {
  const seen = soak(() => undefined);
  seen.state = { clients: 1, servers: 6, healthy: 5 };
  expect(failuresOf(seen)).toEqual(['clients at the end 1, servers 6, healthy 5 of 6']);
});

function failuresOf(seen: Seen): string[] {
  return judge(seen).flatMap(({ what, fine }) => (fine ? [] : [what]));
}

/** Seven looks, half a minute apart. */
function soak(change: (look: Look, part: number) => void): Seen {
  const looks = Array.from({ length: 7 }, (_, part) => {
    const thread = { thread: 0, heap_mb: 20, resources: { Timeout: 1 }, objects: { emitters: 60, promises: 500 } };
    const look: Look = { at_s: part * 30, rss_mb: 180, threads: 13, descriptors: 37, census: [thread] };
    change(look, part);
    return look;
  });
  return {
    looks,
    full: { kept: { 'removed entities': 1_000 }, isFull: true },
    state: { clients: 0, servers: 6, healthy: 6 },
    done: { faults: 500, found: 100, clients: 5_000, messages: 10_000 },
    servers: 6,
  };
}

function main(look: Look): Look['census'][number] {
  const [thread] = look.census;
  if (thread === undefined) throw new Error('a look has the main thread');
  return thread;
}
