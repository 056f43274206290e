import type { Connection } from "../../actors/connection.ts";
import type { StreamError } from "../../xmpp/errors.ts";

/**
 * A connection that holds the session's output until `<success/>` has been sent: a session that is bound or resumed
 * during the login may send at once.
 */
export class HeldConnection implements Connection {
  readonly #connection: Connection;
  /** Undefined: output is no longer held. */
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

  /**
   * The first output of the session goes to the caller instead. Undefined when the session has ended without output.
   */
  takeFirst(): Promise<string | undefined> {
    const first = this.#held?.shift();
    if (first !== undefined) this.#heldChars -= first.length;
    if (first !== undefined || this.#closing !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#onFirst = resolve;
    });
  }

  /** Sends these texts, then the held output; later output is sent at once. */
  release(texts: readonly string[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldChars = 0;
    for (const text of [...texts, ...held]) this.#connection.send(text);
    if (this.#closing !== undefined) this.#connection.close(this.#closing.error);
  }

  /** Held output cannot be probed; the session's own ping is held like the rest. */
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
