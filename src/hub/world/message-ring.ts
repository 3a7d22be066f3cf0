import type { MessageFlow } from '../../model/message.ts';

/** The newest messages, at most `capacity`; the oldest goes first. */
export class MessageRing {
  readonly #capacity: number;
  #messages: MessageFlow[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#messages.length;
  }

  push(message: MessageFlow): void {
    if (this.#capacity === 0) return;
    this.#messages[this.#next] = message;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  clear(): void {
    this.#messages = [];
    this.#next = 0;
  }

  /** Oldest first, as a copy. */
  toArray(): MessageFlow[] {
    const start = this.#messages.length < this.#capacity ? 0 : this.#next;
    return [...this.#messages.slice(start), ...this.#messages.slice(0, start)];
  }
}
