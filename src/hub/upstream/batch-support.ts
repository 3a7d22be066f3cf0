/** Whether batches are made: only a server that answers one gets more. */
type Trial = 'untried' | 'taken' | 'refused';

/** What is known of a server's `batch`, over all its connections. */
export class BatchMemory {
  /** A first batch was sent and has no answer: a server that is silent, or hangs up, is not asked again. */
  isUnanswered = false;
}

/** Of one connected server. */
export class BatchSupport {
  readonly #memory: BatchMemory;
  #trial: Trial;

  /** `isPossible`: dialect and protocol era have batches, and the configuration does not forbid them. */
  constructor(memory: BatchMemory, isPossible: boolean) {
    this.#memory = memory;
    this.#trial = isPossible ? 'untried' : 'refused';
  }

  get mayTry(): boolean {
    return this.#trial !== 'refused' && !this.#memory.isUnanswered;
  }

  get isProven(): boolean {
    return this.#trial === 'taken';
  }

  /** One is sent now. */
  sent(): void {
    if (this.#trial === 'untried') this.#memory.isUnanswered = true;
  }

  took(): void {
    this.#trial = 'taken';
    this.#memory.isUnanswered = false;
  }

  /** Until the server is connected to anew: by then it may have learnt it. */
  refused(): void {
    this.#trial = 'refused';
    this.#memory.isUnanswered = false;
  }
}
