/** Everybody who is connected, with mode, rate, buffers and cost; each can be set to another mode. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../../app-context.ts';
import { byteCount, displayText, duration, plural } from '../../format.ts';
import type { ClientLine } from '../../session/operator-api.ts';
import { MODE_TEXT, MODES } from '../mode-text.ts';

const SORTS = {
  arrival: { text: 'first come', compare: undefined },
  cost: { text: 'most bytes', compare: (a, b) => b.bytes_per_second - a.bytes_per_second },
  buffers: { text: 'most waiting', compare: (a, b) => b.buffered_bytes - a.buffered_bytes },
} as const satisfies Record<string, { text: string; compare: ((a: ClientLine, b: ClientLine) => number) | undefined }>;
type Sort = keyof typeof SORTS;

export function ClientList(): JSX.Element {
  const { operator } = useApp();
  const sort = useSignal<Sort>('arrival');
  const page = operator.clients.value;
  if (page === undefined) return <p class="quiet">Asking the gateway…</p>;
  const { compare } = SORTS[sort.value];
  const clients = compare === undefined ? page.clients : page.clients.toSorted(compare);
  return (
    <section aria-label="Clients">
      <div class="operator-head">
        <h2>{plural(page.total, 'client')}</h2>
        <label>
          <span class="visually-hidden">Order of clients</span>
          <select
            value={sort.value}
            onChange={(event) => {
              sort.value = event.currentTarget.value as Sort;
            }}
          >
            {Object.entries(SORTS).map(([name, { text }]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ul class="clients">
        {clients.map((client) => (
          <Client key={client.id} client={client} />
        ))}
      </ul>
      <Pages next={page.next} shown={clients.length} total={page.total} />
    </section>
  );
}

function Client({ client }: { client: ClientLine }): JSX.Element {
  const { session } = useApp();
  const isHere = session.client.welcome?.client_id === client.id;
  const { mode, wanted_mode: wanted } = client;
  const facts = [
    `${byteCount(client.bytes_per_second)}/s`,
    `${byteCount(client.buffered_bytes)} waiting`,
    `for ${duration(client.age_ms)}`,
  ];
  return (
    <li class="client" data-client={client.id} data-mode={mode ?? undefined}>
      <div class="client-head">
        <code title={displayText(client.id)}>{displayText(client.id).slice(0, 8)}</code>
        {isHere && <span class="badge badge-here">THIS PAGE</span>}
        {client.behind && <span class="badge badge-behind">BEHIND</span>}
        <ModeChoice client={client} />
      </div>
      <p class="quiet">{facts.join(' · ')}</p>
      {mode !== null && wanted !== null && mode !== wanted && (
        <p class="client-held">
          served at {MODE_TEXT[mode]}; chosen: {MODE_TEXT[wanted]}
        </p>
      )}
      {client.view !== null && (
        <p class="quiet ellipsis" title={displayText(client.view)}>
          {displayText(client.view)}
        </p>
      )}
    </li>
  );
}

function ModeChoice({ client }: { client: ClientLine }): JSX.Element {
  const { operator } = useApp();
  const { id, mode, phase } = client;
  if (mode === null) return <span class="quiet client-mode">{phase}</span>;
  const name = displayText(id).slice(0, 8);
  return (
    <select
      class="client-mode"
      aria-label={`Mode of client ${name}`}
      value={mode}
      onChange={(event) => {
        const wanted = MODES.find((each) => each === event.currentTarget.value);
        if (wanted === undefined) return;
        operator
          .change(
            (api) => api.setMode(id, wanted),
            (served) =>
              served === wanted
                ? `Client ${name} is served at ${MODE_TEXT[served]}.`
                : `Client ${name} is held to ${MODE_TEXT[served]} by the cap.`,
          )
          .catch(reportError);
      }}
    >
      {MODES.map((each) => (
        <option key={each} value={each}>
          {MODE_TEXT[each]}
        </option>
      ))}
    </select>
  );
}

function Pages({ next, shown, total }: { next: string | null; shown: number; total: number }): JSX.Element | null {
  const { operator } = useApp();
  const isFirst = operator.after.value === undefined;
  if (isFirst && (next === null || shown >= total)) return null;
  const turn = (after: string | undefined) => () => {
    operator.turnTo(after).catch(reportError);
  };
  return (
    <div class="row">
      <button type="button" disabled={isFirst} onClick={turn(undefined)}>
        First
      </button>
      <button type="button" disabled={next === null} onClick={turn(next ?? undefined)}>
        Next
      </button>
    </div>
  );
}
