import type { Connection } from "../../actors/connection.ts";
import type { StreamError } from "../../xmpp/errors.ts";

/**
 * A connection that keeps back what its session sends until the client has been told of its success: a session that is
 * bound or resumed while its client logs in has things to send from the first moment on.
 */
export class HeldConnection implements Connection {
  readonly #connection: Connection;
  /** Undefined: nothing is kept back any more. */
  #held: string[] | undefined = [];
  #heldChars = 0;
  #closing: { readonly error: StreamError | undefined } | undefined;
  #onFirst: ((text: string | undefined) => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get transport(): Connection["transport"] {
    return this.#connection.transport;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }

  get address(): string {
    return this.#connection.address;
  }

  get backlog(): number {
    return this.#connection.backlog + this.#heldChars;
  }

  send(text: string): void {
    if (this.#held === undefined) return this.#connection.send(text);
    if (this.#onFirst !== undefined) {
      this.#onFirst(text);
      this.#onFirst = undefined;
      return;
    }
    this.#held.push(text);
    this.#heldChars += text.length;
  }

  /** What the session sends first: it goes to the caller instead. Undefined where the session has ended without a word. */
  takeFirst(): Promise<string | undefined> {
    const first = this.#held?.shift();
    if (first !== undefined) this.#heldChars -= first.length;
    if (first !== undefined || this.#closing !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#onFirst = resolve;
    });
  }

  /** Sends these, then what was kept back; from now on everything goes its way at once. */
  release(texts: readonly string[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldChars = 0;
    for (const text of [...texts, ...held]) this.#connection.send(text);
    if (this.#closing !== undefined) this.#connection.close(this.#closing.error);
  }

  /** What is kept back cannot be probed: the session's own question is then kept back like the rest. */
  probe(token: number): boolean {
    return this.#held === undefined && this.#connection.probe(token);
  }

  close(error?: StreamError): void {
    if (this.#held === undefined) return this.#connection.close(error);
    this.#closing ??= { error };
    this.#onFirst?.(undefined);
    this.#onFirst = undefined;
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }
}
