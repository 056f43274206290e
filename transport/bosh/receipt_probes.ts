/** Probes of the session (Connection.probe()) that wait for a proof of receipt. @module */
import type { ResponseReceipts } from "./response_receipts.ts";

/** Most held requests that are answered early to get a proof. */
const MAX_NUDGES = 2;

interface WaitingProbe {
  readonly token: number;
  /** The rid whose response must have been received; undefined: that response is not sent yet. */
  rid: number | undefined;
}

export class ReceiptProbes {
  readonly #receipts: ResponseReceipts;
  readonly #prove: (token: number) => void;
  #waiting: WaitingProbe[] = [];
  #nudges = 0;

  constructor(receipts: ResponseReceipts, prove: (token: number) => void) {
    this.#receipts = receipts;
    this.#prove = prove;
  }

  /** `rid`: of the response with the last text to be proved; undefined: it is not sent yet. */
  add(token: number, rid: number | undefined): void {
    this.#waiting.push({ token, rid });
    this.#nudges = 0;
  }

  /** That response carries all that was left to send. */
  onSent(rid: number): void {
    for (const probe of this.#waiting) probe.rid ??= rid;
  }

  /** Reports what is proved by now. */
  tell(): void {
    const { proven } = this.#receipts;
    const done = this.#waiting.filter(({ rid }) => rid !== undefined && rid <= proven);
    if (done.length === 0) return;
    this.#waiting = this.#waiting.filter((probe) => !done.includes(probe));
    this.#nudges = 0;
    for (const { token } of done) this.#prove(token);
  }

  /**
   * Everything a probe covers has been sent. Answering a held request makes the client send the next one, which is the
   * proof.
   */
  wantsRequest(): boolean {
    const waits = this.#waiting.some(({ rid }) => rid !== undefined && rid <= this.#receipts.answered);
    return waits && this.#nudges++ < MAX_NUDGES;
  }

  clear(): void {
    this.#waiting = [];
  }
}
