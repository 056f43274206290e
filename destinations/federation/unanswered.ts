/** IQ requests that have gone to other servers: each is answered in the end, by this server if need be. RFC 6120 section 8.2.3. @module */
import type { Stanza } from "../../xmpp/stanza.ts";

export interface UnansweredParts {
  readonly most: number;
  readonly answerMs: number;
  schedule(ms: number, task: () => void): () => void;
  /** No answer has come in time. */
  late(request: Stanza): void;
}

export class Unanswered {
  readonly #parts: UnansweredParts;
  readonly #cancels = new Map<string, () => void>();

  constructor(parts: UnansweredParts) {
    this.#parts = parts;
  }

  get isFull(): boolean {
    return this.#cancels.size >= this.#parts.most;
  }

  add(request: Stanza): void {
    const { schedule, answerMs, late } = this.#parts;
    const key = keyOf(request.from!.text, request.to!.text, request.id);
    this.#cancels.get(key)?.();
    const cancel = schedule(answerMs, () => {
      this.#cancels.delete(key);
      late(request);
    });
    this.#cancels.set(key, cancel);
  }

  /** Returns false where nobody has asked, or an answer was given before. */
  take({ from, to, id }: Stanza): boolean {
    return this.#remove(keyOf(to!.text, from!.text, id));
  }

  /** It was not sent. Returns false where it was answered meanwhile. */
  drop({ from, to, id }: Stanza): boolean {
    return this.#remove(keyOf(from!.text, to!.text, id));
  }

  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  #remove(key: string): boolean {
    this.#cancels.get(key)?.();
    return this.#cancels.delete(key);
  }
}

/** No address holds a line feed. */
function keyOf(asker: string, asked: string, id: string | undefined): string {
  return `${asker}\n${asked}\n${id}`;
}
