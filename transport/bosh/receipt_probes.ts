/** Probes of the session (Connection.probe()) that wait for a proof of receipt. @module */
import type { ResponseReceipts } from "./response_receipts.ts";

/** How many held requests are answered early to get a proof. */
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

  /** `rid`: of the response that carried the last of what is to be proved; undefined: it is not sent yet. */
  add(token: number, rid: number | undefined): void {
    this.#waiting.push({ token, rid });
    this.#nudges = 0;
  }

  /** All that there was to send leaves with that response. */
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

  /** All that a probe asks for has been sent: answering a held request brings the next one, which is the proof. */
  wantsRequest(): boolean {
    const waits = this.#waiting.some(({ rid }) => rid !== undefined && rid <= this.#receipts.answered);
    return waits && this.#nudges++ < MAX_NUDGES;
  }

  clear(): void {
    this.#waiting = [];
  }
}
