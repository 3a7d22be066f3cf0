import type { JSX } from 'preact';

interface SegmentsProps<T> {
  /** What is chosen, for screen readers. */
  label: string;
  choices: readonly T[];
  chosen: T | undefined;
  textOf: (choice: T) => string;
  onChoose: (choice: T) => void;
  /** As wide as what it stands in. */
  wide?: boolean;
}

/** One of a few, as a row of buttons. */
export function Segments<T extends string | null>(props: SegmentsProps<T>): JSX.Element {
  const { label, choices, chosen, textOf, onChoose, wide = true } = props;
  return (
    <div class={wide ? 'segments segments-wide' : 'segments'} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice}
          type="button"
          aria-pressed={choice === chosen}
          onClick={() => {
            onChoose(choice);
          }}
        >
          {textOf(choice)}
        </button>
      ))}
    </div>
  );
}
