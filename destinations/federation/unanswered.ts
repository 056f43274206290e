/** IQ requests that have gone to other servers: each is answered in the end, by this server if need be. RFC 6120 section 8.2.3. @module */
import type { Stanza } from "../../xmpp/stanza.ts";
import { Shares } from "./shares.ts";

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
  /** By who has asked. */
  readonly #shares: Shares;

  constructor(parts: UnansweredParts) {
    this.#parts = parts;
    this.#shares = new Shares(parts.most);
  }

  isFull({ from }: Stanza): boolean {
    return this.#shares.isFull(from!.bare.text);
  }

  add(request: Stanza): void {
    const { schedule, answerMs, late } = this.#parts;
    const key = keyOf(request.from!.text, request.to!.text, request.id);
    this.#remove(key);
    const cancel = schedule(answerMs, () => {
      this.#remove(key);
      late(request);
    });
    const sharer = request.from!.bare.text;
    this.#shares.count(sharer, 1);
    this.#cancels.set(key, () => {
      cancel();
      this.#shares.count(sharer, -1);
    });
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
