/** What operators did, and who was refused: newest first, followed while it is looked at. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import { clockTime, displayText, digits, plural } from '../../format.ts';
import type { AuditLine } from '../../session/audit-log.ts';

export function AuditFeed(): JSX.Element {
  const { operator } = useApp();
  const { audit } = operator;
  const withReads = useSignal(false);
  useEffect(() => operator.watchAudit(), []);
  const shown = audit.lines.value.filter(({ kind }) => withReads.value || kind === 'write');
  return (
    <section class="audit" aria-label="Audit">
      <label class="choice" data-chosen={withReads.value}>
        <input
          type="checkbox"
          checked={withReads.value}
          onChange={() => {
            withReads.value = !withReads.value;
          }}
        />
        Also what only reads
      </label>
      {audit.problem.value !== undefined && (
        <p class="problem" role="status">
          {displayText(audit.problem.value)}
        </p>
      )}
      {audit.unwritten.value > 0 && (
        <p class="problem">
          {plural(audit.unwritten.value, 'record')} could not be written where they belong; the log has them.
        </p>
      )}
      {audit.missed.value && <p class="notice">Some records in between are held no more.</p>}
      {shown.length === 0 ? (
        <p class="quiet">Nothing was done yet.</p>
      ) : (
        <ol class="audit-lines" tabIndex={0} aria-label="Audit, newest first">
          {shown.map((line) => (
            <Line key={`${line.life}:${line.seq}`} line={line} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Line({ line }: { line: AuditLine }): JSX.Element {
  const target = Object.entries(line.target).map(([name, value]) => `${name} ${value}`);
  return (
    <li data-operation={displayText(line.operation)} data-outcome={displayText(line.outcome)}>
      <div class="audit-head">
        <time>{clockTime(line.at_ms)}</time>
        <strong>{displayText(line.operation)}</strong>
        <span class={line.outcome === 'ok' ? 'audit-ok' : 'audit-refused'}>{displayText(line.outcome)}</span>
      </div>
      <p class="quiet">
        <bdi>{displayText(line.subject)}</bdi>
        {line.role === null ? '' : `, ${line.role}`}, by {line.via}, {digits(line.took_ms)} ms
      </p>
      {target.length > 0 && (
        <p class="audit-target">
          <bdi>{displayText(target.join(' · '))}</bdi>
        </p>
      )}
      {line.message !== undefined && <p class="quiet">{displayText(line.message)}</p>}
      {line.left_out !== undefined && <p class="quiet">before it, {plural(line.left_out, 'refusal')} only counted</p>}
    </li>
  );
}
