/** The same agents as a table: sorted, filtered, virtual, and worked by keys alone. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { AgentRecord } from '../../client/client.ts';
import { useApp } from '../app-context.ts';
import { digits, displayText, percent, plural } from '../format.ts';
import { shapeOf } from '../graph/agent-look.ts';
import { shortId } from '../graph/graph-labels.ts';
import { ShapeIcon } from '../graph/legend.tsx';
import type { SortColumn } from '../view/url-state.ts';
import { agentName, selectRows } from './agent-rows.ts';
import { rowWindow, scrollToRow } from './virtual-window.ts';

const ROW_HEIGHT = 34;
const HEAD_HEIGHT = 36;

interface Column {
  id: SortColumn;
  title: string;
  numeric?: boolean;
  cell: (agent: AgentRecord) => JSX.Element | string | undefined;
}

const ABSENT = '–';

const COLUMNS: readonly Column[] = [
  { id: 'name', title: 'Agent', cell: (agent) => agentName(agent) },
  {
    id: 'type',
    title: 'Type',
    cell: ({ type }) =>
      type === undefined ? undefined : (
        <>
          <ShapeIcon shape={shapeOf(type)} /> {displayText(type)}
        </>
      ),
  },
  {
    id: 'status',
    title: 'Status',
    cell: ({ status, stale }) => (
      <span class={`status status-${status}`}>
        {status}
        {stale === true && <em> stale</em>}
      </span>
    ),
  },
  { id: 'server', title: 'Server', cell: ({ server_id }) => displayText(server_id) },
  { id: 'swarm', title: 'Swarm', cell: ({ key }) => shortId(swarmOfKey(key)) },
  { id: 'success', title: 'Success', numeric: true, cell: ({ performance: p }) => some(p?.success_rate, percent) },
  {
    id: 'response',
    title: 'Response',
    numeric: true,
    cell: ({ performance: p }) => some(p?.response_time_ms, (ms) => `${digits(ms)} ms`),
  },
  {
    id: 'throughput',
    title: 'Rate',
    numeric: true,
    cell: ({ performance: p }) => some(p?.throughput_tps, (tps) => `${digits(tps)} /s`),
  },
  { id: 'cpu', title: 'CPU', numeric: true, cell: ({ performance: p }) => some(p?.cpu_usage, percent) },
  {
    id: 'memory',
    title: 'Memory',
    numeric: true,
    cell: ({ performance: p }) => some(p?.memory_mb, (mb) => `${digits(mb)} MB`),
  },
  {
    id: 'task',
    title: 'Task',
    cell: ({ current_task }) => (current_task === undefined ? undefined : displayText(current_task)),
  },
];

function some(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}

/** The middle part of `server/swarm/agent`; parts are percent-encoded. */
function swarmOfKey(key: string): string {
  return (key.split('/')[1] ?? '').replaceAll('%2F', '/').replaceAll('%25', '%');
}

export function AgentTable(): JSX.Element {
  const app = useApp();
  const { session, store } = app;
  const host = useRef<HTMLDivElement>(null);
  const scroll = useSignal({ top: 0, height: 400 });
  const cursor = useSignal(0);
  const rows = useComputed(() => {
    void session.revision.value;
    const { query, sort } = store.view.value;
    return selectRows(session.client.state.agents, { query, swarm: app.isolated.value?.ref, sort });
  });
  const selectedKey = useComputed(() => store.view.value.selected);
  const { measure, goTo } = useScrolling({ host, scroll, cursor, rows, selectedKey });
  const list = rows.value;
  const { start, end } = rowWindow(scroll.value.top, scroll.value.height, ROW_HEIGHT, list.length);
  const active = list[cursor.value];
  return (
    <section class="table" aria-label="Table">
      <div
        ref={host}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={`Agents: ${plural(list.length, 'row')}`}
        aria-rowcount={list.length + 1}
        aria-colcount={COLUMNS.length}
        aria-activedescendant={
          active !== undefined && cursor.value >= start && cursor.value < end ? rowId(active) : undefined
        }
        data-rows={list.length}
        onScroll={measure}
        onKeyDown={(event) => {
          if (
            onKey(event, app, {
              rows: list,
              cursor: cursor.value,
              page: Math.floor(scroll.value.height / ROW_HEIGHT),
              goTo,
            })
          ) {
            event.preventDefault();
          }
        }}
      >
        <HeadRow />
        <div class="grid-body" role="rowgroup" style={{ height: `${list.length * ROW_HEIGHT}px` }}>
          {list.slice(start, end).map((agent, i) => (
            <Row
              key={agent.ref}
              agent={agent}
              index={start + i}
              isActive={start + i === cursor.value}
              isSelected={agent.key === selectedKey.value}
              onPress={() => {
                cursor.value = start + i;
                app.select(agent);
              }}
            />
          ))}
        </div>
        {list.length === 0 && <p class="grid-empty">No agent matches.</p>}
      </div>
    </section>
  );
}

