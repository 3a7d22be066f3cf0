/** All clients of one driver process. Bounded by what it was ordered to open. */
import { waitedSeconds } from './waited.ts';
import { GroupCounts } from './group-counts.ts';
import { LoadClient, wallClockMs, type Target } from './load-client.ts';
import type {
  GroupOrder,
  GroupReport,
  OpenOrder,
  OpenReport,
  Orders,
  ProcessReport,
  ReconnectReport,
} from './orders.ts';

/** Each client acknowledges this often, at 1 Hz every fifth time, as the SDK does; the work is spread over slices of that time. */
const ACK_PERIOD_MS = 500;
const ACK_SLICES = 50;
const SLOW_ACK_PERIODS = 5;
/** Of those who are read in turns, a part is read this often. */
const READ_SLICE_MS = 10;
/** A rate is told of clients whose first and last frame are at least this share of the window apart. */
const MIN_SPAN = 0.25;
/** Reasons of failures that are kept. */
const MAX_REASONS = 3;

interface Group {
  order: GroupOrder;
  counts: GroupCounts;
  clients: LoadClient[];
}

export class Fleet {
  readonly #groups = new Map<string, Group>();
  #begunMs = wallClockMs();
  #cpu = process.cpuUsage();
  #waited = waitedSeconds();
  #acks: NodeJS.Timeout | undefined;
  #ackSlice = 0;
  #reads: NodeJS.Timeout[] = [];

  async open(order: OpenOrder): Promise<OpenReport> {
    const clients: LoadClient[] = [];
    for (const group of order.groups) {
      const counts = new GroupCounts(group.hz, group.eventPrefix);
      const own = Array.from({ length: group.count }, (_, i) => new LoadClient(group, counts, i));
      this.#groups.set(group.name, { order: group, counts, clients: own });
      for (const client of own) clients.push(client);
      if (group.readEveryMs !== undefined) this.#readInTurns(group.readEveryMs, own);
    }
    this.#acks ??= setInterval(() => this.#ackSome(), ACK_PERIOD_MS / ACK_SLICES);
    return connectAll(clients, order, (client, target) => client.connect(target));
  }

  begin(): void {
    this.#begunMs = wallClockMs();
    this.#cpu = process.cpuUsage();
    this.#waited = waitedSeconds();
    for (const { counts, clients } of this.#groups.values()) {
      counts.beginWindow();
      for (const client of clients) client.beginWindow();
    }
  }

