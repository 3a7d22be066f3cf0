import type { JSX } from 'preact';

interface SegmentsProps<T> {
  /** What is chosen, for screen readers. */
  label: string;
  choices: readonly T[];
  chosen: T | undefined;
  textOf: (choice: T) => string;
  onChoose: (choice: T) => void;
  /** `wide` (as what it stands in) unless told otherwise; `quiet`: as words, for what stands above another such row. */
  look?: 'wide' | 'narrow' | 'quiet';
}

/** One of a few, as a row of buttons. */
export function Segments<T extends string | null>(props: SegmentsProps<T>): JSX.Element {
  const { label, choices, chosen, textOf, onChoose, look = 'wide' } = props;
  return (
    <div class={`segments segments-${look}`} role="group" aria-label={label}>
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
