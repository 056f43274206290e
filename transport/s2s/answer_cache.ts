/** Remembers answers for some time; equal questions at the same time are asked once. @module */

export interface AnswerCacheOptions<Answer> {
  readonly now: () => number;
  /** How long an answer is kept; a question without an answer: `failedMs`. */
  readonly keepMs: (answer: Answer) => number;
  readonly failedMs: number;
}

interface Entry<Answer> {
  readonly answer: Promise<Answer>;
  until: number;
}

const MAX_ENTRIES = 10_000;

export class AnswerCache<Answer> {
  readonly #options: AnswerCacheOptions<Answer>;
  readonly #entries = new Map<string, Entry<Answer>>();

  constructor(options: AnswerCacheOptions<Answer>) {
    this.#options = options;
  }

  get(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#entries.get(question);
    if (known !== undefined && known.until > this.#options.now()) return known.answer;
    const answer = ask();
    const entry: Entry<Answer> = { answer, until: Number.POSITIVE_INFINITY };
    answer.then(
      (found) => this.#keep(entry, this.#options.keepMs(found)),
      () => this.#keep(entry, this.#options.failedMs),
    );
    this.#entries.delete(question);
    this.#entries.set(question, entry);
    if (this.#entries.size > MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
    return answer;
  }

  #keep(entry: Entry<Answer>, ms: number): void {
    entry.until = this.#options.now() + ms;
  }
}