  report(): ProcessReport {
    const cpu = process.cpuUsage(this.#cpu);
    const seconds = (wallClockMs() - this.#begunMs) / 1_000;
    return {
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      waitedSeconds: waitedSeconds() - this.#waited,
      seconds,
      groups: [...this.#groups.values()].map((group) => reportOf(group, seconds)),
    };
  }

  stall(group: string, share: number): number {
    return this.#forEach(group, share, (client) => client.stall());
  }

  release(group: string, share: number): number {
    return this.#forEach(group, share, (client) => client.release());
  }

  say(group: string, share: number, message: Record<string, unknown>): number {
    let id = 0;
    return this.#forEach(group, share, (client) => client.say({ ...message, id: ++id }));
  }

  drop(group: string): number {
    return this.#forEach(group, 1, (client) => client.drop());
  }

  frames(group: string): Buffer[] {
    return this.#group(group).clients.flatMap((client) => (client.frame === undefined ? [] : [client.frame]));
  }

  async reconnect(order: Orders['reconnect']['input']): Promise<ReconnectReport> {
    const { clients } = this.#group(order.group);
    for (const client of clients) client.drop();
    const begunMs = wallClockMs();
    let converged = 0;
    let convergedMs = begunMs;
    const heard: Promise<void>[] = [];
    const opened = await connectAll(clients, order, async (client, target) => {
      heard.push(
        client.nextCursor().then(() => {
          converged++;
          convergedMs = wallClockMs();
          return undefined;
        }),
      );
      await client.connect(target, order.resume);
    });
    await within(Promise.all(heard), Math.max(0, order.deadlineMs - (wallClockMs() - begunMs)));
    return {
      ...opened,
      converged,
      convergedSeconds: (convergedMs - begunMs) / 1_000,
      resumed: clients.filter((client) => client.resumed).length,
      bytes: clients.reduce((sum, client) => sum + client.bytes, 0),
    };
  }

  close(): void {
    clearInterval(this.#acks);
    this.#acks = undefined;
    for (const timer of this.#reads) clearInterval(timer);
    this.#reads = [];
    for (const { clients } of this.#groups.values()) for (const client of clients) client.drop();
    this.#groups.clear();
  }

  #readInTurns(everyMs: number, clients: readonly LoadClient[]): void {
    const slices = Math.max(1, Math.round(everyMs / READ_SLICE_MS));
    let slice = 0;
    const read = (): void => {
      slice = (slice + 1) % slices;
      for (let i = slice; i < clients.length; i += slices) clients[i]?.readOnce();
    };
    this.#reads.push(setInterval(read, READ_SLICE_MS));
  }

  #forEach(name: string, share: number, act: (client: LoadClient) => void): number {
    const { clients } = this.#group(name);
    const chosen = clients.slice(0, Math.round(clients.length * share));
    for (const client of chosen) act(client);
    return chosen.length;
  }

  #group(name: string): Group {
    const group = this.#groups.get(name);
    if (group === undefined) throw new Error(`no group named ${name}`);
    return group;
  }

  #ackSome(): void {
    this.#ackSlice = (this.#ackSlice + 1) % (ACK_SLICES * SLOW_ACK_PERIODS);
    for (const { order, clients } of this.#groups.values()) {
      if (!order.acks) continue;
      const slices = order.hz <= 1 ? ACK_SLICES * SLOW_ACK_PERIODS : ACK_SLICES;
      for (let i = this.#ackSlice % slices; i < clients.length; i += slices) clients[i]?.ack();
    }
  }
}

type Limits = Pick<OpenOrder, 'port' | 'inFlight' | 'sourceAddresses' | 'deadlineMs'>;

async function connectAll(
  clients: readonly LoadClient[],
  limits: Limits,
  connect: (client: LoadClient, target: Target) => Promise<void>,
): Promise<OpenReport> {
  const begunMs = wallClockMs();
  const untilMs = begunMs + limits.deadlineMs;
  const why: string[] = [];
  let next = 0;
  let opened = 0;
  let failed = 0;
  const worker = async (): Promise<void> => {
    while (next < clients.length && wallClockMs() < untilMs) {
      const index = next++;
      const client = clients[index];
      if (client === undefined) return;
      try {
        await connect(client, { port: limits.port, localAddress: sourceAddress(index, limits.sourceAddresses) });
        opened++;
      } catch (error) {
        failed++;
        if (why.length < MAX_REASONS) why.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: limits.inFlight }, worker));
  if (next < clients.length) why.push(`${clients.length - next} were not tried within ${limits.deadlineMs} ms`);
  return { opened, failed: clients.length - opened, why, seconds: (wallClockMs() - begunMs) / 1_000 };
}

function sourceAddress(index: number, addresses: number): string | undefined {
  return addresses === 0 ? undefined : `127.0.1.${1 + (index % addresses)}`;
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

function reportOf({ order, counts, clients }: Group, seconds: number): GroupReport {
  const rates: number[] = [];
  let open = 0;
  let mute = 0;
  for (const client of clients) {
    if (client.isOpen) open++;
    const spanMs = client.lastMs - client.firstMs;
    if (client.frames < 2 || spanMs < seconds * 1_000 * MIN_SPAN) mute++;
    else rates.push(((client.frames - 1) * 1_000) / spanMs);
  }
  rates.sort((a, b) => a - b);
  return {
    name: order.name,
    clients: open,
    closed: counts.closed,
    closeCodes: { ...counts.closeCodes },
    seconds,
    frames: counts.frames,
    frameBytes: counts.frameBytes,
    messages: counts.messages,
    messageBytes: counts.messageBytes,
    messageTypes: counts.messageTypes,
    gaps: counts.gaps,
    mute,
    rate: {
      mean: rates.length === 0 ? 0 : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
      median: rates[rates.length >> 1] ?? 0,
      min: rates[0] ?? 0,
      p05: rates[Math.floor(rates.length * 0.05)] ?? 0,
      max: rates.at(-1) ?? 0,
    },
    latency: counts.latencies.summary(),
    events: counts.events.summary(),
    hashes: { ...counts.hashes },
    modeChanges: counts.modeChanges,
    errors: counts.errors,
  };
}
