/**
 * The responses that the client has provably received. Only a later request can prove receipt. The proof is sound as
 * long as the client keeps to `requests` and polls only without an open request.
 * @module
 */

/** A new request, in the order of rids. */
export interface ArrivedRequest {
  readonly rid: number;
  /** Its `ack` attribute. */
  readonly ack: number | undefined;
  /** It carries no payload and only asks for data. */
  readonly isPoll: boolean;
  /** It is of a kind that may exceed `requests`: pause, terminate. */
  readonly isExtra: boolean;
  /** It arrived before a request with a lower rid. */
  readonly cameEarly: boolean;
  /** Requests with lower rids that have no response yet. */
  readonly unanswered: number;
  /** The HTTP connection of one of those is gone: the client may have restarted, as a reloaded page does. */
  readonly anyAbandoned: boolean;
}

export class ResponseReceipts {
  readonly #requests: number;
  readonly #usesAck: boolean;
  #answered = 0;
  #lastPayload = 0;
  #proven = 0;

  /** `requests` as granted; `usesAck`: the client has said that it acknowledges (XEP-0124 section 9.2). */
  constructor(requests: number, usesAck: boolean) {
    this.#requests = requests;
    this.#usesAck = usesAck;
  }

  /** All responses up to that rid have been received. */
  get proven(): number {
    return this.#proven;
  }

  /** The rid of the last response sent; 0: none. */
  get answered(): number {
    return this.#answered;
  }

  /** The rid of the last response that carried payloads; 0: none. */
  get lastPayload(): number {
    return this.#lastPayload;
  }

  onResponse(rid: number, hasPayload: boolean): void {
    this.#answered = rid;
    if (hasPayload) this.#lastPayload = rid;
  }

  onRequest(request: ArrivedRequest): void {
    this.#proven = Math.max(this.#proven, this.#usesAck ? this.#acknowledged(request) : this.#deduced(request));
  }

  /** XEP-0124 section 9.2: without `ack` the client misses no response. */
  #acknowledged({ rid, ack, cameEarly, unanswered }: ArrivedRequest): number {
    if (ack !== undefined) return ack < rid && ack <= this.#answered ? ack : 0;
    return cameEarly || unanswered > 0 ? 0 : this.#answered;
  }

  #deduced({ isPoll, isExtra, cameEarly, unanswered, anyAbandoned }: ArrivedRequest): number {
    if (anyAbandoned) return 0;
    // The client may have `requests` open at a time. This one and the unanswered ones reach that number, so it misses
    // no response.
    if (!isExtra && unanswered >= this.#requests - 1) return this.#answered;
    // XEP-0124 section 10: a client without payload sends a request only when none is open.
    if (isPoll && !cameEarly && unanswered === 0) return this.#answered;
    return 0;
  }
}
