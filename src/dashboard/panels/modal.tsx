/** A form over the page. What is behind cannot be reached until it is closed. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface ModalProps {
  title: string;
  /** For style and tests. */
  form: string;
  /** Undefined: it cannot be closed. */
  close: (() => void) | undefined;
  children: ComponentChildren;
}

export function Modal({ title, form, close, children }: ModalProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="modal"
      data-form={form}
      aria-labelledby="modal-title"
      onCancel={(event) => {
        if (close === undefined) event.preventDefault();
      }}
      onClose={() => {
        // Some browsers close on the second Escape whatever the page says.
        if (close === undefined) dialog.current?.showModal();
        else close();
      }}
    >
      <h2 id="modal-title">{title}</h2>
      {children}
    </dialog>
  );
}