interface Scrolling {
  host: RefObject<HTMLDivElement | null>;
  scroll: Signal<{ top: number; height: number }>;
  cursor: Signal<number>;
  rows: ReadonlySignal<readonly AgentRecord[]>;
  selectedKey: ReadonlySignal<string | undefined>;
}

function useScrolling({ host, scroll, cursor, rows, selectedKey }: Scrolling) {
  const measure = (): void => {
    const element = host.current;
    if (element !== null) scroll.value = { top: element.scrollTop, height: element.clientHeight - HEAD_HEIGHT };
  };
  const goTo = (row: number): void => {
    cursor.value = Math.max(0, Math.min(rows.value.length - 1, row));
    const { top, height } = scroll.value;
    host.current?.scrollTo({ top: scrollToRow(cursor.value, top, height, ROW_HEIGHT) });
  };
  useEffect(() => {
    if (host.current === null) return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(host.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  // A selection made elsewhere comes into sight, once.
  useSignalEffect(() => {
    const key = selectedKey.value;
    const row = key === undefined ? -1 : rows.peek().findIndex((agent) => agent.key === key);
    if (row >= 0 && row !== cursor.peek()) goTo(row);
  });
  return { measure, goTo };
}

function HeadRow(): JSX.Element {
  const { store } = useApp();
  const { sort } = store.view.value;
  return (
    <div role="rowgroup" class="grid-head">
      <div role="row" class="grid-row" aria-rowindex={1}>
        {COLUMNS.map(({ id, title, numeric }) => {
          const isSorted = sort.column === id;
          return (
            <div
              key={id}
              role="columnheader"
              class={`cell cell-${id}${numeric === true ? ' cell-number' : ''}`}
              aria-sort={isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
            >
              <button
                type="button"
                onClick={() => {
                  store.patch({ sort: { column: id, descending: isSorted && !sort.descending } });
                }}
              >
                {title}
                <span aria-hidden="true">{isSorted ? (sort.descending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Row(props: {
  agent: AgentRecord;
  index: number;
  isActive: boolean;
  isSelected: boolean;
  onPress: () => void;
}): JSX.Element {
  const { agent, index, isActive, isSelected, onPress } = props;
  return (
    <div
      id={rowId(agent)}
      role="row"
      class="grid-row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-active={isActive}
      data-stale={agent.stale === true}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onClick={onPress}
    >
      {COLUMNS.map(({ id, numeric, cell }) => (
        <div key={id} role="gridcell" class={`cell cell-${id}${numeric === true ? ' cell-number' : ''}`}>
          <bdi>{cell(agent) ?? <span class="absent">{ABSENT}</span>}</bdi>
        </div>
      ))}
    </div>
  );
}

function rowId({ ref }: AgentRecord): string {
  return `agent-${ref}`;
}

function onKey(
  event: KeyboardEvent,
  app: ReturnType<typeof useApp>,
  at: { rows: readonly AgentRecord[]; cursor: number; page: number; goTo: (row: number) => void },
): boolean {
  // Keys on a header's button belong to the button.
  if (event.target !== event.currentTarget) return false;
  const to: Readonly<Record<string, number>> = {
    ArrowDown: at.cursor + 1,
    ArrowUp: at.cursor - 1,
    PageDown: at.cursor + at.page,
    PageUp: at.cursor - at.page,
    Home: 0,
    End: at.rows.length - 1,
  };
  const row = Object.hasOwn(to, event.key) ? to[event.key] : undefined;
  if (row !== undefined) at.goTo(row);
  else if (event.key === 'Enter' || event.key === ' ') app.select(at.rows[at.cursor]);
  else return false;
  return true;
}
