/** A client's side of XEP-0198: counts what it handles, keeps what the server has not acknowledged. @module */

const MODULUS = 2 ** 32;

export class StreamManagement {
  /** Of `<enabled/>`; undefined: the stream cannot be resumed. */
  id: string | undefined;
  /** Stanzas received, the `h` that this client sends. */
  handled = 0;
  #sent: string[] = [];
  #acknowledged = 0;

  onSent(stanza: string): void {
    this.#sent.push(stanza);
  }

  /** The server's `h`. Throws where it counts more than was sent. */
  onAcknowledged(h: number): void {
    const count = (h - this.#acknowledged + MODULUS) % MODULUS;
    if (count > this.#sent.length) throw new Error(`The server acknowledges ${h}: more than was sent`);
    this.#acknowledged = h;
    this.#sent.splice(0, count);
  }

  /** Stanzas that the server may not have got, in order. */
  get unacknowledged(): readonly string[] {
    return this.#sent;
  }
}
