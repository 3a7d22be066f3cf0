/** The last minutes: how much happened, and what. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import { clockTime } from '../format.ts';
import type { EventKind, FeedEvent } from '../session/event-feed.ts';
import { EVENT_KINDS } from '../session/event-feed.ts';
import { Chart, chartSeconds } from './activity-chart.tsx';

const KIND_TEXT: Readonly<Record<EventKind, string>> = {
  joined: 'Joined',
  left: 'Left',
  swarm: 'Swarms',
  error: 'Errors',
  health: 'Health',
  view: 'Filters',
  connection: 'Connection',
};
/** Lines drawn; the feed holds more. */
const MAX_SHOWN = 120;

export function Timeline(): JSX.Element {
  const { session, store } = useApp();
  void session.second.value;
  // Narrow screens show it alone: then it is the page's main part.
  const Part = store.narrow.value ? 'main' : 'section';
  const hidden = useSignal<readonly EventKind[]>([]);
  const now = Date.now();
  const changes = session.changes.read(now);
  const minutes = chartSeconds(changes.length) / 60;
  const events = session.events.value.filter(({ kind }) => !hidden.value.includes(kind));
  return (
    <Part class="timeline" aria-label="Timeline">
      <div class="activity">
        <h2>Activity, last {minutes === 1 ? 'minute' : `${minutes} minutes`}</h2>
        <Chart
          series={[
            { name: 'changes', values: changes },
            { name: 'messages', values: session.messages.read(now) },
          ]}
        />
      </div>
      <div class="feed">
        <div class="feed-head">
          <h2>Events</h2>
          <div class="chips" role="group" aria-label="Kinds of events shown">
            {EVENT_KINDS.map((kind) => {
              const isShown = !hidden.value.includes(kind);
              return (
                <button
                  key={kind}
                  type="button"
                  class="chip"
                  aria-pressed={isShown}
                  onClick={() => {
                    hidden.value = isShown ? [...hidden.value, kind] : hidden.value.filter((one) => one !== kind);
                  }}
                >
                  {KIND_TEXT[kind]}
                </button>
              );
            })}
          </div>
        </div>
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {events.length === 0 && <li class="quiet">Nothing yet.</li>}
          {events.slice(0, MAX_SHOWN).map((event) => (
            <Line key={event.id} event={event} />
          ))}
        </ol>
      </div>
    </Part>
  );
}

function Line({ event }: { event: FeedEvent }): JSX.Element {
  const { store } = useApp();
  const { agent } = event;
  return (
    <li data-kind={event.kind}>
      <time>{clockTime(event.atMs)}</time>
      <i class={`event-mark event-${event.kind}`} aria-hidden="true" />
      {agent === undefined ? (
        <bdi>{event.text}</bdi>
      ) : (
        <button
          type="button"
          class="link-button"
          onClick={() => {
            store.patch({ selected: agent });
          }}
        >
          <bdi>{event.text}</bdi>
        </button>
      )}
    </li>
  );
}
