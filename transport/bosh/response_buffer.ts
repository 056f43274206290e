/** Responses that may be asked for again: XEP-0124 section 14.3. @module */
import { MAX_BACKLOG } from "../backlog_limits.ts";

/** Most repetitions of one response. */
const MAX_REPEATS = 10;

interface BufferedResponse {
  readonly text: string;
  readonly sentAt: number;
  repeats: number;
}

export class ResponseBuffer {
  readonly #size: number;
  readonly #responses = new Map<number, BufferedResponse>();
  #chars = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get chars(): number {
    return this.#chars;
  }

  add(rid: number, text: string, sentAt: number): void {
    this.#responses.set(rid, { text, sentAt, repeats: 0 });
    this.#chars += text.length;
    for (const [oldest, response] of this.#responses) {
      const isTooMuch = this.#responses.size > this.#size || this.#chars > MAX_BACKLOG;
      if (!isTooMuch || oldest === rid) return;
      this.#responses.delete(oldest);
      this.#chars -= response.text.length;
    }
  }

  sentAt(rid: number): number | undefined {
    return this.#responses.get(rid)?.sentAt;
  }

  /** The response again; `exhausted` after too many requests for it. */
  repeat(rid: number): string | "exhausted" | undefined {
    const response = this.#responses.get(rid);
    if (response === undefined) return undefined;
    return ++response.repeats > MAX_REPEATS ? "exhausted" : response.text;
  }
}
