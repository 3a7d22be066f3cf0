/** What clients cost the gateway, by mode. */
import type { JSX } from 'preact';
import { useApp } from '../../app-context.ts';
import { byteCount, digits, percent } from '../../format.ts';
import type { CostReport } from '../../session/operator-api.ts';
import { MODE_TEXT, MODES } from '../mode-text.ts';

export function ClientCosts(): JSX.Element {
  const { operator } = useApp();
  const report = operator.cost.value;
  return (
    <section aria-label="Cost">
      <h2>Cost, over a second</h2>
      {report === undefined ? (
        <p class="quiet">measuring</p>
      ) : (
        <>
          <table class="costs">
            <thead>
              <tr>
                <th scope="col">Mode</th>
                <th scope="col">Clients</th>
                <th scope="col">Frames</th>
                <th scope="col">Sent</th>
              </tr>
            </thead>
            <tbody>
              {sumsOf(report).map(({ mode, clients, frames, bytes }) => (
                <tr key={mode}>
                  <th scope="row">{MODE_TEXT[mode]}</th>
                  <td>{digits(clients)}</td>
                  <td>{digits(frames)} /s</td>
                  <td>{byteCount(bytes)}/s</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="quiet">Serving clients takes {percent(report.turn_share)} of one core.</p>
        </>
      )}
    </section>
  );
}

interface ModeSums {
  mode: (typeof MODES)[number];
  clients: number;
  frames: number;
  bytes: number;
}

function sumsOf({ clients_by_mode, costs }: CostReport): ModeSums[] {
  return MODES.flatMap((mode) => {
    const clients = clients_by_mode[mode] ?? 0;
    const own = costs.filter((line) => line.mode === mode);
    if (clients === 0 && own.length === 0) return [];
    const sum = (value: (line: (typeof costs)[number]) => number) => own.reduce((all, line) => all + value(line), 0);
    return {
      mode,
      clients,
      frames: sum((line) => line.frames_per_second),
      bytes: sum((line) => line.frame_bytes_per_second + line.message_bytes_per_second),
    };
  });
}
